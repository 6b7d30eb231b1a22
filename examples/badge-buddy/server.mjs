// Badge Buddy: shows people the badge that waits for them, signed in with their event account.
import { readFileSync } from 'node:fs';
import http from 'node:http';

import { EventAccounts, isOver, isPaused, isRefused, lacksPermission } from './event.mjs';
import { badgePage, problemPage, welcomePage } from './pages.mjs';
import { Sessions } from './sessions.mjs';

const settings = readSettings(process.env);
const origin = `http://127.0.0.1:${settings.port}`;
const accounts = new EventAccounts({ ...settings, redirectUri: `${origin}/callback` });
const sessions = new Sessions();
const style = readFileSync(new URL('style.css', import.meta.url));

const routes = {
  'GET /': home,
  'GET /sign-in': signIn,
  'GET /callback': callback,
  'POST /refresh': refresh,
  'POST /sign-out': signOut,
  'GET /style.css': (request, response) => response.setHeader('Content-Type', 'text/css; charset=utf-8').end(style),
};

const server = http.createServer(async (request, response) => {
  secure(response);
  try {
    const { pathname } = new URL(request.url, origin);
    const route = routes[`${request.method} ${pathname}`] ?? notFound;
    await route(request, response);
  } catch (error) {
    fail(request, response, error);
  }
});

server.listen(settings.port, '127.0.0.1', () => console.log(`Badge Buddy is at ${origin}`));

function readSettings({ WILLCALL_ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '8788', SCOPE = 'pii:basic pii:email user:roles' }) {
  const missing = Object.entries({ WILLCALL_ISSUER, CLIENT_ID, CLIENT_SECRET }).filter(([, value]) => !value);
  if (missing.length) {
    console.error(`Set ${missing.map(([name]) => name).join(', ')} in the environment; README.md says to what.`);
    process.exit(1);
  }
  return { issuer: WILLCALL_ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, port: Number(PORT), scope: SCOPE };
}

function secure(response) {
  // `data:` is for the empty icon, which saves browsers a request.
  response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
}

function show(response, html, status = 200) {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(html);
}

function redirect(response, to) {
  response.writeHead(303, { Location: String(to) }).end();
}

async function home(request, response) {
  const session = sessions.find(request);
  if (!session?.tokens) {
    const notice = session?.notice;
    if (notice) sessions.end(response, session);
    return show(response, welcomePage({ notice }));
  }
  const user = await keepingSignedIn(session, response, () => withAccess(session, (tokens) => accounts.currentUser(tokens)));
  if (!user) return redirect(response, '/');
  return show(response, badgePage({ user, renewals: session.renewals, until: session.until.toLocaleTimeString() }));
}

async function signIn(request, response) {
  const { url, pending } = await accounts.begin();
  sessions.start(response, sessions.find(request), { pending });
  redirect(response, url);
}

async function callback(request, response) {
  const session = sessions.find(request);
  if (!session?.pending) {
    return show(response, problemPage({ heading: 'Please start again', explanation: 'This browser did not start a sign-in, or started it too long ago.' }), 400);
  }
  const { pending } = session;
  delete session.pending; // one answer to one question, right or wrong
  const tokens = await accounts.finish(new URL(request.url, origin), pending);
  keep(sessions.start(response, session, { renewals: 0 }), tokens);
  return redirect(response, '/');
}

async function refresh(request, response) {
  const session = sessions.find(request);
  if (session?.tokens) await keepingSignedIn(session, response, () => renew(session));
  redirect(response, '/');
}

async function signOut(request, response) {
  const session = sessions.find(request);
  sessions.end(response, session);
  if (session?.tokens) {
    const revoked = await accounts.revoke(session.tokens).then(() => true, (error) => report(error));
    const notice = revoked
      ? 'You are signed out, and Badge Buddy can no longer use your account.'
      : 'You are signed out here, but the event could not be reached. Please revoke Badge Buddy on your account page there.';
    sessions.start(response, session, { notice });
  }
  redirect(response, '/');
}

function notFound(request, response) {
  show(response, problemPage({ heading: 'Page not found', explanation: 'There is no page at this address.' }), 404);
}

function keep(session, tokens) {
  session.tokens = { ...session.tokens, ...tokens };
  session.until = new Date(Date.now() + tokens.expiresIn() * 1000);
}

/** Two requests of one session at once share one renewal. */
async function renew(session) {
  session.renewing ??= accounts.refresh(session.tokens).finally(() => delete session.renewing);
  const tokens = await session.renewing;
  if (session.tokens.access_token === tokens.access_token) return;
  keep(session, tokens);
  session.renewals += 1;
}

/** Calls the API. An access token that is too old, or that the event refuses, is renewed; once, so that a refusal of the new one is an error. */
async function withAccess(session, call) {
  const { tokens } = session;
  if (session.until > new Date()) {
    try {
      return await call(tokens);
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }
  // Another request of this session may have renewed them meanwhile.
  if (session.tokens === tokens) await renew(session);
  return call(session.tokens);
}

/** Does something with the session's tokens. Only when they are worth nothing any more is the person signed out. */
async function keepingSignedIn(session, response, work) {
  try {
    return await work();
  } catch (error) {
    if (!isOver(error)) throw error;
    sessions.start(response, session, { notice: 'The event has ended this sign-in. You can sign in again.' });
    return undefined;
  }
}

/** The message is the library's and carries no token; a code or a secret is never logged. */
function report(error) {
  const code = error.error ?? error.cause?.code ?? error.code;
  console.error(`${error.name}: ${error.message}${code ? ` (${code})` : ''}`);
}

function fail(request, response, error) {
  if (error.error === 'access_denied') {
    return show(response, problemPage({ heading: 'You said no', explanation: 'Badge Buddy got no access to your account. You can change your mind at any time.' }), 403);
  }
  report(error);
  if (lacksPermission(error)) {
    const explanation = 'Badge Buddy asked for something that your event account cannot grant. '
      + 'The event’s organisers can give you that permission: please ask them, then sign in again.';
    return show(response, problemPage({ heading: 'You need a permission', explanation }), 403);
  }
  const signedIn = Boolean(sessions.find(request)?.tokens);
  if (isPaused(error)) {
    const explanation = 'The event’s organisers do not allow Badge Buddy at the moment. '
      + (signedIn ? 'You stay signed in: please come back later.' : 'Please come back later, or ask them.');
    return show(response, problemPage({ heading: 'Badge Buddy is paused', explanation, signedIn }), 503);
  }
  const explanation = 'The event did not let Badge Buddy in, or could not be reached. Please try again in a minute.';
  return show(response, problemPage({ heading: 'That did not work', explanation, signedIn }), 502);
}
