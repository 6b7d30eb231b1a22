// `npm run bench`: what a request costs, as a ratio to floors in the same workerd in the same minute.
//
// The measure is the CPU time of the workerd process per request, read from /proc; requests/s and
// percentiles are of this machine and its other work, and stand beside it for orientation. Rounds of all
// paths are interleaved and the median round counts. The rows that write to KV include the writes, which an
// object gathers and makes a moment later; miniflare's KV is a simulator inside the same process, which the
// network's is not.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Miniflare } from 'miniflare';
import { build, wasmFile, workerFile } from '../scripts/build.mjs';

const HOST = '127.0.0.1';
const OPERATOR_TOKEN = randomBytes(32).toString('base64url');
const PASSWORD = 'correct horse battery';
const PEOPLE = 32;
const CONNECTIONS = 16;

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '600' } },
});
const ROUNDS = Number(options.rounds);
const REQUESTS = Number(options.requests);

const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** One request; the answer's status, headers and text. */
function send(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const form = (fields) => new URLSearchParams(fields).toString();

function expect(reply, status) {
  if (reply.status !== status) throw new Error(`expected ${status}, got ${reply.status}: ${reply.text.slice(0, 300)}`);
  return reply;
}

/** CPU time of a process so far, in microseconds. */
function cpuTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percentile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

/** Longer than objects wait before they tell KV what changed: that work belongs to the path that caused it. */
const TELLING_MS = 2500;

/** Runs one path `count` times over a few connections. */
async function run(pid, job, count, writesKv) {
  const times = [];
  let started = 0;
  const before = cpuTime(pid);
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, lane) => {
    while (started < count) {
      const turn = started;
      started += 1;
      const sent = performance.now();
      await job(lane, turn);
      times.push(performance.now() - sent);
    }
  }));
  const wall = (performance.now() - start) / 1000;
  if (writesKv) await new Promise((done) => { setTimeout(done, TELLING_MS); });
  return { cpu: (cpuTime(pid) - before) / count, perSecond: count / wall, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function start() {
  await build();
  const children = () => execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n').filter((line) => line.includes('workerd')).map((line) => Number(line.trim().split(' ')[0]));
  const before = new Set(children());
  const miniflare = new Miniflare({
    workers: [
      {
        name: 'willcall',
        modules: [
          { type: 'ESModule', path: 'worker.mjs', contents: readFileSync(workerFile, 'utf8') },
          { type: 'CompiledWasm', path: 'willcall_bg.wasm', contents: readFileSync(wasmFile) },
        ],
        compatibilityDate: '2026-01-20',
        unsafeDirectSockets: [{ host: HOST, port: 0 }],
        kvNamespaces: ['DIRECTORY', 'REFRESH_TOKENS'],
        durableObjects: Object.fromEntries(['Account', 'Event', 'Platform', 'Throttle'].map((name) =>
          [`${name.toUpperCase()}_OBJECT`, { className: `${name}Object`, useSQLite: true }])),
        bindings: { WILLCALL_SECRET: randomBytes(32).toString('base64url'), OPERATOR_TOKEN },
      },
      {
        name: 'floors',
        modules: [{ type: 'ESModule', path: 'floors.mjs', contents: readFileSync(new URL('./floors.mjs', import.meta.url), 'utf8') }],
        compatibilityDate: '2026-01-20',
        unsafeDirectSockets: [{ host: HOST, port: 0 }],
        kvNamespaces: ['STORE'],
        durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
      },
    ],
  });
  await miniflare.ready;
  const pid = children().find((child) => !before.has(child));
  const address = async (name) => String(await miniflare.unsafeGetDirectURL(name)).replace(/\/$/, '');
  return { miniflare, pid, willcall: await address('willcall'), floors: await address('floors') };
}

/** An event with people who have signed in and authorized an application, and a service. */
async function seed(origin) {
  const operator = async (method, path, body) => {
    const reply = await send(`${origin}/api/admin${path}`, {
      method, body: JSON.stringify(body), headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' },
    });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
    return JSON.parse(reply.text);
  };
  await operator('PUT', `/events/${HOST}`, { name: 'Benchmark' });
  const client = await operator('POST', '/applications', { name: 'Client', redirect_uris: ['https://client.example/cb'], type: 'confidential' });
  await operator('PUT', `/events/${HOST}/integrations/${client.client_id}`, {
    obo_scopes: ['pii:basic', 'pii:email'], service_scopes: ['user:read', 'token:introspect'],
  });
  const basic = { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`, ...FORM };
  const people = [];
  for (let at = 0; at < PEOPLE; at += 1) {
    const email = `person-${at}@example.org`;
    await operator('POST', `/events/${HOST}/accounts`, { email, name: `Person ${at}`, password: PASSWORD });
    people.push(await signIn(origin, email));
  }
  return { client, basic, people };
}

const hidden = (html, name) => new RegExp(`name="${name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="${name}"`).exec(html)?.slice(1).find((value) => value !== undefined)
  .replaceAll('&amp;', '&').replaceAll('&#38;', '&').replaceAll('&#34;', '"').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

const cookiesOf = (reply) => (reply.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]);

async function signIn(origin, email) {
  const page = expect(await send(`${origin}/login`), 200);
  const visit = cookiesOf(page);
  const reply = expect(await send(`${origin}/login`, {
    method: 'POST',
    headers: { ...FORM, cookie: visit.join('; ') },
    body: form({ email, password: PASSWORD, return: hidden(page.text, 'return'), form_token: hidden(page.text, 'form_token') }),
  }), 303);
  return { email, cookie: cookiesOf(reply).join('; '), visit };
}

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

async function main() {
  const { miniflare, pid, willcall, floors } = await start();
  const { client, basic, people } = await seed(willcall);
  const request = `${willcall}/oauth/authorize?${form({
    response_type: 'code', client_id: client.client_id, redirect_uri: 'https://client.example/cb', scope: 'pii:basic pii:email',
    state: 'x', code_challenge: challenge, code_challenge_method: 'S256',
  })}`;
  const token = (fields) => send(`${willcall}/api/oauth/token`, { method: 'POST', headers: basic, body: form(fields) });
  const redeem = (code) => token({ grant_type: 'authorization_code', code, redirect_uri: 'https://client.example/cb', code_verifier: verifier });

  // Everybody consents once; later requests go straight back.
  const grants = [];
  for (const person of people) {
    const page = expect(await send(request, { headers: { cookie: person.cookie } }), 200);
    const back = expect(await send(`${willcall}/account/consent`, {
      method: 'POST',
      headers: { ...FORM, cookie: person.cookie },
      body: form({ request: hidden(page.text, 'request'), scope: hidden(page.text, 'scope'), form_token: hidden(page.text, 'form_token'), decision: 'authorize' }),
    }), 303);
    grants.push(JSON.parse(expect(await redeem(new URL(back.headers.location).searchParams.get('code')), 200).text));
  }
  const codeFor = async (person) =>
    new URL(expect(await send(request, { headers: { cookie: person.cookie } }), 303).headers.location).searchParams.get('code');

  let codes = [];
  const service = JSON.parse(expect(await token({ grant_type: 'client_credentials' }), 200).text);
  const consent = `${request}&prompt=consent`;
  const paths = [
    { name: 'constant JS worker', job: async () => expect(await send(`${floors}/`), 200) },
    { name: 'JS worker, one KV get', job: async () => expect(await send(`${floors}/kv-get`), 200) },
    { name: 'JS worker, one KV put', job: async () => expect(await send(`${floors}/kv-put`), 200) },
    { name: 'JS worker, one object read-and-write', job: async () => expect(await send(`${floors}/object`), 200) },
    { name: 'health', job: async () => expect(await send(`${willcall}/healthz`), 200) },
    { name: 'client_credentials', job: async () => expect(await token({ grant_type: 'client_credentials' }), 200) },
    {
      name: 'bearer check (/api/users/current)',
      job: async (lane) => expect(await send(`${willcall}/api/users/current`, { headers: { authorization: `Bearer ${grants[lane].access_token}` } }), 200),
    },
    {
      name: 'introspection',
      job: async (lane) => expect(await send(`${willcall}/api/oauth/introspect`, { method: 'POST', headers: basic, body: form({ token: grants[lane].access_token }) }), 200),
    },
    {
      name: 'refresh',
      writesKv: true,
      job: async (lane) => {
        grants[lane] = JSON.parse(expect(await token({ grant_type: 'refresh_token', refresh_token: grants[lane].refresh_token }), 200).text);
      },
    },
    {
      name: 'code exchange with PKCE',
      writesKv: true,
      requests: Math.min(REQUESTS, 400),
      prepare: async (count) => {
        codes = [];
        for (let at = 0; at < count; at += people.length) codes.push(...await Promise.all(people.map(codeFor)));
      },
      job: async (lane, turn) => expect(await redeem(codes[turn]), 200),
    },
    { name: 'authorization page, signed in', job: async (lane) => expect(await send(consent, { headers: { cookie: people[lane].cookie } }), 200) },
    { name: 'sign-in', requests: 24, job: async (lane, turn) => { await signIn(willcall, people[turn % people.length].email); } },
  ];
  if (service.token_type !== 'Bearer') throw new Error('no service token');

  const results = new Map(paths.map(({ name }) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const path of paths) {
      const count = path.requests ?? REQUESTS;
      await path.prepare?.(count);
      const result = await run(pid, path.job, count, path.writesKv);
      // Round 0 warms up.
      if (round > 0) results.get(path.name).push(result);
    }
    process.stderr.write(round === 0 ? 'warm' : ` · round ${round}`);
  }
  process.stderr.write('\n');
  await miniflare.dispose();

  const rows = paths.map(({ name }) => {
    const rounds = results.get(name);
    const of = (what) => median(rounds.map((round) => round[what]));
    return { name, cpu: of('cpu'), perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') };
  });
  const cpu = (name) => rows.find((row) => row.name === name).cpu;
  const constant = cpu('constant JS worker');
  const object = cpu('JS worker, one object read-and-write');
  const table = [
    '| path | CPU µs/request | × constant | × object | requests/s | p50 ms | p99 ms |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row) => `| ${[
      row.name, row.cpu.toFixed(0), (row.cpu / constant).toFixed(2), (row.cpu / object).toFixed(2),
      row.perSecond.toFixed(0), row.p50.toFixed(1), row.p99.toFixed(1),
    ].join(' | ')} |`),
  ].join('\n');
  console.log(table);
  mkdirSync('benches/results', { recursive: true });
  writeFileSync(join('benches/results', 'latest.json'), `${JSON.stringify({ rounds: ROUNDS, requests: REQUESTS, rows }, null, 2)}\n`);
}

await main();
process.exit(0);
