// The `willcall` command, as people run it, against the built worker.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { OPERATOR_TOKEN, Willcall, eventually, projectRoot, randomText, tampered, temporaryDirectory } from './harness.mjs';

const COMMAND = path.join(projectRoot, 'cli', 'willcall.mjs');
const REFUSED = 1;
const WRONG_USAGE = 2;
const UNREACHABLE = 3;

let willcall;
let operator;
let files;

before(async () => {
  willcall = await Willcall.start();
  operator = willcall.operator;
  files = temporaryDirectory();
});

after(async () => {
  files.remove();
  await willcall?.stop();
});

function write(name, text) {
  const file = path.join(files.directory, name);
  writeFileSync(file, text);
  return file;
}

const environment = (changes) => ({ PATH: process.env.PATH, WILLCALL_URL: willcall.origin('localhost'), OPERATOR_TOKEN, ...changes });

/** Ends with `{status, stdout, stderr}`; whatever happened, the operator's token is in neither. */
function runProgram(program, args, { input = '', env = {}, cwd = files.directory } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: environment(env) });
    const outcome = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => (outcome[stream] += text));
    child.stdin.on('error', () => {}); // it may end without reading it
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...outcome }));
  });
}

async function run(args, options) {
  const outcome = await runProgram(process.execPath, [COMMAND, ...args], options);
  assert.ok(!(outcome.stdout + outcome.stderr).includes(OPERATOR_TOKEN), 'the operator’s token is not shown');
  assert.doesNotMatch(outcome.stderr, /\n {4}at /, 'no stack');
  return outcome;
}

async function succeed(args, options) {
  const outcome = await run(args, options);
  assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
  return outcome.stdout;
}

async function fail(status, args, options) {
  const outcome = await run(args, options);
  assert.equal(outcome.status, status, outcome.stdout + outcome.stderr);
  assert.ok(outcome.stderr.startsWith('willcall: '), outcome.stderr);
  return outcome.stderr;
}

const json = async (args, options) => JSON.parse(await succeed([...args, '--json'], options));

const exists = async (target) => (await operator.call('GET', target)).status === 200;

// Runs a command in a terminal, types an answer after each question, and prints all that the terminal showed.
const IN_A_TERMINAL = `
import json, os, pty, sys
command, dialogue = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
shown = b''
at = 0
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    while dialogue and dialogue[0][0].encode() in shown[at:]:
        at = len(shown)
        os.write(terminal, dialogue.pop(0)[1].encode() + b'\\r')
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

function runInTerminal(args, dialogue) {
  return runProgram('python3', ['-c', IN_A_TERMINAL, JSON.stringify([[process.execPath, COMMAND, ...args], dialogue])]);
}

// -- Where, and as whom -------------------------------------------------------------------------

test('the deployment: https, or http on loopback only, and an origin only', async () => {
  for (const url of ['http://reg.example.org', 'http://localhost.example.org', 'http://192.0.2.1', 'ftp://localhost', 'reg.example.org', 'https://user:pass@reg.example.org', 'https://reg.example.org/console']) {
    await fail(WRONG_USAGE, ['events', 'list', '--url', url]);
  }
  assert.match(await fail(WRONG_USAGE, ['events', 'list'], { env: { WILLCALL_URL: '' } }), /--url/);
});

test('the token comes from a file or the environment, a local one from .dev.vars, and none from the command line', async () => {
  const file = write('operator-token', `${OPERATOR_TOKEN}\n`);
  await succeed(['events', 'list', '--token-file', file], { env: { OPERATOR_TOKEN: 'x'.repeat(40) } });
  const unset = { OPERATOR_TOKEN: '' };
  assert.match(await fail(WRONG_USAGE, ['events', 'list'], { env: unset }), /OPERATOR_TOKEN.*--token-file/);
  write('.dev.vars', `WILLCALL_SECRET=x\nOPERATOR_TOKEN="${OPERATOR_TOKEN}"\n`);
  await succeed(['events', 'list'], { env: unset });
  await fail(WRONG_USAGE, ['events', 'list', '--url', 'https://reg.example.org'], { env: unset });
  for (const args of [['--token', OPERATOR_TOKEN], [`--token=${OPERATOR_TOKEN}`]]) await fail(WRONG_USAGE, ['events', 'list', ...args], { env: unset });
});

test('exit status: 0 done, 1 refused by the server, 2 wrong usage, 3 cannot reach', async () => {
  await succeed(['events', 'list']);
  await succeed(['--help']);
  await succeed(['events', 'put', '--help']);
  assert.match(await fail(REFUSED, ['events', 'list'], { env: { OPERATOR_TOKEN: 'x'.repeat(40) } }), /401/);
  assert.match(await fail(REFUSED, ['events', 'show', 'nobody.localhost']), /404/);
  for (const args of [['events'.repeat(2)], ['events', 'steal'], ['events', 'show'], ['events', 'list', '--nonsense'], ['events', 'put', 'x.localhost', '--retry-window', 'soon'], ['accounts', 'show', 'localhost', '..'], ['usage', 'localhost', '--most', '0']]) {
    await fail(WRONG_USAGE, args);
  }
  const nobody = http.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => nobody.once('listening', listening));
  const { port } = nobody.address();
  await new Promise((closed) => nobody.close(closed));
  assert.match(await fail(UNREACHABLE, ['events', 'list', '--url', `http://127.0.0.1:${port}`]), /cannot be reached/);
  await fail(UNREACHABLE, ['doctor', `http://127.0.0.1:${port}`]);
});

test('a server where the API is off, or that is none of ours, is told from a thing that is missing', async () => {
  const off = await Willcall.start({ bindings: { OPERATOR_TOKEN: null } });
  try {
    assert.match(await fail(REFUSED, ['events', 'show', 'localhost', '--url', off.origin('localhost')]), /wrangler secret put OPERATOR_TOKEN/);
  } finally {
    await off.stop();
  }
  await withServer((request, response) => response.end('<h1>Hello</h1>'), async (origin) => {
    assert.match(await fail(REFUSED, ['events', 'list', '--url', origin]), /not as Willcall/);
  });
});

test('a redirect is not followed: the token goes nowhere else', async () => {
  const asked = [];
  const listener = (request, response) => {
    asked.push(request.url);
    response.writeHead(308, { Location: '/elsewhere' }).end();
  };
  await withServer(listener, async (origin) => {
    assert.match(await fail(REFUSED, ['events', 'list', '--url', origin]), /redirects/);
  });
  assert.equal(asked.length, 1);
});

// -- Events, applications, integrations ---------------------------------------------------------

test('an event is created, changed, shown, listed and deleted', async () => {
  const host = 'events.localhost';
  const created = await json(['events', 'put', host, '--name', 'First', '--pat-max-days', 'none', '--accent', '#0a7cff']);
  assert.deepEqual([created.host, created.name, created.pat_max_days, created.accent], [host, 'First', null, '#0a7cff']);
  const changed = await json(['events', 'put', host, '--retry-window', '5', '--refresh-idle-days', '30', '--accent', 'none', '--yes']);
  assert.deepEqual([changed.name, changed.retry_window, changed.refresh_idle_days, changed.accent], ['First', 5, 30, null]);
  assert.match(await succeed(['events', 'show', host]), /name +First[^]*pii:basic/);
  assert.match(await succeed(['events', 'list']), /HOST +NAME[^]*events\.localhost +First/);
  assert.match(await fail(WRONG_USAGE, ['events', 'delete', host]), /--yes/);
  assert.ok(await exists(`/events/${host}`));
  await succeed(['events', 'delete', host, '--yes']);
  assert.ok(!await exists(`/events/${host}`));
});

test('before what cannot be undone the name has to be typed', async () => {
  const host = 'typed.localhost';
  await succeed(['events', 'put', host, '--name', 'Typed']);
  const other = await runInTerminal(['events', 'delete', host], [['Type typed.localhost', 'localhost']]);
  assert.equal(other.status, WRONG_USAGE, other.stdout);
  assert.ok(await exists(`/events/${host}`));
  const same = await runInTerminal(['events', 'delete', host], [['Type typed.localhost', host]]);
  assert.equal(same.status, 0, same.stdout);
  assert.ok(!await exists(`/events/${host}`));
});

test('before grants end because fewer days without use are allowed, the host’s name has to be typed', async () => {
  const host = 'idle.localhost';
  const days = async () => (await operator.must('GET', `/events/${host}`)).refresh_idle_days;
  const put = (value) => ['events', 'put', host, '--refresh-idle-days', value];
  await succeed(['events', 'put', host, '--name', 'Idle', '--refresh-idle-days', '300']);
  for (const more of ['400', 'never']) await succeed(put(more));
  assert.match(await fail(WRONG_USAGE, put('1')), /not been used for 1 day end\.[^]*--yes/);
  assert.equal(await days(), null);
  const other = await runInTerminal(put('30'), [['30 days end', 'idle']]);
  assert.deepEqual([other.status, await days()], [WRONG_USAGE, null], other.stdout);
  const same = await runInTerminal(put('30'), [['30 days end', host]]);
  assert.deepEqual([same.status, await days()], [0, 30], same.stdout);
  await succeed([...put('2'), '--yes']);
  const file = write('idle.yaml', `event: {host: ${host}, refresh_idle_days: 1}\n`);
  const applied = await runInTerminal(['apply', file], [['1 day end', host]]);
  assert.deepEqual([applied.status, await days()], [0, 1], applied.stdout);
});

test('a client secret is printed once, with a note, and never again', async () => {
  const shown = await succeed(['applications', 'create', '--name', 'Badge Buddy', '--redirect-uri', 'https://a.example/1', '--redirect-uri', 'https://a.example/2', '--require-pkce']);
  const [secret] = shown.match(/wc_cs_\S+/g);
  assert.equal(shown.split(secret).length, 2, 'once');
  assert.match(shown, /shown only now/);
  const [, id] = /client_id +(\d+)/.exec(shown);
  const { redirect_uris, require_pkce, secrets: [first] } = await operator.must('GET', `/applications/${id}`);
  assert.deepEqual([redirect_uris, require_pkce], [['https://a.example/1', 'https://a.example/2'], true]);

  const second = await json(['applications', 'add-secret', id]);
  assert.match(second.client_secret, /^wc_cs_/);
  for (const args of [['show', id], ['list'], ['update', id, '--name', 'Badge Pal', '--no-require-pkce', '--redirect-uri', '', '--status', 'suspended']]) {
    for (const format of [[], ['--json']]) assert.doesNotMatch(await succeed(['applications', ...args, ...format]), /wc_cs_/);
  }
  const changed = await operator.must('GET', `/applications/${id}`);
  assert.deepEqual([changed.name, changed.require_pkce, changed.redirect_uris, changed.status], ['Badge Pal', false, [], 'suspended']);

  await succeed(['applications', 'delete-secret', id, first.id, '--yes']);
  assert.deepEqual((await operator.must('GET', `/applications/${id}`)).secrets.map((each) => each.id), [second.secret_id]);
  await succeed(['applications', 'delete', id, '--yes']);
  assert.ok(!await exists(`/applications/${id}`));
});

test('an integration is approved, paused, resumed and taken back', async () => {
  const { path: event } = await willcall.event('approvals.localhost').create();
  const { client_id } = await operator.registerApplication({ name: 'Rota Robot' });
  const place = ['approvals.localhost', client_id];
  assert.match(await fail(REFUSED, ['integrations', 'suspend', ...place]), /404/);
  assert.ok(!await exists(`${event}/integrations/${client_id}`), 'pausing what is not there does not approve it');
  await succeed(['integrations', 'put', ...place, '--obo-scopes', 'badge:print pii:basic', '--service-scopes', 'stats:read', '--service-refresh-tokens']);
  const { obo_scopes, service_scopes, service_refresh_tokens, status } = await json(['integrations', 'show', ...place]);
  assert.deepEqual([obo_scopes, service_scopes, service_refresh_tokens, status], [['badge:print', 'pii:basic'], ['stats:read'], true, 'active']);
  assert.equal((await json(['integrations', 'suspend', ...place])).status, 'suspended');
  assert.equal((await json(['integrations', 'resume', ...place])).status, 'active');
  assert.deepEqual((await json(['integrations', 'put', ...place, '--service-scopes', '', '--no-service-refresh-tokens', '--yes'])).service_scopes, []);
  assert.match(await fail(REFUSED, ['integrations', 'put', ...place, '--obo-scopes', 'badge:print pii:basic no:such']), /no:such/);
  assert.match(await succeed(['integrations', 'list', place[0]]), new RegExp(`CLIENT_ID +APPLICATION [^]*${client_id} +Rota Robot +active +badge:print pii:basic`));
  await operator.must('PATCH', `/applications/${client_id}`, { status: 'suspended' });
  assert.match(await succeed(['integrations', 'list', place[0]]), /Rota Robot +suspended at every event +badge:print/);
  await succeed(['integrations', 'delete', ...place, '--yes']);
  assert.ok(!await exists(`${event}/integrations/${client_id}`));
});

test('before a scope is taken from an approval: which, what that means, and the application’s name has to be typed', async () => {
  const { path: event, host } = await willcall.event('narrower.localhost').create();
  const { client_id } = await operator.registerApplication({ name: 'Rota Robot' });
  const put = ['integrations', 'put', host, client_id];
  const approved = async () => {
    const { obo_scopes, service_scopes, service_refresh_tokens } = await operator.must('GET', `${event}/integrations/${client_id}`);
    return [obo_scopes, service_scopes, service_refresh_tokens];
  };
  await succeed([...put, '--obo-scopes', 'badge:print pii:basic', '--service-scopes', 'stats:read', '--service-refresh-tokens']);
  for (const more of [['--obo-scopes', 'pii:email pii:basic badge:print'], ['--service-scopes', 'stats:read user:read'], ['--status', 'suspended'], ['--status', 'active']]) {
    assert.equal((await run([...put, ...more])).stderr, '', 'nothing is lost, nothing is asked');
  }
  const before = [['badge:print', 'pii:basic', 'pii:email'], ['stats:read', 'user:read'], true];
  assert.deepEqual(await approved(), before);

  for (const [less, lost, follows] of [
    [['--obo-scopes', 'pii:basic', '--service-scopes', 'user:read'], /Rota Robot.*\n  obo_scopes: badge:print pii:email\n  service_scopes: stats:read\n/, /lose it at their next refresh, for good/],
    [['--no-service-refresh-tokens'], /Rota Robot.*\n  service_refresh_tokens\nThe refresh tokens/, /end, for good/],
  ]) {
    const { status, stderr } = await run([...put, ...less]);
    assert.equal(status, WRONG_USAGE, stderr);
    for (const said of [lost, follows, new RegExp(`integrations suspend ${host} ${client_id}`), /--yes/]) assert.match(stderr, said);
  }
  const other = await runInTerminal([...put, '--obo-scopes', ''], [['Type Rota Robot', 'y']]);
  assert.equal(other.status, WRONG_USAGE, other.stdout);
  assert.deepEqual(await approved(), before);

  const same = await runInTerminal([...put, '--obo-scopes', 'pii:basic'], [['Type Rota Robot', 'Rota Robot']]);
  assert.equal(same.status, 0, same.stdout);
  const unasked = await run([...put, '--service-scopes', '', '--no-service-refresh-tokens', '--yes']);
  assert.deepEqual([unasked.status, await approved()], [0, [['pii:basic'], [], false]], unasked.stderr);
  assert.match(unasked.stderr, /service_scopes: stats:read user:read\n/, 'said all the same');
});

// -- Accounts and what there is to look up ------------------------------------------------------

test('an account is created, found by its address, changed, disabled, enabled and erased', async () => {
  const event = await willcall.event('people.localhost').create();
  const password = `correct horse ${randomText()}`;
  const created = await json(['accounts', 'create', event.host, '--email', 'Robin@people.example', '--name', 'Robin', '--roles', 'crew staff', '--password'], { input: `${password}\n` });
  assert.deepEqual([created.email, created.roles, created.status], ['Robin@people.example', ['crew', 'staff'], 'active']);
  await event.browser().signIn({ email: created.email, password });
  assert.equal((await json(['accounts', 'find', event.host, 'robin@PEOPLE.example'])).id, created.id);
  await fail(REFUSED, ['accounts', 'find', event.host, 'nobody@people.example']);
  await fail(REFUSED, ['accounts', 'find', event.host, '']);

  const next = `battery staple ${randomText()}`;
  const changed = await run(['accounts', 'update', event.host, 'robin@people.example', '--name', 'Robyn', '--password'], { input: next });
  assert.equal(changed.status, 0, changed.stderr);
  assert.ok(!(changed.stdout + changed.stderr).includes(next), 'the password is not shown');
  await event.browser().signIn({ email: created.email, password: next });
  assert.match(await fail(REFUSED, ['accounts', 'update', event.host, created.id, '--password'], { input: 'short\n' }), /10 to 200/);
  await fail(WRONG_USAGE, ['accounts', 'update', event.host, created.id, '--password'], { input: '' });

  await fail(WRONG_USAGE, ['accounts', 'disable', event.host, created.id]);
  assert.equal((await json(['accounts', 'disable', event.host, created.id, '--yes'])).status, 'disabled');
  assert.equal((await json(['accounts', 'enable', event.host, created.id])).status, 'active');
  await succeed(['accounts', 'delete', event.host, 'robin@people.example', '--yes']);
  assert.ok(!await exists(`${event.path}/accounts/${created.id}`));
});

test('before a role or permission is taken from somebody their address has to be typed; a role that does not exist is remarked on', async () => {
  const event = await willcall.event('roles.localhost').create();
  await operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: [] }]);
  const email = 'robin@people.example';
  const created = await run(['accounts', 'create', event.host, '--email', email, '--name', 'Robin', '--roles', 'crew staf', '--permissions', 'badges']);
  assert.equal(created.status, 0, created.stderr);
  assert.match(created.stderr, /^roles\.localhost has no role "staf"\.[^\n]*\n$/);
  const update = (...options) => ['accounts', 'update', event.host, email, ...options];
  const held = async () => { const { roles, permissions } = await json(['accounts', 'find', event.host, email]); return [roles, permissions]; };
  assert.match(await fail(WRONG_USAGE, update('--roles', '', '--permissions', '')), /takes crew, staf, badges from robin@people\.example\.[^]*--yes/);
  assert.deepEqual(await held(), [['crew', 'staf'], ['badges']]);
  const taken = await runInTerminal(update('--roles', 'crew'), [['takes staf from', email]]);
  assert.deepEqual([taken.status, await held()], [0, [['crew'], ['badges']]], taken.stdout);
  const password = `correct horse ${randomText()}`;
  const both = await runInTerminal(update('--roles', '', '--password'), [['takes crew from', email], ['Password: ', password], ['Again: ', password]]);
  assert.equal(both.status, 0, both.stdout);
  await event.browser().signIn({ email, password });
  await succeed(update('--permissions', 'badges desk'));
  assert.deepEqual(await held(), [[], ['badges', 'desk']]);
});

test('a password that is typed is not shown, and has to be typed twice', async () => {
  const event = await willcall.event('typing.localhost').create();
  const password = `correct horse ${randomText()}`;
  const create = ['accounts', 'create', event.host, '--email', 'typed@people.example', '--name', 'Typed', '--password'];
  const mistyped = await runInTerminal(create, [['Password: ', password], ['Again: ', `${password}x`]]);
  assert.equal(mistyped.status, WRONG_USAGE, mistyped.stdout);
  // A character too many, taken back.
  const typed = await runInTerminal(create, [['Password: ', `${password}x\x7f`], ['Again: ', password]]);
  assert.equal(typed.status, 0, typed.stdout);
  for (const { stdout } of [mistyped, typed]) assert.ok(!stdout.includes(password.slice(0, 8)), stdout);
  await event.browser().signIn({ email: 'typed@people.example', password });
});

test('lists follow their pages to the end, or as far as asked', async () => {
  const host = 'many.localhost';
  await succeed(['events', 'put', host, '--name', 'Many']);
  for (let count = 0; count < 203; count += 1) {
    await operator.must('POST', `/events/${host}/accounts`, { email: `p${count}@people.example`, name: `Person ${count}` });
  }
  const all = await json(['accounts', 'list', host]);
  assert.equal(new Set(all.map((account) => account.email)).size, 203);
  assert.equal((await json(['accounts', 'list', host, '--most', '7'])).length, 7);
  assert.equal((await succeed(['accounts', 'list', host])).trim().split('\n').length, 204);
});

test('names of strangers cannot reach the terminal', async () => {
  const host = 'names.localhost';
  await succeed(['events', 'put', host, '--name', 'Names']);
  await operator.must('POST', `/events/${host}/accounts`, { email: 'x@people.example', name: 'A\u202egpj' });
  assert.doesNotMatch(await succeed(['accounts', 'list', host]), /[\u202e\u001b]/);
});

test('grants are listed and ended; the log and usage are shown', async () => {
  const event = await willcall.event('grants.localhost').create();
  const client = await event.application();
  const robin = await event.person();
  const grant = await client.obtainGrant(robin, { scope: 'badge:print' });
  const [line] = await json(['grants', 'list', event.host, robin.email]);
  assert.deepEqual([line.client_id, line.scope, line.application], [client.client_id, 'badge:print', undefined]);
  const { name } = await operator.must('GET', `/applications/${client.client_id}`);
  assert.match(await succeed(['grants', 'list', event.host, robin.email]), new RegExp(`CLIENT_ID +APPLICATION [^]*${client.client_id} +${name} +badge:print`));
  await fail(WRONG_USAGE, ['grants', 'end', event.host, robin.id, line.id]);
  await succeed(['grants', 'end', event.host, robin.id, line.id, '--yes']);
  assert.equal((await client.refresh(grant.refresh_token)).json.error, 'invalid_grant');
  assert.match(await succeed(['audit', event.host]), /AT +TYPE +ACTOR +DETAIL[^]*integration\.created +operator +client_id=/);
  assert.equal((await json(['audit', event.host, '--most', '2'])).length, 2);
  assert.deepEqual(await json(['usage', event.host, '--from', '2020-01-01', '--to', '2020-01-02', '--client-id', client.client_id]), []);
  assert.equal((await run(['usage', event.host, '--to', '2020-01-02'])).stderr, 'No usage recorded.\n');
  await fail(REFUSED, ['usage', event.host, '--from', 'yesterday']);
  const used = await eventually(async () => {
    const days = await succeed(['usage', event.host]);
    return days ? days : undefined;
  }, 'usage');
  assert.match(used, new RegExp(`CLIENT_ID +APPLICATION [^]*${client.client_id} +${name} `));
});

// -- apply --------------------------------------------------------------------------------------

const described = (host, more = '') => `
event:
  host: ${host}
  name: Described
  retry_window: 20
  pat_max_days: null
scopes:
  - {name: "badge:print", title: Print badges, sensitive: true, modes: [obo, service], permission: badges}
  - {name: "shift:read", title: See shifts, modes: [obo]}
  - {name: "pii:basic", title: What we call you}
roles:
  - {name: staff, title: Staff, permissions: [doors, badges]}
applications:
  - name: Buddy of ${host}
    type: confidential
    description: Prints badges
    website: ""
    redirect_uris: [https://b.example/two, https://b.example/one]
  - {name: Pocket of ${host}, type: public, redirect_uris: ["http://127.0.0.1/cb"], status: suspended}
integrations:
  - application: Buddy of ${host}
    obo_scopes: [shift:read, badge:print, pii:basic]
    service_scopes: [user:read, badge:print]
  - {application: Pocket of ${host}, obo_scopes: [pii:basic]}
${more}`;

/** Everything that a description can change, as the API shows it. */
async function wholeState(host) {
  const parts = ['', '/scopes', '/roles', '/integrations', '/accounts'].map((part) => operator.must('GET', `/events/${host}${part}`));
  return JSON.stringify(await Promise.all([...parts, operator.must('GET', '/applications?limit=200')]));
}

test('apply: a plan, then the event as described, and a second time nothing to change', async () => {
  const host = 'described.localhost';
  const file = write('described.yaml', described(host));
  const plan = await succeed(['apply', file, '--dry-run']);
  for (const line of [`+ event ${host}`, '+ scope badge:print', '~ scope pii:basic', '+ role staff', `+ application Buddy of ${host}`, `+ integration of Pocket of ${host}`]) {
    assert.ok(plan.split('\n').includes(line), `${line} in\n${plan}`);
  }
  assert.ok(!await exists(`/events/${host}`), 'a dry run changes nothing');
  assert.match(await fail(WRONG_USAGE, ['apply', file]), /--yes/);
  assert.ok(!await exists(`/events/${host}`), 'nor does a plan that nobody agreed to');

  const first = await succeed(['apply', file, '--yes']);
  assert.equal(first.match(/wc_cs_\S+/g).length, 1);
  assert.match(first, /shown only now/);
  const event = await operator.must('GET', `/events/${host}`);
  assert.deepEqual([event.name, event.retry_window, event.pat_max_days], ['Described', 20, null]);
  const integrations = (await operator.must('GET', `/events/${host}/integrations`)).items;
  assert.deepEqual(integrations.map((each) => each.obo_scopes), [['badge:print', 'pii:basic', 'shift:read'], ['pii:basic']]);
  assert.equal((await operator.must('GET', `/applications/${integrations[1].client_id}`)).status, 'suspended');

  const state = await wholeState(host);
  for (const args of [[], ['--yes'], ['--prune'], ['--yes', '--prune']]) assert.equal(await succeed(['apply', file, ...args]), 'Nothing to change.\n');
  assert.equal(await wholeState(host), state);
});

test('apply: the example of docs/cli.md, as printed', async () => {
  const [, example] = /```yaml\n([^]*?)```/.exec(readFileSync(path.join(projectRoot, 'docs', 'cli.md'), 'utf8'));
  const file = write('example.yaml', example);
  assert.match(await succeed(['apply', file, '--yes']), /\nApplied to reg\.mybigevent\.org\.\n$/);
  assert.equal(await succeed(['apply', file]), 'Nothing to change.\n');
});

test('apply: the same in JSON, and with --json what was done', async () => {
  const description = { event: { host: 'json.localhost', name: 'JSON' }, applications: [{ name: 'Of the JSON', type: 'confidential', redirect_uris: [] }] };
  const file = write('described.json', JSON.stringify(description));
  const first = await json(['apply', file, '--yes']);
  assert.deepEqual(first.changes.map(({ sign, what }) => `${sign} ${what}`), ['+ event json.localhost', '+ application Of the JSON']);
  assert.equal(first.applied, true);
  const [{ client_id, client_secret }] = first.applications;
  assert.match(client_secret, /^wc_cs_/);
  description.applications[0].client_id = client_id;
  description.applications[0].name = 'Of the JSON, renamed';
  write('described.json', JSON.stringify(description));
  assert.match(await succeed(['apply', file, '--yes']), new RegExp(`~ application Of the JSON \\(${client_id}\\)\n {4}name: "Of the JSON" → "Of the JSON, renamed"`));
  assert.deepEqual(await json(['apply', file]), { changes: [], applied: false, applications: [] });
});

test('apply: changes what it names, and deletes only with --prune, and accounts never', async () => {
  const host = 'pruned.localhost';
  await succeed(['apply', write('before.yaml', described(host)), '--yes']);
  await operator.must('POST', `/events/${host}/accounts`, { email: 'keep@people.example', name: 'Keep', roles: ['staff'] });
  const file = write('after.yaml', `
event: {host: ${host.toUpperCase()}, name: Described anew}
scopes:
  - {name: "badge:print", permission: null}
roles: []
integrations:
  - {client_id: ${(await json(['integrations', 'list', host]))[0].client_id}, obo_scopes: [badge:print], status: suspended}
`);
  const plan = await succeed(['apply', file, '--yes']);
  assert.match(plan, /name: "Described" → "Described anew"/);
  assert.match(plan, /permission: "badges" → none/);
  assert.match(plan, /obo_scopes: -pii:basic -shift:read\n {4}status: "active" → "suspended"/);
  assert.doesNotMatch(plan, /^- /m);
  const kept = await run(['apply', file]);
  assert.deepEqual([kept.status, kept.stdout], [0, 'Nothing to change.\n']);
  assert.match(kept.stderr, /kept.*scope shift:read, role staff, integration of Pocket/);
  const scope = (await operator.must('GET', `/events/${host}/scopes`)).items.find(({ name }) => name === 'badge:print');
  assert.deepEqual(scope, { name: 'badge:print', title: 'Print badges', description: '', sensitive: true, modes: ['obo', 'service'] });

  const pruned = await succeed(['apply', file, '--prune', '--yes']);
  assert.deepEqual(pruned.split('\n').filter((line) => /^[+~-] /.test(line)).map((line) => line.replace(/\(\d+\)/, '(…)')), ['- scope shift:read', '- role staff', `- integration of Pocket of ${host} (…)`]);
  assert.equal(await succeed(['apply', file, '--prune']), 'Nothing to change.\n');
  assert.equal((await operator.must('GET', `/events/${host}/accounts`)).items.length, 1);
  const names = (await operator.must('GET', `/events/${host}/scopes`)).items.map(({ name }) => name);
  assert.deepEqual(names, ['badge:print', 'pii:basic', 'pii:email', 'token:introspect', 'user:read', 'user:roles']);
});

test('apply: a scope changes its mode, and the approvals with it, in one go', async () => {
  const host = 'modes.localhost';
  const { client_id } = await operator.registerApplication();
  const file = (mode, field) => write('modes.json', JSON.stringify({
    event: { host, name: 'Modes' },
    scopes: [{ name: 'a', title: 'A', modes: [mode] }],
    integrations: [{ client_id, obo_scopes: [], service_scopes: [], [field]: ['a'] }],
  }));
  await succeed(['apply', file('obo', 'obo_scopes'), '--yes']);
  assert.match(await succeed(['apply', file('service', 'service_scopes'), '--yes']), /modes: \+service -obo/);
  assert.equal(await succeed(['apply', file('service', 'service_scopes')]), 'Nothing to change.\n');
});

test('apply asks: y for a change, the host’s name for a deletion', async () => {
  const host = 'asked.localhost';
  const file = write('asked.yaml', `event: {host: ${host}, name: Asked}\nroles: [{name: crew}]\n`);
  const no = await runInTerminal(['apply', file], [['[y/N]', 'n']]);
  assert.deepEqual([no.status, await exists(`/events/${host}`)], [WRONG_USAGE, false], no.stdout);
  const yes = await runInTerminal(['apply', file], [['[y/N]', 'y']]);
  assert.equal(yes.status, 0, yes.stdout);
  const fewer = write('asked.yaml', `event: {host: ${host}}\nroles: []\n`);
  const unsure = await runInTerminal(['apply', fewer, '--prune'], [[`Type ${host}`, 'y']]);
  assert.equal(unsure.status, WRONG_USAGE, unsure.stdout);
  const sure = await runInTerminal(['apply', fewer, '--prune'], [[`Type ${host}`, host]]);
  assert.equal(sure.status, 0, sure.stdout);
  assert.deepEqual((await operator.must('GET', `/events/${host}/roles`)).items, []);
});

test('apply: before a scope is taken from an approval: which, what that means, and the host’s name has to be typed', async () => {
  const host = 'narrowed.localhost';
  const { client_id } = await operator.registerApplication({ name: 'Rota Robot' });
  const file = (scopes) => write('narrowed.yaml', `event: {host: ${host}, name: Narrowed}\nintegrations: [{client_id: ${client_id}, obo_scopes: [${scopes}]}]\n`);
  const approved = async () => (await operator.must('GET', `/events/${host}/integrations/${client_id}`)).obo_scopes;
  for (const scopes of ['pii:basic', 'pii:basic, pii:email']) {
    assert.doesNotMatch((await run(['apply', file(scopes), '--yes'])).stderr, /takes away/);
  }
  const fewer = file('pii:basic');
  for (const [more, status] of [[['--dry-run'], 0], [[], WRONG_USAGE]]) {
    const said = await run(['apply', fewer, ...more]);
    assert.equal(said.status, status, said.stderr);
    assert.match(said.stderr, new RegExp(`takes away.*\\n  integration of Rota Robot \\(${client_id}\\): obo_scopes: pii:email\\n.*for good[^]*integrations suspend ${host} ${client_id}`));
  }
  const unsure = await runInTerminal(['apply', fewer], [[`Type ${host}`, 'y']]);
  assert.equal(unsure.status, WRONG_USAGE, unsure.stdout);
  assert.deepEqual(await approved(), ['pii:basic', 'pii:email']);
  const sure = await runInTerminal(['apply', fewer], [[`Type ${host}`, host]]);
  assert.equal(sure.status, 0, sure.stdout);
  assert.deepEqual(await approved(), ['pii:basic']);
});

test('apply: what is unknown, twice or of the wrong kind is refused with its path, before anything is asked', async () => {
  const file = write('bad.yaml', `
event: {host: bad.localhost, name: Bad, nmae: Bad, retry_window: soon}
accounts: []
scopes: [{name: a, modes: [obo, both]}, {name: a}, {title: b}]
applications: [{name: A, client_id: x, secrets: []}]
integrations: [{application: B}, {}, {client_id: 7, application: A}, 3]
`);
  const stderr = await fail(WRONG_USAGE, ['apply', file, '--yes'], { env: { WILLCALL_URL: 'http://127.0.0.1:9' } });
  for (const at of ['event.nmae is unknown', 'event.retry_window must', 'accounts is unknown', 'scopes[0].modes[1] must', 'scopes[1] is repeated', 'scopes[2].name is missing', 'applications[0].client_id must', 'applications[0].secrets is unknown', 'integrations[3] must']) {
    assert.ok(stderr.includes(`\n  ${at}`), `${at} in\n${stderr}`);
  }
  for (const text of ['event: {host: a}\nevent: {host: b}\n', 'event: [', '- 1', '', 'scopes: []', 'event: !!set {a}', '{"event":{"host":"a","host":"b"}}']) {
    await fail(WRONG_USAGE, ['apply', write('bad.yaml', text), '--yes']);
  }
  await fail(WRONG_USAGE, ['apply', path.join(files.directory, 'none.yaml')]);
});

test('apply: what cannot be done is told before anything is done', async () => {
  const host = 'impossible.localhost';
  const refused = async (text, reason, ...more) => {
    assert.match(await fail(WRONG_USAGE, ['apply', write('impossible.yaml', text), '--yes', ...more]), reason);
  };
  const event = `event: {host: ${host}, name: Impossible}\n`;
  await refused(`event: {host: ${host}}`, /event\.name is missing/);
  await refused(`${event}scopes: [{name: a}]`, /scopes\[0\]\.title is missing/);
  await refused(`${event}applications: [{name: none of these}]`, /applications\[0\]\.type is missing/);
  await refused(`${event}applications: [{name: A, client_id: 999999}]`, /no application 999999/);
  await refused(`${event}integrations: [{client_id: 999999}]`, /no application 999999/);
  const { client_id } = await operator.registerApplication({ name: 'Not of a kind' });
  await refused(`${event}applications: [{name: Not of a kind, type: public}]`, /is confidential, and its type cannot be changed/);
  await refused(`${event}integrations: [{client_id: ${client_id}, obo_scopes: [user:read]}]`, /user:read, which would not have the mode obo/);
  await refused(`${event}integrations: [{client_id: ${client_id}, obo_scopes: [no:such]}]`, /no:such, which would not be one of/);
  assert.ok(!await exists(`/events/${host}`));

  await succeed(['apply', write('possible.yaml', `${event}scopes: [{name: a, title: A, modes: [obo]}]\nintegrations: [{client_id: ${client_id}, obo_scopes: [a]}]`), '--yes']);
  await refused(`${event}scopes: []`, /obo_scopes would have a, which would not be one of/, '--prune');
  await refused(`${event}scopes: [{name: a, modes: [service]}]`, /obo_scopes would have a, which would not have the mode obo/);
  await refused(`${event}scopes: [{name: "pii:basic", modes: [service]}]`, /built-in pii:basic cannot be changed/);
  await operator.registerApplication({ name: 'Not of a kind' });
  await refused(`${event}applications: [{name: Not of a kind}]`, /several applications with this name/);
});

test('apply: the last day of use is nothing to set, and no change', async () => {
  const event = await willcall.event('used.localhost').create();
  const client = await event.application();
  const file = write('used.yaml', `event: {host: ${event.host}}\nintegrations: [{client_id: ${client.client_id}, obo_scopes: [badge:print]}]\n`);
  await succeed(['apply', file, '--yes']);
  await client.obtainGrant(await event.person(), { scope: 'badge:print' });
  const { last_used_on } = await eventually(async () => {
    const [line] = await json(['integrations', 'list', event.host]);
    return line.last_used_on ? line : undefined;
  }, 'the day of use');
  assert.match(await succeed(['integrations', 'list', event.host]), new RegExp(`LAST_USED_ON\\n${client.client_id} .* ${last_used_on}\\n`));
  assert.equal(await succeed(['apply', file, '--prune']), 'Nothing to change.\n');
  const wrong = write('used.yaml', `event: {host: ${event.host}}\nintegrations: [{client_id: ${client.client_id}, last_used_on: ${last_used_on}}]\n`);
  assert.match(await fail(WRONG_USAGE, ['apply', wrong, '--yes']), /integrations\[0\]\.last_used_on is unknown/);
});

test('apply: an application that was registered before a failure has had its secret shown', async () => {
  for (const [name, ...format] of [['Half'], ['Half in JSON', '--json']]) {
    const file = write('half.yaml', `event: {host: half.localhost, name: Half}\napplications:\n  - {name: ${name}, type: confidential, redirect_uris: []}\n  - {name: Other half, type: public, redirect_uris: [nonsense]}\n`);
    const { status, stdout, stderr } = await run(['apply', file, '--yes', ...format]);
    assert.deepEqual([status, stdout.match(/wc_cs_\S+/g)?.length], [REFUSED, 1], stdout + stderr);
    assert.match(stderr, /nonsense[^]*apply the file again/);
    if (format.length) assert.equal(JSON.parse(stdout).applied, false);
  }
});

// -- doctor -------------------------------------------------------------------------------------

async function withServer(listener, work, create = (handler) => http.createServer(handler)) {
  const server = create(listener).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  try {
    return await work(`http://127.0.0.1:${server.address().port}`, server.address().port);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

/** In front of the worker, as the edge is: it says how the request came, and may change the answer. */
const edge = (scheme, change = (headers) => headers) => async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = `${scheme}://${request.headers.host}${request.url}`;
  const headers = { ...request.headers, 'MF-Original-URL': url, 'CF-Connecting-IP': '192.0.2.7' };
  const onward = http.request({ host: '127.0.0.1', port: willcall.port, path: request.url, method: request.method, headers, agent: false }, (answer) => {
    const changed = Object.entries(change(answer.headers)).filter(([, value]) => value !== undefined);
    response.writeHead(answer.statusCode, Object.fromEntries(changed));
    answer.pipe(response);
  });
  // The worker may answer before it has read a body that is too long, and hang up.
  onward.on('error', () => response.headersSent || response.destroy());
  onward.end(Buffer.concat(chunks));
};

/** A certificate for one host, signed by itself (RFC 5280 4.1); node can read them, but makes none. */
function certificateFor(host) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = (tag, ...parts) => {
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const { length } = content;
    return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255]), content]);
  };
  const sequence = (...parts) => der(0x30, ...parts);
  const time = (year) => der(0x18, `${year}0101000000Z`);
  const algorithm = sequence(der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])); // ecdsa-with-SHA256
  const name = sequence(der(0x31, sequence(der(0x06, [0x55, 0x04, 0x03]), der(0x0c, host))));
  const alternativeName = sequence(der(0x06, [0x55, 0x1d, 0x11]), der(0x04, sequence(der(0x82, host))));
  const signed = sequence(
    der(0xa0, der(0x02, [2])), der(0x02, [1]), algorithm, name, sequence(time(2020), time(2120)), name,
    publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, sequence(alternativeName)),
  );
  const certificate = sequence(signed, algorithm, der(0x03, [0], sign('sha256', signed, privateKey)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** A module that has node find `host` on this machine, its ports 443 and 80 where they are given. */
const networkWith = (host, ports) => `
import net from 'node:net';
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options.host === ${JSON.stringify(host)}) Object.assign(options, { host: '127.0.0.1', port: ${JSON.stringify(ports)}[options.port] });
  return connect.apply(this, args);
};
`;

/** Runs doctor against an event of this host over https, as it is on the network. */
async function examineOverHttps(host, { change, plain = edge('http') } = {}) {
  const tls = certificateFor(host);
  const trusted = write('trusted.pem', tls.cert);
  return withServer(edge('https', change), (_, secure) => withServer(plain, (__, insecure) => {
    const network = write('network.mjs', networkWith(host, { 443: secure, 80: insecure }));
    return run(['doctor', `https://${host}`], { env: { NODE_EXTRA_CA_CERTS: trusted, NODE_OPTIONS: `--import=${network}` } });
  }), (listener) => https.createServer(tls, listener));
}

const failures = (stdout) => stdout.split('\n').filter((line) => line.includes('FAIL')).map((line) => line.replace(/ *FAIL */, ''));

test('doctor: a healthy host passes, on loopback', async () => {
  const event = await willcall.event('localhost').create();
  const { status, stdout, stderr } = await run(['doctor', event.issuer], { env: { OPERATOR_TOKEN: '', WILLCALL_URL: '' } });
  assert.equal(status, 0, stdout + stderr);
  assert.deepEqual(failures(stdout), []);
  for (const section of ['RFC 6749 4.1.2.1', 'RFC 6749 5.1', 'RFC 6749 5.2', 'RFC 6750 3', 'RFC 7662 2.1', 'RFC 8414 3.3']) assert.match(stdout, new RegExp(`^${section}\n  pass  `, 'm'));
  const results = await json(['doctor', event.issuer]);
  assert.ok(results.length > 40 && results.every(({ outcome }) => ['pass', 'skip'].includes(outcome)));
});

test('doctor: a healthy host passes over https, with nothing left unchecked', async () => {
  const host = 'reg.mybigevent.org';
  await willcall.event(host).create();
  const { status, stdout, stderr } = await examineOverHttps(host);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, / 0 failed/);
  for (const rule of ['redirected to https', '403 https_required', 'Strict-Transport-Security', 'named __Host-']) assert.match(stdout, new RegExp(`  pass  .*${rule}`));
});

test('doctor: with an application’s credentials it checks more, and shows none of them', async () => {
  const event = await willcall.event('client.localhost').create();
  const client = await event.application({ approval: { service_scopes: ['stats:read'], service_refresh_tokens: true } });
  const file = write('client-secret', `${client.client_secret}\n`);
  const { status, stdout, stderr } = await run(['doctor', event.issuer, '--client-id', client.client_id, '--client-secret-file', file]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /  pass  a service token is issued/);
  write('client-secret', tampered(client.client_secret));
  const wrong = await run(['doctor', event.issuer, '--client-id', client.client_id, '--client-secret-file', file]);
  assert.equal(wrong.status, REFUSED);
  assert.ok(failures(wrong.stdout).includes('the secret is accepted in the header, in a form and in JSON'), wrong.stdout);
  for (const text of [stdout, stderr, wrong.stdout, wrong.stderr]) assert.ok(!text.includes(client.client_secret.slice(0, 20)));
  await fail(WRONG_USAGE, ['doctor', event.issuer, '--client-id', client.client_id]);
});

test('doctor: a server that does everything wrong fails, with what to do', async () => {
  const wrong = (request, response) => {
    const origin = request.headers.origin ?? '*';
    response.writeHead(200, { 'Content-Type': 'text/html', 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true', 'Set-Cookie': 'session=1; Domain=example.org' });
    response.end(request.method === 'HEAD' ? undefined : '<script src="https://elsewhere.example/x.js"></script>');
  };
  await withServer(wrong, async (origin) => {
    const { status, stdout } = await run(['doctor', origin]);
    assert.equal(status, REFUSED, stdout);
    // That all aliases answer alike, and /healthz with 200, is true even of this one.
    assert.ok(failures(stdout).length >= 37, stdout);
    assert.match(stdout, /RFC 8414 3\.3\n  FAIL  .*\n +seen: +200, text\/html\n +to do: /);
  });
});

test('doctor: one wrong thing is one failure', async () => {
  const host = 'reg.mybigevent.org';
  await willcall.event(host).create();
  const without = (name) => (headers) => ({ ...headers, [name]: undefined });
  const cookies = (change) => (headers) => ({ ...headers, 'set-cookie': headers['set-cookie']?.map(change) });
  const wrongs = {
    'every kind of answer carries Strict-Transport-Security': without('strict-transport-security'),
    'no page reveals its address to another site': without('referrer-policy'),
    'browsers are told not to guess content types': without('x-content-type-options'),
    'no page can be framed': without('x-frame-options'),
    'there is no CORS anywhere else': (headers) => ({ ...headers, 'access-control-allow-origin': '*' }),
    'cookies are named __Host-, with Secure and Path=/': cookies((line) => line.replace('; Secure', '')),
    'cookies have no Domain, and are HttpOnly and SameSite': cookies((line) => `${line}; Domain=mybigevent.org`),
  };
  for (const [rule, change] of Object.entries(wrongs)) {
    const { status, stdout } = await examineOverHttps(host, { change });
    assert.deepEqual([status, failures(stdout)], [REFUSED, [rule]], stdout);
  }
  const served = await examineOverHttps(host, { plain: (_, response) => response.end('plain http, served') });
  assert.deepEqual(failures(served.stdout), ['a page requested over plain http is redirected to https', 'the token endpoint over plain http is 403 https_required']);
});
