// docs/integrate.md as its reader follows it: every example in order, run by a shell as it is printed, and
// its answer compared with the printed one. The same with the commands that set a deployment's secrets, but
// for Cloudflare's part. And every link of the documentation leads somewhere.
//
// In the page, a block `sh run=NAME` is run; the `answer=NAME` block behind it is what comes of it: `json` a
// body of status 200, `http` a status line, some headers and a body, `text` where the browser of a person
// who says yes ends up. `<name>` in an answer stands for any text, which the next examples have as $NAME.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { RETRY_WINDOW, Willcall, projectRoot, temporaryDirectory } from './harness.mjs';

const PAGE = 'docs/integrate.md';

/** The fenced blocks of a page: { language, attributes, text }. */
function blocksOf(file) {
  const text = readFileSync(path.join(projectRoot, file), 'utf8');
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => {
    const [language = '', ...pairs] = info.trim().split(/\s+/);
    return { language, attributes: Object.fromEntries(pairs.map((pair) => pair.split('='))), text: body };
  });
}

function examplesOf(file) {
  const blocks = blocksOf(file);
  return blocks.filter(({ attributes }) => attributes.run).map((block) => {
    const name = block.attributes.run;
    return { name, script: block.text, answers: blocks.filter(({ attributes }) => attributes.answer === name) };
  });
}

// ---------------------------------------------------------------------------------------------
// The examples
// ---------------------------------------------------------------------------------------------

describe(PAGE, () => {
  const examples = examplesOf(PAGE);
  const SCOPES = [{ name: 'schedule:read', title: 'See your schedule', modes: ['obo', 'service'] }];
  const APPROVAL = {
    obo_scopes: ['pii:basic', 'pii:email', 'user:roles', 'schedule:read'],
    service_scopes: ['user:read', 'token:introspect', 'schedule:read'],
  };

  let willcall;
  let event;
  let robin;
  let application;
  let home;
  let variables;

  before(async () => {
    home = temporaryDirectory();
    // What curl would say of the transfer goes; the status comes out beside the answer.
    writeFileSync(path.join(home.directory, '.curlrc'), 'silent\nshow-error\nwrite-out = "%{stderr}status %{http_code}\\n"\n');
    willcall = await Willcall.start();
    event = willcall.event('localhost');
    await event.configure({ name: 'My Big Event' });
    await event.operator.must('PUT', `${event.path}/scopes`, SCOPES);
    await event.operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff'] }]);
    robin = await event.person({ name: 'Robin Example', email: 'robin@example.org', roles: ['crew'] });
    application = await event.application({ approval: APPROVAL });
    const native = await event.publicApplication({ redirect_uris: ['http://127.0.0.1/callback'], approval: APPROVAL });
    variables = {
      ORIGIN: event.issuer,
      CLIENT_ID: application.client_id,
      CLIENT_SECRET: application.client_secret,
      PUBLIC_CLIENT_ID: native.client_id,
      REDIRECT_URI: application.redirectUri,
      PERSONAL_TOKEN: await personalToken(),
    };
  });

  after(async () => {
    await willcall?.stop();
    home?.remove();
  });

  async function personalToken() {
    const page = await (await robin.browser()).open('/account');
    const made = await page.press('Create token', { name: 'A script', scope: 'pii:basic', expires: '30' });
    return /wc_pat_[\w.-]+/.exec(made.html)[0];
  }

  /** What the reader does, or waits for, before an example. */
  const meanwhile = {
    reuse: () => willcall.moveClock(RETRY_WINDOW + 1),
    'service-json': () => event.approve(application, { ...APPROVAL, service_refresh_tokens: true }),
  };

  const onPage = (language) => blocksOf(PAGE).filter((block) => block.language === language);

  test('every command on the page is run, and every answer is one’s', () => {
    const names = examples.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, 'no name twice');
    assert.deepEqual(onPage('sh').filter(({ attributes }) => !attributes.run).map(({ text }) => text), []);
    for (const { attributes, text } of ['json', 'http', 'text'].flatMap(onPage)) {
      assert.ok(names.includes(attributes.answer), text);
    }
    for (const { name, script, answers } of examples) {
      assert.equal(answers.length, /curl|echo/.test(script) ? 1 : 0, `${name} has its answer`);
    }
  });

  for (const { name, script, answers: [answer] } of examples) {
    test(`${name}: answers as printed`, async () => {
      await meanwhile[name]?.();
      const came = await run(script);
      if (answer) await compare[answer.language](came, answer);
    });
  }

  /** Runs a block; what it sets, the next ones have. */
  async function run(script) {
    const kept = path.join(home.directory, 'variables.json');
    const keep = `"$NODE" -e 'require("fs").writeFileSync(process.argv[1], JSON.stringify(process.env))' "$KEPT"`;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', `set -aeu\n${script}\n${keep}`], {
      env: { ...variables, PATH: process.env.PATH, CURL_HOME: home.directory, NODE: process.execPath, KEPT: kept },
    });
    variables = JSON.parse(readFileSync(kept, 'utf8'));
    return { stdout, status: Number(/^status (\d+)$/m.exec(stderr)?.[1]) };
  }

  const compare = {
    json({ stdout, status }, answer) {
      assert.equal(status, 200, stdout);
      keep(answer, matched(JSON.parse(answer.text), JSON.parse(stdout)));
    },

    http({ stdout, status }, answer) {
      const [printed, came] = [message(answer.text), message(stdout)];
      assert.equal(status, printed.status, stdout);
      assert.equal(came.status, printed.status);
      assert.deepEqual(printed.headers.filter((line) => !came.headers.some((other) => sameHeader(line, other))), [], stdout);
      keep(answer, matched(printed.body, came.body));
    },

    async text({ stdout }, answer) {
      const browser = await robin.browser();
      let page = await browser.open(stdout.trim());
      if (page.isConsent) page = await page.press('Authorize Application');
      assert.ok(page.departure, page.text);
      keep(answer, matched(address(answer.text.trim()), address(String(page.departure))));
    },
  };

  function keep({ attributes }, found) {
    const set = Object.fromEntries(Object.entries(found).map(([name, value]) => [name.toUpperCase(), value]));
    const same = attributes.same?.toUpperCase();
    if (same) assert.equal(set[same], variables[same], `${same} is the one from before`);
    Object.assign(variables, set);
  }
});

/** A status line, headers and a JSON body. */
function message(text) {
  const [head, body] = text.replaceAll('\r\n', '\n').split(/\n\n(.*)/s);
  const [statusLine, ...headers] = head.split('\n');
  return { status: Number(/^HTTP\/[\d.]+ (\d{3})\b/.exec(statusLine)?.[1]), headers, body: JSON.parse(body) };
}

function sameHeader(one, other) {
  const parts = (line) => /^([^:]+):\s*(.*)$/.exec(line).slice(1);
  const [[oneName, oneValue], [otherName, otherValue]] = [parts(one), parts(other)];
  return oneName.toLowerCase() === otherName.toLowerCase() && oneValue === otherValue;
}

/** An address with its parameters apart; printed ones have placeholders, which no URL may hold. */
function address(text) {
  const [base, query] = text.split('?');
  return { base, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

/** Compares an answer with a printed one; what the placeholders stand for. */
function matched(printed, came, where = 'the answer', found = {}) {
  assert.equal(kindOf(came), kindOf(printed), `${where}: ${JSON.stringify(came)}`);
  if (Array.isArray(printed) || kindOf(printed) === 'object') {
    assert.deepEqual(Object.keys(came).sort(), Object.keys(printed).sort(), `${where} has just these`);
    for (const name of Object.keys(printed)) matched(printed[name], came[name], `${where}.${name}`, found);
  } else if (typeof printed === 'string') {
    const pattern = printed.split(/(<\w+>)/).map((part) => /^<(\w+)>$/.exec(part)?.[1] ?? { plain: part });
    const names = pattern.filter((part) => typeof part === 'string');
    const source = pattern.map((part) => (typeof part === 'string' ? '(.+)' : escaped(part.plain))).join('');
    const values = new RegExp(`^${source}$`, 's').exec(came)?.slice(1);
    assert.ok(values, `${where}: ${came} is not ${printed}`);
    names.forEach((name, at) => {
      assert.ok(!(name in found) || found[name] === values[at], `${where}: <${name}> is the same everywhere`);
      found[name] = values[at];
    });
  } else if (typeof printed === 'number' && printed > 1e9) {
    assert.ok(Number.isInteger(came) && came > 1e9, `${where} is a moment`);
  } else {
    assert.deepEqual(came, printed, where);
  }
  return found;
}

const kindOf = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// ---------------------------------------------------------------------------------------------
// The secrets of a deployment
// ---------------------------------------------------------------------------------------------

test('the guides keep the secrets of a deployment outside the clone, and rotate them as they say', async (t) => {
  const { directory, remove } = temporaryDirectory();
  t.after(remove);
  const [home, clone, cloud, programs] = ['home', 'clone', 'cloud', 'programs'].map((name) => path.join(directory, name));
  for (const each of [home, clone, cloud, programs]) mkdirSync(each);
  const wrangler = '#!/bin/sh\n[ "$1 $2" = "wrangler secret" ] || exit 1\ncase $3 in put) cat > "$CLOUD/$4";; delete) rm "$CLOUD/$4";; esac\n';
  writeFileSync(path.join(programs, 'npx'), wrangler, { mode: 0o755 });

  const blocks = ['README.md', 'docs/secrets.md'].flatMap((file) =>
    [...readFileSync(path.join(projectRoot, file), 'utf8').matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, text]) => text));
  const [begin, makeKnown, letSign, drop, newToken, ...others] = blocks.filter((text) => text.includes('wrangler secret'));
  assert.deepEqual(others, []);
  const env = { PATH: `${programs}:${process.env.PATH}`, HOME: home, CLOUD: cloud };
  const run = (script) => promisify(execFile)('sh', ['-c', script], { cwd: clone, env });
  const stored = (name) => readFileSync(path.join(cloud, name), 'utf8').trim();
  const kept = path.join(home, '.willcall');

  await run(begin);
  const [old, token] = [stored('WILLCALL_SECRET'), stored('OPERATOR_TOKEN')];
  await run(makeKnown);
  const [first, next] = stored('WILLCALL_SECRET_PREVIOUS').split(',');
  assert.equal(first, old);
  await run(letSign);
  assert.equal(stored('WILLCALL_SECRET'), next);
  await run(drop);
  await run(newToken);
  assert.deepEqual(readdirSync(cloud).sort(), ['OPERATOR_TOKEN', 'WILLCALL_SECRET']);
  for (const secret of [old, next, token, stored('OPERATOR_TOKEN')]) assert.match(secret, /^[0-9a-f]{64}$/);
  assert.equal(new Set([old, next, token, stored('OPERATOR_TOKEN')]).size, 4);

  assert.deepEqual(readdirSync(clone), []);
  assert.equal(statSync(kept).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(kept).sort(), ['operator-token', 'willcall-secret']);
  assert.equal(readFileSync(path.join(kept, 'willcall-secret'), 'utf8').trim(), next);
  for (const name of readdirSync(kept)) assert.equal(statSync(path.join(kept, name)).mode & 0o777, 0o600, name);

  // With no copy of the present secret nothing is set: what counts goes on counting.
  rmSync(path.join(kept, 'willcall-secret'));
  await assert.rejects(run(makeKnown));
  assert.ok(!existsSync(path.join(cloud, 'WILLCALL_SECRET_PREVIOUS')));
});

// ---------------------------------------------------------------------------------------------
// What has to be installed
// ---------------------------------------------------------------------------------------------

test('README names the versions that are needed, and whoever has an older Rust is told before anything is compiled', async (t) => {
  const read = (file) => readFileSync(path.join(projectRoot, file), 'utf8');
  const [, rust] = /^rust-version = "([^"]+)"/m.exec(read('Cargo.toml'));
  const node = JSON.parse(read('package.json')).engines.node.replace('>=', '');
  for (const words of [`Rust ${rust} or newer`, `Node ${node} or newer`]) assert.ok(read('README.md').includes(words), words);

  const { directory, remove } = temporaryDirectory();
  t.after(remove);
  writeFileSync(path.join(directory, 'rustc'), '#!/bin/sh\necho "rustc 1.9.0 (0123abc 2016-05-18)"\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
  const check = `import('./scripts/build.mjs').then(({ checkRust }) => checkRust())`;
  await assert.rejects(promisify(execFile)(process.execPath, ['-e', check], { cwd: projectRoot, env }), ({ stderr }) => {
    assert.match(stderr, new RegExp(`Rust ${escaped(rust)} or newer is needed, this is 1\\.9\\.0\\. Run: rustup update`));
    return true;
  });
});

// ---------------------------------------------------------------------------------------------
// The audit log
// ---------------------------------------------------------------------------------------------

test('docs/organisers.md puts each entry of the audit log into words, and no other', () => {
  const read = (file) => readFileSync(path.join(projectRoot, file), 'utf8');
  const source = readdirSync(path.join(projectRoot, 'src'), { recursive: true }).filter((file) => file.endsWith('.rs')).map((file) => read(`src/${file}`)).join('\n');
  const written = [...source.matchAll(/"((?:event|scopes|roles|integration|account|grant|personal_access_token)\.[a-z_]+)"/g)].map(([, type]) => type);
  const explained = [...read('docs/organisers.md').matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, type]) => type);
  const types = new Set(written.filter((type) => !type.endsWith('.html')));
  assert.ok(types.size > 10);
  assert.deepEqual([...new Set(explained)].sort(), [...types].sort());
});

test('npm start -- --help says what npm start takes, and starts nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/start.mjs', '--help'], { cwd: projectRoot });
  for (const option of ['--port', '--persist-to']) assert.ok(stdout.includes(option), stdout);
  assert.doesNotMatch(stdout, /→/);
});

// ---------------------------------------------------------------------------------------------
// The links
// ---------------------------------------------------------------------------------------------

const pages = ['README.md', ...readdirSync(path.join(projectRoot, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

/** What a heading can be linked by. */
function anchorsOf(file) {
  const text = readFileSync(path.join(projectRoot, file), 'utf8').replace(/^```.*?^```$/gms, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-'));
}

for (const file of pages) {
  test(`${file}: every link leads to a file and a heading that is there`, () => {
    const text = readFileSync(path.join(projectRoot, file), 'utf8').replace(/^```.*?^```$/gms, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/i.test(link));
    for (const link of links) {
      const [target, anchor] = link.split('#');
      const to = target ? path.join(path.dirname(file), target) : file;
      assert.ok(existsSync(path.join(projectRoot, to)), `${link} in ${file}`);
      if (anchor) assert.ok(anchorsOf(to).includes(anchor), `${link} in ${file}: ${anchorsOf(to).join(' ')}`);
    }
  });
}
