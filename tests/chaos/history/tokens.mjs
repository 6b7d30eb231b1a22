// What clients do at the token endpoint: redeeming, refreshing, in several tabs, after lost answers, from
// one location or another; and what thieves do with copies.
import { ALL_SCOPES, REDIRECT_URI, Session, maskOf, namesOf } from './parties.mjs';

const ROUNDS = 3;
const PAUSE_MS = 1500;

/** Sends a session's token requests at once; some arrive at the object later. What each came to, for the model. */
async function together(run, session, requests, what) {
  const { world, random } = run;
  const late = requests.length > 1 && random.chance(0.15) ? random.between(0, requests.length - 1) : -1;
  const arrival = world.time + random.between(200, PAUSE_MS);
  const since = world.objectTime;
  const sent = requests.map(({ send }, index) => send(index === late ? { ...run.plan(), arrives: arrival } : run.drawFaults()));
  const replies = await Promise.all(sent.filter((_, index) => index !== late));
  const read = (reply, sender) => {
    const seen = run.seen(reply, replies);
    const act = sender.act();
    return { act: { ...act, ...disturbance(run, session, seen.faults, mayBeReuse(session, act, requests.length)) }, seen, request: sender };
  };
  const batch = requests.filter((_, index) => index !== late).map((sender, index) => read(replies[index], sender));
  run.judge(session, batch, what);
  if (late >= 0) {
    await world.advance(arrival - world.time);
    const last = read(await sent[late], requests[late]);
    last.act.since = since;
    run.judge(session, [last], `${what}, late`);
    batch.push(last);
  }
  for (const { act, seen } of batch) {
    run.note(`${what} ${act.does === 'redeem' ? '' : `#${act.generation}`}${act.asked === undefined ? '' : ` of ${namesOf(act.asked)}`} → ${seen.result}${seen.result === 'issued' ? ` ${namesOf(seen.scope)}` : ''}`);
    if (seen.result === 'issued') {
      session.keepAccessToken(seen.accessToken, act.does === 'redeem' ? 1 : act.generation + 1, seen.scope, world.time);
    }
  }
  session.noteDeaths(world.time);
  return batch;
}

/** Whether a token that is presented may have been rotated away, be it by one of so many requests under way at once. */
function mayBeReuse(session, act, atOnce) {
  if (act.does !== 'refresh') return false;
  return session.model.some(({ generation }) => generation > act.generation) || (atOnce > 1 && session.window === 0);
}

/** Whether calls of the object that failed have had their effect all the same. */
function disturbance(run, session, faults, reused) {
  if (faults.every((fault) => fault === 'unreachable' || fault === 'rolled back')) return { effect: 'none' };
  // On the word of a replica that may be behind an object narrows nothing, finds nothing dead and takes no retry for a
  // theft: it asks for the authority's first, and has done nothing until then.
  const allowed = run.allowed(session.app);
  const current = !run.remadeLately(session.app) && !run.approvedLately(session.app);
  const certain = allowed.length === 1 && allowed[0] === ALL_SCOPES && current && !reused;
  const committed = faults.some((fault) => fault === 'answer lost' || fault === 'evicted');
  return { effect: certain && committed ? 'sure' : 'perhaps', disturbed: true };
}

/** The owner's requests, sent again where no answer came; each is answered in the end. */
async function untilAnswered(run, session, requests, what) {
  const { world, random } = run;
  let waiting = requests;
  for (let round = 0; waiting.length > 0; round += 1) {
    const last = round === ROUNDS - 1;
    const batch = await together(run, session, waiting.map((each) => (last ? steady(run, each) : each)), what);
    waiting = [];
    for (const { act, seen, request: sent } of batch) {
      if (seen.result === 'unseen') {
        if (act.effect !== 'none' && (act.does === 'redeem' || session.window === 0)) session.causes.add('a commit was lost');
        waiting.push(sent);
      } else if (seen.result === 'issued' && !last && random.chance(0.15)) {
        run.note(`${what}: its answer is lost on the way`);
        if (act.does === 'redeem' || session.window === 0) session.causes.add('an answer was lost');
        waiting.push(sent);
      } else {
        // The window does not wait for the end of a suspension.
        if (round > 0 && seen.result === 'unauthorized_client') session.causes.add('the retry was put off');
        ownerTold(run, session, act, seen);
      }
    }
    if (waiting.length === 0) return;
    run.check(!last, `${what}: no answer after ${ROUNDS} rounds`);
    await world.advance(random.between(100, PAUSE_MS));
  }
}

/** The same request without faults. */
const steady = (run, sender) => ({ ...sender, send: () => sender.send(run.plan()) });

function ownerTold(run, session, act, seen) {
  if (seen.result === 'issued') {
    session.held = act.does === 'redeem' ? 1 : act.generation + 1;
    session.scope = seen.scope;
  } else if (seen.result === 'invalid_grant') {
    run.check(session.causes.size > 0, `${session.label}: an honest owner was turned away`);
    session.out = true;
  } else if (seen.result === 'invalid_scope') {
    run.check(session.causes.has('scopes were taken away'), `${session.label}: an honest owner was refused its own scope`);
  } else {
    run.check(run.active(session.app) !== 'surely', `${session.label}: ${seen.result} for an application that is active`);
  }
}

/** A person says yes, by way of any locations; the code stays with the session until it is redeemed. */
export async function authorize(run) {
  const { random, world } = run;
  const app = random.pick(run.apps);
  if (run.active(app) !== 'surely') return;
  const sure = namesOf(run.sureScopes(app));
  const asked = random.some(sure, 0.7);
  if (asked.length === 0) asked.push(random.pick(sure));
  const person = random.pick(run.people);
  const session = new Session(`g${run.sessions.length + 1}`, app, person, run.event);
  const pkce = app.isPublic || random.chance(0.4) ? await newProof(random) : undefined;
  const query = new URLSearchParams({
    client_id: app.id, response_type: 'code', redirect_uri: REDIRECT_URI, scope: asked.join(' '), state: session.label,
    ...(pkce && { code_challenge: pkce.challenge, code_challenge_method: 'S256' }),
    ...(random.chance(0.3) && { prompt: 'consent' }),
  });
  let issuedBy = run.anywhere();
  let { reply, departure } = await untilServed(run, (plan) => person.browser.open(issuedBy, `/oauth/authorize?${query}`, { plan }));
  if (!departure && reply.text.includes('/account/consent')) {
    if (random.chance(0.3)) await world.advance(random.between(100, 8000));
    issuedBy = run.anywhere();
    const page = reply.text;
    ({ reply, departure } = await untilServed(run, (plan) => person.browser.submit(issuedBy, page, '/account/consent', { decision: 'authorize' }, plan)));
  }
  const code = departure?.searchParams.get('code');
  run.check(code, `${session.label}: no code for an approved application and a person who said yes: ${departure ?? `${reply.status} ${reply.text.slice(0, 400)}`}`);
  run.check(departure.searchParams.get('state') === session.label, 'state comes back');
  session.code = {
    text: code, scope: maskOf(asked.join(' ')),
    at: world.time, issuedAt: world.time + world.skews[issuedBy], verifier: pkce?.verifier, void: 'no',
  };
  run.sessions.push(session);
  run.note(`${session.label}: ${app.label} gets a code of ${asked} at ${issuedBy}`);
}

/** A page is asked for again where it was 503. */
async function untilServed(run, ask) {
  for (let round = 0; ; round += 1) {
    const found = await ask(round < 2 ? run.drawFaults() : run.plan());
    if (found.reply.status === 503) run.checkUnavailable(found.reply);
    else if (found.departure?.searchParams.get('error') !== 'temporarily_unavailable') return found;
    run.check(round < 2, '503 without a fault');
    await run.world.advance(run.random.between(500, 2000));
  }
}

async function newProof(random) {
  const verifier = Array.from({ length: 44 }, () => 'abcdefghijklmnop'[random.between(0, 15)]).join('');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  return { verifier, challenge: btoa(String.fromCharCode(...digest)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '') };
}

/** A request that redeems a session's code; the same for its owner and for a thief. */
function redemption(run, session, { asked } = {}) {
  const { world } = run;
  const { code } = session;
  const location = run.anywhere();
  const form = {
    grant_type: 'authorization_code', code: code.text, redirect_uri: REDIRECT_URI, code_verifier: code.verifier,
    scope: asked && namesOf(asked).join(' '),
  };
  return request(run, session, form, location, () => ({
    does: 'redeem', scope: code.scope, asked, void: code.void === 'surely' ? 'surely' : voidOf(run, session), age: ageOf(world.time + world.skews[location] - code.issuedAt),
  }));
}

/** A request at a location: what the front saw when it was sent, and the object's time when it was decided. */
function request(run, session, form, location, act) {
  const { app } = session;
  let known;
  return {
    send: (plan) => {
      known = { ...act(), allowed: run.allowed(app), paused: run.paused(app) };
      return run.asClient(location, app, '/api/oauth/token', form, plan);
    },
    act: () => ({ ...known, at: run.world.objectTime }),
  };
}

/** Whether a session is dead because its integration was deleted, as far as a location may know. */
const voidOf = (run, session) => ({ surely: 'no', perhaps: 'perhaps', no: 'surely' })[session.birth.at(run.settled)];

/** How a code's 60 seconds look to the location that is asked, whose seconds are whole. */
function ageOf(milliseconds) {
  if (milliseconds < 58_900) return 'good';
  return milliseconds > 61_100 ? 'expired' : 'perhaps';
}

export async function redeem(run) {
  const { world, random } = run;
  const session = random.pick(run.sessions.filter((each) => each.code && each.held === undefined && !each.out));
  if (!session) return;
  const asked = random.chance(0.15) ? someOf(random, session.code.scope) : undefined;
  if (world.time - session.code.at > 40_000) session.causes.add('the code grew old');
  await untilAnswered(run, session, [redemption(run, session, { asked })], `${session.label}: redeem`);
}

/** Whoever copied a code and the client's credentials redeems it, at once or later, perhaps beside the owner. */
export async function replayCode(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.code));
  if (!session) return;
  session.causes.add('a thief');
  const thieves = Array.from({ length: random.between(1, 3) }, () => redemption(run, session));
  await together(run, session, thieves, `${session.label}: a thief redeems`);
}

function refreshing(run, session, generation, asked) {
  const form = { grant_type: 'refresh_token', refresh_token: session.model.tokens[generation], scope: asked && namesOf(asked).join(' ') };
  return request(run, session, form, run.anywhere(), () => ({
    does: 'refresh', generation, asked, window: session.window, void: voidOf(run, session),
  }));
}

function someOf(random, mask) {
  const bits = [0, 1, 2, 3].filter((bit) => mask & (1 << bit));
  const chosen = random.some(bits);
  return (chosen.length > 0 ? chosen : [random.pick(bits)]).reduce((sum, bit) => sum | (1 << bit), 0);
}

/** The owner refreshes: in up to three tabs, where a retry is allowed for. */
export async function refresh(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.usable));
  if (!session) return;
  const tabs = session.window > 0 ? random.between(1, 3) : 1;
  const requests = Array.from({ length: tabs }, () => {
    const asked = random.chance(0.12) ? someOf(random, session.scope) : undefined;
    return refreshing(run, session, session.held, asked);
  });
  await untilAnswered(run, session, requests, `${session.label}: refresh`);
}

/** The owner refreshes once more, without any fault. */
export async function refreshOnce(run, session) {
  await untilAnswered(run, session, [steady(run, refreshing(run, session, session.held))], `${session.label}: refresh`);
}

/** A thief presents a copy of a refresh token, mostly an old one; perhaps while the owner refreshes. */
export async function steal(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.model.tokens.length > 1));
  if (!session) return;
  const newest = session.model.tokens.length - 1;
  const generation = random.chance(0.3) ? newest : random.between(1, newest);
  session.causes.add('a thief');
  const requests = [refreshing(run, session, generation)];
  const beside = session.usable && random.chance(0.3);
  if (beside) requests.push(refreshing(run, session, session.held));
  const batch = await together(run, session, requests, `${session.label}: a thief${beside ? ' beside the owner' : ''} presents`);
  for (const { act, seen, request: sent } of batch) if (beside && sent === requests[1] && seen.result !== 'unseen') ownerTold(run, session, act, seen);
}

/** Requests that must change nothing: another client's, or with a wrong verifier. */
export async function misuse(run) {
  const { random } = run;
  const session = random.pick(run.sessions);
  const other = random.pick(run.apps.filter((app) => app !== session?.app && run.active(app) === 'surely'));
  if (!session) return;
  const [does, form, app] = other && session.held !== undefined
    ? ['another client refreshes', { grant_type: 'refresh_token', refresh_token: session.model.tokens[session.held] }, other]
    : ['a wrong verifier', {
      grant_type: 'authorization_code', code: session.code.text, redirect_uri: REDIRECT_URI, code_verifier: 'x'.repeat(43),
    }, session.app];
  if (run.active(app) !== 'surely') return;
  const seen = run.seen(await run.asClient(run.anywhere(), app, '/api/oauth/token', form, run.plan()));
  run.note(`${session.label}: ${does} → ${seen.result}`);
  run.judge(session, [{ act: { does: 'nothing' }, seen }], `${session.label}: ${does}`);
}
