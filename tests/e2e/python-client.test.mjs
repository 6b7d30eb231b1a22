// Whole flows with Authlib and its default settings: python/client.py is the program.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { python } from '../../scripts/python.mjs';
import { Program, follow } from '../clients/program.mjs';
import { EVERYDAY, Willcall, projectRoot, scopeSet } from './harness.mjs';

const PROGRAM = path.join(projectRoot, 'tests/e2e/python/client.py');
const DIRECT = { NO_PROXY: 'localhost' }; // whatever else this machine goes through

let interpreter;
let willcall;
let event;
let robin;

before(async () => {
  interpreter = await python();
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  robin = await event.person({ name: 'Robin Example' });
});

after(() => willcall?.stop());

function start(t, client, secret = client.client_secret) {
  const env = secret === undefined ? DIRECT : { ...DIRECT, CLIENT_SECRET: secret };
  const program = new Program(interpreter, ['-B', PROGRAM, event.issuer, client.client_id, client.redirectUri], env);
  t.after(() => program.end());
  return program;
}

async function authorize(program, scope = EVERYDAY) {
  const { url } = await program.ask(`authorize ${scope}`);
  return program.ask(`come-back ${await follow(robin, url)}`);
}

for (const kind of ['confidential', 'public']) {
  test(`a ${kind} client: authorize with PKCE, call, refresh by itself when the hour is over, revoke`, async (t) => {
    const program = start(t, await event.application({ type: kind }));
    const issued = await authorize(program);
    assert.deepEqual({ ...issued, scope: scopeSet(issued.scope) }, { token_type: 'Bearer', expires_in: 3600, scope: scopeSet(EVERYDAY), refresh_token: true });

    const body = { id: robin.id, name: 'Robin Example' };
    assert.deepEqual(await program.ask('call'), { status: 200, body, updates: 0 });
    const before = await program.ask('token');
    await willcall.moveClock(3600);
    assert.deepEqual(await program.ask('call 3600'), { status: 200, body, updates: 1 });
    const later = await program.ask('token');
    assert.notEqual(later.refresh_token, before.refresh_token);
    assert.notEqual(later.access_token, before.access_token);

    assert.deepEqual(await program.ask('revoke'), { status: 200 });
    assert.equal((await program.ask('call 7200')).error, 'invalid_grant');
  });
}

test('a confidential client introspects its token until it is revoked', async (t) => {
  const client = await event.application();
  const program = start(t, client);
  await authorize(program);
  const { active, sub, client_id } = await program.ask('introspect');
  assert.deepEqual({ active, sub, client_id }, { active: true, sub: robin.id, client_id: client.client_id });
  await program.ask('revoke');
  assert.deepEqual(await program.ask('introspect'), { active: false });
});

test('a service: client_credentials, introspect, renewed by itself, revoke', async (t) => {
  const client = await event.application({ approval: { obo_scopes: [], service_scopes: ['stats:read', 'report:read'] } });
  const program = start(t, client);
  assert.deepEqual(await program.ask('service report:read'), { token_type: 'Bearer', expires_in: 3600, scope: 'report:read', refresh_token: false });
  assert.deepEqual(scopeSet((await program.ask('service')).scope), ['report:read', 'stats:read']);
  assert.equal((await program.ask('introspect')).sub, client.client_id);

  await willcall.moveClock(3600);
  const { status, updates } = await program.ask('call 3600');
  assert.deepEqual([status, updates], [403, 1]); // a good token, of the wrong kind for this path
  assert.equal((await program.ask('introspect')).active, true);
  await program.ask('revoke');
  assert.deepEqual(await program.ask('introspect'), { active: false });
});

test('a refusal is understood: at the token endpoint and behind the redirect', async (t) => {
  const client = await event.application();
  const program = start(t, client);
  const { url } = await program.ask('authorize no:such');
  assert.equal((await follow(robin, url)).searchParams.get('error'), 'invalid_scope');
  assert.equal((await program.ask('service')).error, 'invalid_scope');
  assert.equal((await start(t, client, 'wrong').ask('service')).error, 'invalid_client');
});
