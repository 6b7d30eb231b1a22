// The built worker in a real workerd, with its KV and its SQLite Durable Objects, and the parties
// around it: an operator who sets up events, people with browsers, and applications.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Log, LogLevel, Miniflare } from 'miniflare';

import { forms, links, textsOf, visibleText } from './html.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const projectRoot = path.resolve(here, '../..');
const buildDirectory = path.join(projectRoot, 'build');

export const OPERATOR_TOKEN = 'operator-token-of-the-tests-0123456789abcdef';
export const SECRET = 'deployment-secret-of-the-tests-0123456789abcdef';
export const ALLOWED_STALENESS = 91; // seconds: the contract lets what is taken away work for 90

const DURABLE_OBJECTS = {
  ACCOUNT_OBJECT: 'AccountObject',
  EVENT_OBJECT: 'EventObject',
  PLATFORM_OBJECT: 'PlatformObject',
  THROTTLE_OBJECT: 'ThrottleObject',
};

export const randomText = (bytes = 9) => randomBytes(bytes).toString('base64url');

/** An address of the range set aside for benchmarks; the worker sees it as `CF-Connecting-IP`. */
export const randomAddress = () => `198.${18 + randomInt(2)}.${randomInt(256)}.${1 + randomInt(254)}`;

// ---------------------------------------------------------------------------------------------
// The server
// ---------------------------------------------------------------------------------------------

function builtModules() {
  if (!existsSync(path.join(buildDirectory, 'worker.mjs'))) {
    throw new Error('build/worker.mjs is missing: run `npm run build` first');
  }
  const types = { '.mjs': 'ESModule', '.js': 'ESModule', '.wasm': 'CompiledWasm' };
  const built = readdirSync(buildDirectory)
    .filter((name) => types[path.extname(name)])
    .map((name) => ({ type: types[path.extname(name)], path: path.join(buildDirectory, name) }));
  // Placed beside the built worker as far as workerd can tell, so that it can import './worker.mjs'.
  const clocked = {
    type: 'ESModule',
    path: path.join(buildDirectory, 'clocked-worker.mjs'),
    contents: readFileSync(path.join(here, 'clocked-worker.mjs'), 'utf8'),
  };
  return [clocked, ...built];
}

function childrenOf(pid) {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((found) => found && Number(found[2]) === pid)
    .map((found) => ({ pid: Number(found[1]), command: found[3] }));
}

const PANIC = /panicked at|RuntimeError|unreachable executed|Uncaught|wasm-function|already borrowed/i;

/**
 * One deployment. `persistTo` keeps its data in that directory across a restart; otherwise they are
 * gone with it. Text bindings can be replaced or, with `null`, left out. `direct`: requests go to workerd's own
 * socket rather than through miniflare's Worker, which knows schemes and TLS versions, and costs more than ours.
 */
export class Willcall {
  #miniflare;
  #settings;
  #pid;
  #agent = new http.Agent({ keepAlive: false });

  constructor(settings) {
    this.#settings = settings;
    this.log = '';
    this.serverErrors = [];
    this.operator = new Operator(this);
  }

  static async start(settings = {}) {
    const willcall = new Willcall(settings);
    await willcall.#launch();
    return willcall;
  }

  async #launch() {
    const { persistTo, bindings = {}, direct = false } = this.#settings;
    const text = { WILLCALL_SECRET: SECRET, OPERATOR_TOKEN, ...bindings };
    const before = new Set(childrenOf(process.pid).map((child) => child.pid));
    this.#miniflare = new Miniflare({
      host: '127.0.0.1',
      port: this.port ?? 0,
      cf: false,
      compatibilityDate: '2026-01-20',
      modulesRoot: buildDirectory,
      modules: builtModules(),
      bindings: Object.fromEntries(Object.entries(text).filter(([, value]) => value !== null)),
      kvNamespaces: ['DIRECTORY', 'REFRESH_TOKENS'],
      durableObjects: Object.fromEntries(
        Object.entries(DURABLE_OBJECTS).map(([binding, className]) => [binding, { className, useSQLite: true }]),
      ),
      ...(direct && { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] }),
      ...(persistTo && {
        kvPersist: path.join(persistTo, 'kv'),
        durableObjectsPersist: path.join(persistTo, 'do'),
      }),
      log: new Log(LogLevel.NONE),
      handleRuntimeStdio: (stdout, stderr) => {
        for (const stream of [stdout, stderr]) stream.on('data', (chunk) => (this.log += chunk));
      },
    });
    const { port } = await this.#miniflare.ready;
    this.port = Number(direct ? (await this.#miniflare.unsafeGetDirectURL()).port : port);
    this.#pid = childrenOf(process.pid).find((child) => !before.has(child.pid) && /workerd/.test(child.command))?.pid;
    if (this.offset) await this.moveClock(0); // a new workerd has the real time
  }

  origin(host) {
    return `http://${host}:${this.port}`;
  }

  event(host) {
    return new Event(this, host);
  }

  /** Ends workerd as a power cut would, in the middle of whatever it does. */
  kill() {
    assert.ok(this.#pid, 'workerd’s process is known');
    process.kill(this.#pid, 'SIGKILL');
  }

  /** Starts a new workerd on the same data and the same port. */
  async restart() {
    await this.#miniflare.dispose();
    await this.#launch();
  }

  async stop() {
    this.#agent.destroy();
    await this.#miniflare.dispose();
    if (process.env.WILLCALL_TEST_LOG) process.stderr.write(this.log);
    this.assertHealthy();
  }

  /** Nothing that any test of the file sent has made the product panic or fail. */
  assertHealthy() {
    const panics = this.log.split('\n').filter((line) => PANIC.test(line));
    assert.deepEqual(panics, [], 'no panic in the log');
    assert.deepEqual(this.serverErrors, [], 'no answer of 500 or above');
  }

  /** The test expects exactly these failures of the server's own: `assertHealthy` forgets them. */
  forgiveServerErrors() {
    this.serverErrors = [];
  }

  async moveClock(seconds) {
    this.offset = (this.offset ?? 0) + seconds * 1000;
    await this.send('localhost', '/__test/clock', { method: 'POST', body: String(this.offset) });
  }

  /** From now on what requests look up is counted, until {@link lookUps} tells. */
  countLookUps() {
    return this.send('localhost', '/__test/counts', { method: 'POST' });
  }

  /** How often objects were called and KV was read for requests since then. */
  async lookUps() {
    return (await this.send('localhost', '/__test/counts')).json;
  }

  async now() {
    return Math.floor((await this.send('localhost', '/__test/clock')).json.now / 1000);
  }

  /**
   * One request, without any cleverness: the path goes out as it is given, redirects are answers
   * like any other. `scheme` and `tls` are what the edge would report of a request that came over the
   * network; on its own port workerd only speaks plain http.
   */
  send(host, target, { method, headers = {}, form, json, body, ip = '192.0.2.1', scheme = 'http', tls, port = this.port } = {}) {
    const payload = encodeBody({ form, json, body });
    const authority = scheme === 'http' ? `${host}:${port}` : host;
    const edge = {};
    if (scheme !== 'http') edge['MF-Original-URL'] = `${scheme}://${authority}${target}`;
    if (tls) edge['MF-CF-Blob'] = JSON.stringify({ tlsVersion: tls });
    const sent = { Host: authority, 'CF-Connecting-IP': ip, ...payload.headers, ...edge, ...headers };
    return this.#transmit(target, {
      method: method ?? (payload.body === undefined ? 'GET' : 'POST'),
      headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)),
      body: payload.body,
    });
  }

  #transmit(target, { method, headers, body }) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: this.port, path: target, method, headers, agent: this.#agent });
      request.on('error', reject); // more than one may come when an answer arrives before the whole body is sent
      request.once('response', (response) => {
        const chunks = [];
        response.once('error', reject);
        response.on('data', (chunk) => chunks.push(chunk));
        response.once('end', () => {
          const reply = new Reply(response, Buffer.concat(chunks));
          if (reply.status >= 500) this.serverErrors.push(`${reply.status} ${method} ${target.slice(0, 120)}: ${reply.text.slice(0, 200)}`);
          resolve(reply);
        });
      });
      request.end(body);
    });
  }
}

/** A directory that a test may fill; `remove` is for its end. */
export function temporaryDirectory() {
  const directory = mkdtempSync(path.join(tmpdir(), 'willcall-test-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** What is written after an answer appears soon after it: asked for until it does. */
export async function eventually(look, what) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() >= deadline) assert.fail(`${typeof what === 'function' ? what() : what} within 15 seconds`);
    await pause(100);
  }
}

/** `form` is an object, or pairs where a name is to be repeated; values that are `undefined` are left out. */
export function formEncoded(fields) {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return new URLSearchParams(pairs.filter(([, value]) => value !== undefined && value !== null)).toString();
}

function encodeBody({ form, json, body }) {
  if (form !== undefined) return typed('application/x-www-form-urlencoded', formEncoded(form));
  if (json !== undefined) return typed('application/json', JSON.stringify(json));
  if (body !== undefined) return { body, headers: { 'Content-Length': Buffer.byteLength(body) } };
  return { headers: {} };
}

function typed(type, body) {
  return { body, headers: { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) } };
}

export class Reply {
  constructor(response, bytes) {
    this.status = response.statusCode;
    this.headers = response.headers;
    this.setCookies = response.headers['set-cookie'] ?? [];
    this.bytes = bytes;
    this.text = bytes.toString('utf8');
  }

  get json() {
    try {
      return JSON.parse(this.text);
    } catch {
      return assert.fail(`expected JSON, got ${this.status}: ${this.text.slice(0, 300)}`);
    }
  }

  get location() {
    return this.headers.location;
  }
}

// ---------------------------------------------------------------------------------------------
// The operator
// ---------------------------------------------------------------------------------------------

export class Operator {
  constructor(willcall) {
    this.willcall = willcall;
  }

  /** A call with whatever answer it gets; `path` is the part behind `/api/admin`. */
  call(method, path, body, { token = OPERATOR_TOKEN, ...options } = {}) {
    return this.willcall.send('localhost', `/api/admin${path}`, {
      method,
      json: body,
      ...options,
      headers: { ...(token && { Authorization: `Bearer ${token}` }), ...options.headers },
    });
  }

  /** A call that has to succeed. */
  async must(method, path, body) {
    const reply = await this.call(method, path, body);
    assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.status === 204 ? undefined : reply.json;
  }

  registerApplication(fields = {}) {
    return this.must('POST', '/applications', {
      name: `Application ${randomText(4)}`,
      description: 'Prints badges for people who are at the event',
      website: 'https://badges.example.com/',
      redirect_uris: ['https://badges.example.com/callback'],
      type: 'confidential',
      ...fields,
    });
  }
}

/** The scopes every test event has beside the built-in ones. */
export const CATALOGUE = [
  { name: 'badge:print', title: 'Print your badge', description: 'Print the badge you wear', sensitive: false, modes: ['obo'] },
  { name: 'schedule:read', title: 'See your schedule', description: 'See which sessions you chose', sensitive: false, modes: ['obo'] },
  { name: 'stats:read', title: 'See your statistics', description: 'See how often you came', sensitive: false, modes: ['obo', 'service'] },
  { name: 'staff:roster', title: 'Read the staff roster', description: 'Read who works when', sensitive: false, modes: ['obo'], permission: 'staff' },
  { name: 'event:manage', title: 'Manage the event', description: 'Change rooms and times', sensitive: true, modes: ['obo'], permission: 'manage' },
  { name: 'settings:write', title: 'Change your settings', description: 'Change all that you set', sensitive: true, modes: ['obo'] },
  { name: 'report:read', title: 'Read reports', description: 'Read reports of the whole event', sensitive: false, modes: ['service'] },
];

export const EVERYDAY = 'badge:print schedule:read pii:basic';
const APPROVED = ['badge:print', 'schedule:read', 'staff:roster', 'event:manage', 'settings:write', 'pii:basic', 'pii:email', 'user:roles'];

export class Event {
  constructor(willcall, host) {
    this.willcall = willcall;
    this.host = host;
    this.path = `/events/${host}`;
    this.operator = willcall.operator;
  }

  get issuer() {
    return this.willcall.origin(this.host);
  }

  send(target, options) {
    return this.willcall.send(this.host, target, options);
  }

  async create(settings = {}) {
    this.name = settings.name ?? `Event at ${this.host}`;
    await this.configure({ name: this.name, ...settings });
    await this.operator.must('PUT', `${this.path}/scopes`, CATALOGUE);
    return this;
  }

  configure(settings) {
    return this.operator.must('PUT', this.path, { name: this.name, ...settings });
  }

  /** An account, and the person who has it. */
  async person(fields = {}) {
    const password = fields.password ?? `correct horse ${randomText(6)}`;
    const email = fields.email ?? `${randomText(6).toLowerCase()}@people.example`;
    const account = await this.operator.must('POST', `${this.path}/accounts`, { name: 'Robin Example', ...fields, email, password });
    return new Person(this, { ...account, password });
  }

  changeAccount(person, fields) {
    return this.operator.must('PATCH', `${this.path}/accounts/${person.id}`, fields);
  }

  deleteAccount(person) {
    return this.operator.must('DELETE', `${this.path}/accounts/${person.id}`);
  }

  approve(application, approval = {}) {
    return this.operator.must('PUT', `${this.path}/integrations/${application.client_id}`, {
      obo_scopes: APPROVED,
      service_scopes: [],
      ...approval,
    });
  }

  /** A registered application that this event's organiser approved. */
  async application({ approval, ...fields } = {}) {
    const application = await this.operator.registerApplication(fields);
    await this.approve(application, approval);
    return new Client(this, application);
  }

  publicApplication(fields = {}) {
    return this.application({ type: 'public', ...fields });
  }

  browser(options) {
    return new Browser(this, options);
  }
}

export class Person {
  #browser;

  constructor(event, account) {
    this.event = event;
    Object.assign(this, account);
  }

  /** The person's own browser, signed in. */
  async browser() {
    if (!this.#browser) {
      const browser = this.event.browser();
      await browser.signIn(this);
      this.#browser = browser;
    }
    return this.#browser;
  }
}

// ---------------------------------------------------------------------------------------------
// A person's browser
// ---------------------------------------------------------------------------------------------

export class Page {
  constructor(browser, url, reply) {
    this.browser = browser;
    this.url = url;
    this.reply = reply;
    this.status = reply.status;
    this.html = reply.text;
  }

  get text() {
    return visibleText(this.html);
  }

  get heading() {
    return textsOf(this.html, 'h1').join(' ');
  }

  get forms() {
    return forms(this.html);
  }

  get links() {
    return links(this.html);
  }

  /** Where a redirect led off the event's host, with its parameters; `null` for a page of our own. */
  get departure() {
    return null;
  }

  get isSignIn() {
    return this.forms.some((form) => form.names.includes('password'));
  }

  get isConsent() {
    return this.forms.some((form) => form.buttons.some((button) => button.name === 'decision'));
  }

  formWith(button) {
    const form = this.forms.find((candidate) => candidate.buttons.some((each) => each.text === button));
    assert.ok(form, `a button "${button}" on the page (${this.status}): ${this.text.slice(0, 300)}`);
    return form;
  }

  /** Presses a button by the words on it, with the fields the person filled in. */
  press(button, filled = {}, options) {
    const form = this.formWith(button);
    return this.submit(form, form.buttons.find((each) => each.text === button), filled, options);
  }

  submit(form, button, filled = {}, options) {
    const fields = form.fields.filter(([name]) => !(name in filled));
    if (button?.name) fields.push([button.name, button.value]);
    fields.push(...Object.entries(filled).filter(([, value]) => value !== undefined));
    return this.browser.postForm(new URL(form.action, this.url), fields, options);
  }

  follow(words) {
    const link = this.links.find((each) => each.text === words);
    assert.ok(link, `a link "${words}" on the page: ${this.text.slice(0, 300)}`);
    return this.browser.open(new URL(link.href, this.url));
  }
}

class Departure extends Page {
  get departure() {
    return this.url;
  }

  get text() {
    return `(left for ${this.url})`;
  }

  get forms() {
    return [];
  }
}

/** Cookies, redirects on the event's own host, and forms; no JavaScript at all. */
export class Browser {
  constructor(event, { ip = randomAddress() } = {}) {
    this.event = event;
    this.ip = ip;
    this.cookies = new Map();
  }

  #cookieHeader() {
    return this.cookies.size ? { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {};
  }

  #keepCookies(reply) {
    for (const line of reply.setCookies) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const gone = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute) || /^expires=.*\b19[67]\d\b/i.test(attribute));
      if (gone || value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  /** One request with the cookies of this browser, and no redirect followed. */
  async request(target, options = {}) {
    const reply = await this.event.send(target, { ip: this.ip, ...options, headers: { ...this.#cookieHeader(), ...options.headers } });
    this.#keepCookies(reply);
    return reply;
  }

  /** Opens an address and follows redirects for as long as they stay on the event's host. */
  async open(address, options = {}) {
    let url = new URL(address, this.event.issuer);
    let reply = await this.request(url.pathname + url.search, options);
    for (let hops = 0; reply.status >= 300 && reply.status < 400; hops += 1) {
      assert.ok(hops < 10, `redirects without end at ${url}`);
      url = new URL(reply.location, url);
      if (url.origin !== this.event.issuer) return new Departure(this, url, reply);
      reply = await this.request(url.pathname + url.search);
    }
    return new Page(this, url, reply);
  }

  /** Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with a page's own form. */
  postForm(url, fields, { origin = 'null' } = {}) {
    return this.open(url, { method: 'POST', form: fields, headers: origin === undefined ? {} : { Origin: origin } });
  }

  async signIn({ email, password }) {
    const page = await (await this.open('/login')).press('Sign in', { email, password });
    assert.equal(page.status, 200, `signed in: ${page.text.slice(0, 300)}`);
    assert.ok(!page.isSignIn, 'signed in');
    return page;
  }

  /** Opens an authorization request; no answer to the questions it may lead to. */
  requestAuthorization(client, parameters = {}) {
    return this.open(client.authorizationPath(parameters));
  }

  /** An authorization request, said yes to; `person` is for when the session has run out meanwhile. */
  async authorize(client, parameters = {}, person = undefined) {
    let page = await this.requestAuthorization(client, parameters);
    if (page.isSignIn && person) page = await page.press('Sign in', { email: person.email, password: person.password });
    return page.isConsent ? page.press('Authorize Application') : page;
  }
}

// ---------------------------------------------------------------------------------------------
// An application
// ---------------------------------------------------------------------------------------------

export function pkce() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function basic(id, secret) {
  const half = (text) => encodeURIComponent(text).replace(/%20/g, '+');
  return `Basic ${Buffer.from(`${half(id)}:${half(secret)}`).toString('base64')}`;
}

export class Client {
  constructor(event, registration) {
    this.event = event;
    this.registration = registration;
    this.client_id = registration.client_id;
    this.client_secret = registration.client_secret;
    this.redirectUri = registration.redirect_uris?.[0];
    this.isPublic = registration.type === 'public';
  }

  /** The same application at another event. */
  at(event) {
    return new Client(event, this.registration);
  }

  /** Parameters given as `undefined` are left out of the request. */
  authorizationPath(parameters = {}) {
    const defaults = { client_id: this.client_id, response_type: 'code', redirect_uri: this.redirectUri, scope: EVERYDAY, state: 'the-state' };
    return `/oauth/authorize?${formEncoded({ ...defaults, ...parameters })}`;
  }

  get credentials() {
    return this.isPublic
      ? { form: { client_id: this.client_id }, headers: {} }
      : { form: {}, headers: { Authorization: basic(this.client_id, this.client_secret) } };
  }

  post(path, fields, options = {}) {
    const { form, headers } = this.credentials;
    return this.event.send(path, { form: { ...form, ...fields }, ...options, headers: { ...headers, ...options.headers } });
  }

  token(fields, options) {
    return this.post('/api/oauth/token', fields, options);
  }

  /** `code` is what `obtainCode` gave. Fields given as `undefined` are left out. */
  redeem({ code, redirect_uri, code_verifier }, fields = {}, options) {
    return this.token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier, ...fields }, options);
  }

  refresh(refresh_token, fields = {}, options) {
    return this.token({ grant_type: 'refresh_token', refresh_token, ...fields }, options);
  }

  revoke(token, fields = {}) {
    return this.post('/api/oauth/revoke', { token, ...fields });
  }

  introspect(token, fields = {}) {
    return this.post('/api/oauth/introspect', { token, ...fields });
  }

  async isActive(token) {
    const reply = await this.introspect(token);
    assert.equal(reply.status, 200, reply.text);
    return reply.json.active;
  }

  /** Has the person authorize, and takes the code from where their browser was sent. */
  async obtainCode(person, parameters = {}) {
    const proof = this.isPublic || parameters.pkce ? pkce() : undefined;
    const asked = {
      ...(proof && { code_challenge: proof.challenge, code_challenge_method: 'S256' }),
      ...parameters,
      pkce: undefined,
    };
    const page = await (await person.browser()).authorize(this, asked, person);
    assert.ok(page.departure, `came back to the application, not: ${page.status} ${page.text.slice(0, 300)}`);
    const code = page.departure.searchParams.get('code');
    assert.ok(code, `a code in ${page.departure}`);
    return { code, redirect_uri: 'redirect_uri' in asked ? asked.redirect_uri : this.redirectUri, code_verifier: proof?.verifier };
  }

  /** A whole flow: the tokens of a new grant. */
  async obtainGrant(person, parameters = {}) {
    const reply = await this.redeem(await this.obtainCode(person, parameters));
    assert.equal(reply.status, 200, reply.text);
    return reply.json;
  }
}

export function callApi(event, token, path = '/api/users/current', options = {}) {
  return event.send(path, { ...options, headers: { ...(token && { Authorization: `Bearer ${token}` }), ...options.headers } });
}

/** The header and claims of an access token, without any check of its signature. */
export function decodeJwt(token) {
  const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('utf8'));
  return { header: JSON.parse(header), claims: JSON.parse(claims) };
}

/** The same token with one character of its last part replaced by another of the alphabet. */
export function tampered(token, at = token.length - 6) {
  const other = token[at] === 'A' ? 'B' : 'A';
  return token.slice(0, at) + other + token.slice(at + 1);
}

// ---------------------------------------------------------------------------------------------
// What the contract says of answers
// ---------------------------------------------------------------------------------------------

// RFC 6749 appendix A.8: printable ASCII without the double quote and the backslash.
const DESCRIPTION = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/;

export function assertUncached(reply) {
  assert.match(reply.headers['cache-control'] ?? '', /\bno-store\b/);
}

export function assertOAuthError(reply, status, error) {
  assert.deepEqual([reply.status, reply.json.error], [status, error], reply.text);
  assert.match(reply.json.error_description, DESCRIPTION);
  assert.match(reply.headers['content-type'], /^application\/json\b/);
  assertUncached(reply);
}

/** A page of our own that says what is wrong, and never a redirect. */
export function assertErrorPage(page, status = 400) {
  const reply = page.reply ?? page;
  assert.equal(page.departure ?? null, null, `stays here, not ${page.departure}`);
  assert.equal(reply.status, status, reply.text.slice(0, 300));
  assert.equal(reply.location, undefined);
  assert.match(reply.headers['content-type'], /^text\/html\b/);
}

/** An error carried back to the application by a redirect. */
export function assertErrorRedirect(page, error, { issuer, state = 'the-state', redirectUri = 'https://badges.example.com/callback' }) {
  assert.ok(page.departure, `a redirect, not ${page.status}: ${page.text.slice(0, 300)}`);
  const answer = page.departure.searchParams;
  assert.equal(page.departure.origin + page.departure.pathname, redirectUri);
  assert.equal(answer.get('error'), error, String(page.departure));
  assert.match(answer.get('error_description'), DESCRIPTION);
  assert.equal(answer.get('state'), state);
  assert.equal(answer.get('iss'), issuer);
  assert.equal(answer.has('code'), false);
}

export function assertBearerRefusal(reply, status, error) {
  assert.equal(reply.status, status, reply.text);
  const challenge = reply.headers['www-authenticate'] ?? '';
  assert.match(challenge, /^Bearer\b/);
  if (error) assert.match(challenge, new RegExp(`error="${error}"`));
  else assert.doesNotMatch(challenge, /error=/);
}

/** The default of an event's `retry_window`, in seconds. */
export const RETRY_WINDOW = 10;

export const scopeSet = (scope) => scope.split(' ').sort();
