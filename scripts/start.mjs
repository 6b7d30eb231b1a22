// `npm start`: from a fresh clone to a running Willcall with a demo event to try.
// Everything is local: workerd, its KV and its Durable Objects. Arguments go to
// `wrangler dev`: npm start -- --port 8790 --persist-to DIR

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { devVar } from '../cli/settings.mjs';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { ensureVars, readDemo, writeDemo } from './local-files.mjs';
import { Fault, main, root, say, seconds } from './run.mjs';
import { seed } from './seed.mjs';

const READY_WITHIN = 60_000;
const WELL_WITHIN = 5_000;
const STOP_WITHIN = 5_000;

const HELP = `npm start [-- [--port N] [--persist-to DIR] [options of wrangler dev]]

  Builds Willcall and runs it on this machine, with a demo event to try.

  --port N          the port to listen on, at http://localhost:N (default 8787)
  --persist-to DIR  where the data is kept (default .wrangler/state)

All other options go to wrangler dev; "npx wrangler dev --help" lists them. Ctrl-C stops the server.`;

async function start(args) {
  if (args.includes('--help') || args.includes('-h')) {
    say(HELP);
    return;
  }
  const began = performance.now();
  const { port, dataDirectory, rest } = readArguments(args);
  await checkPortIsFree(port);
  await install();
  await build();
  ensureVars();

  say('→ Starting workerd');
  const server = startServer(port, dataDirectory, rest);
  const origin = `http://localhost:${port}`;
  try {
    await untilReady(origin, server);
    const demo = await seedDemo(origin, dataDirectory);
    server.showRequests();
    say(`  ready in ${seconds(performance.now() - began)}`);
    if (demo) say(introduction(demo));
  } catch (error) {
    const wanted = server.stopping;
    await server.stop();
    if (!wanted) throw error;
  }
  const { code, asked } = await server.ended;
  if (!asked) throw new Fault(`wrangler dev ended by itself (exit ${code}); the lines above say why.`);
}

function readArguments(args) {
  const { values, tokens } = parseArgs({
    args,
    options: { port: { type: 'string', default: '8787' }, 'persist-to': { type: 'string', default: '' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  // An option without its value is read as true.
  const port = typeof values.port === 'string' ? Number(values.port) : NaN;
  if (!(Number.isInteger(port) && port >= 1 && port <= 65535)) throw new Fault('--port needs a number from 1 to 65535.');
  if (typeof values['persist-to'] !== 'string') throw new Fault('--persist-to needs a directory.');
  const own = tokens.filter(({ name }) => name === 'port' || name === 'persist-to');
  const taken = new Set(own.flatMap(({ index, inlineValue }) => (inlineValue ? [index] : [index, index + 1])));
  return {
    port,
    // npm runs this in the project's directory; a relative path is meant from where the caller is.
    dataDirectory: values['persist-to']
      ? resolve(process.env.INIT_CWD ?? process.cwd(), values['persist-to'])
      : join(root, '.wrangler', 'state'),
    rest: args.filter((_, index) => !taken.has(index)),
  };
}

async function checkPortIsFree(port) {
  for (const host of ['127.0.0.1', '::1']) {
    const error = await new Promise((answer) => {
      const probe = createServer().once('error', answer).listen(port, host, () => probe.close(() => answer()));
    });
    if (error?.code === 'EADDRINUSE') {
      throw new Fault(`Port ${port} is taken, perhaps by another npm start. Stop that, or use another port: npm start -- --port ${port + 3}`);
    }
    if (error?.code === 'EACCES') throw new Fault(`Port ${port} is not open to you. Use one above 1023: npm start -- --port 8790`);
  }
}

/** wrangler in a process group of its own, so that Ctrl-C reaches it once, from here. */
function startServer(port, dataDirectory, rest) {
  const wrangler = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
  const child = spawn(process.execPath, [
    wrangler, 'dev', '--port', String(port), '--persist-to', dataDirectory,
    '--show-interactive-dev-session=false', ...rest,
  ], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
      // Nothing is sent to, or asked of, anybody.
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_LOG_PATH: join(root, '.wrangler', 'logs'),
    },
  });

  const server = { stopping: false, running: true };
  let requestsShown = false;
  for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
    createInterface({ input: from }).on('line', (line) => {
      // Not those of the seeding.
      if (!requestsShown && stripVTControlCharacters(line).startsWith('[wrangler:info]')) return;
      to.write(`${line}\n`);
    });
  }
  server.showRequests = () => { requestsShown = true; };
  server.ended = new Promise((answer, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      server.running = false;
      // workerd goes with it, whatever it ended of.
      signalGroup(child, 'SIGKILL');
      answer({ code: code ?? signal, asked: server.stopping });
    });
  });
  server.stop = async () => {
    if (!server.stopping && server.running) {
      server.stopping = true;
      signalGroup(child, 'SIGINT');
      setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_WITHIN).unref();
    }
    await server.ended;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, server.stop);
  return server;
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function untilReady(origin, server) {
  const began = Date.now();
  let answered;
  while (server.running && Date.now() - began < READY_WITHIN) {
    try {
      const response = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(5_000) });
      if (response.ok) return;
      answered ??= Date.now();
      if (Date.now() - answered > WELL_WITHIN) {
        throw new Fault(`${origin}/healthz answers ${response.status} ${await response.text()}\n`
          + 'The lines above may say why. If it is a secret in .dev.vars, fix it, or delete the file to get a new one.');
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Fault(server.running
    ? `Nothing answered at ${origin}/healthz within ${READY_WITHIN / 1000} s.`
    : 'wrangler dev could not start; the lines above say why.');
}

async function seedDemo(origin, dataDirectory) {
  const operatorToken = devVar('OPERATOR_TOKEN', root);
  if (!operatorToken) {
    say('  .dev.vars has no OPERATOR_TOKEN, so the operator API is off and there is no demo event.');
    return undefined;
  }
  const key = relative(root, dataDirectory);
  const demo = await seed({ origin, operatorToken, known: readDemo(key) });
  writeDemo(key, demo);
  return demo;
}

function introduction({ issuer, client_id, client_secret, redirect_uri, accounts }) {
  const people = accounts.map(({ email, name, password, roles }) =>
    `      ${email.padEnd(24)}${password.padEnd(26)}${[name, ...roles].join(', ')}`).join('\n');
  const authorize = `${issuer}/oauth/authorize?${new URLSearchParams({
    response_type: 'code', client_id, redirect_uri, scope: 'pii:basic pii:email volunteer:read', state: 'abc',
  })}`;
  const credentials = `-u '${client_id}:${client_secret}'`;
  return `
  Willcall Demo Con is at ${issuer}/

    Sign in at ${issuer}/login
${people}
      (Anybody can read these passwords, so they exist only in this demo on your own machine.)

    Use an application: run "npm run example" in another terminal, then open http://127.0.0.1:8788/

  Or act as that application, by hand:

    # Get a token as a service
    curl ${credentials} -d grant_type=client_credentials ${issuer}/api/oauth/token

    # Check what that token allows
    TOKEN=$(curl -s ${credentials} -d grant_type=client_credentials ${issuer}/api/oauth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
    curl ${credentials} -d token="$TOKEN" ${issuer}/api/oauth/introspect

    # Get a token for a person: open this, authorize, and copy code=… from the address the browser ends up at
    # (nothing has to answer there); the code is valid for 60 seconds
    ${authorize}
    curl ${credentials} -d grant_type=authorization_code -d redirect_uri=${redirect_uri} -d code=CODE ${issuer}/api/oauth/token

    # Use the operator API
    curl -H "Authorization: Bearer $(sed -n 's/^OPERATOR_TOKEN=//p' .dev.vars)" ${issuer}/api/admin/events

  Ctrl-C stops the server. After a change to the code, "npm run build" in another terminal reloads it.
`;
}

await main(import.meta.url, start);
