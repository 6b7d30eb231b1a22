// What tokens are worth at a moment: at the API, which may believe a replica for 90 seconds, and at
// introspection, which may not.
import { together } from '../oracle/standing.mjs';
import { namesOf } from './parties.mjs';

// A token's own hour is measured by clocks that are off by some seconds.
const CLOCKS_MS = 12_000;

/** The API is called with an access token of any generation. */
export async function call(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.access.length > 0));
  if (!session) return;
  const newest = session.access.at(-1);
  await callWith(run, session, random.chance(0.6) ? newest : random.pick(session.access));
}

export async function callWith(run, session, token, location = run.anywhere()) {
  const { world } = run;
  const active = together(run.active(session.app), session.birth.at(run.settled));
  const age = world.time - token.expiresAt;
  const alive = session.model.surelyAlive(token.generation) && active === 'surely' && age < -CLOCKS_MS;
  const dead = (token.deadSince !== undefined && run.settled - token.deadSince > 90_000) || active === 'no' || age > CLOCKS_MS;
  const reply = await world.send(location, run.event.host, '/api/users/current', { headers: { Authorization: `Bearer ${token.text}` }, plan: run.plan() });
  const state = alive ? 'alive' : dead ? 'dead' : 'open';
  run.note(`${session.label}: the API at ${location} with a token of #${token.generation}, ${state} → ${reply.status}`);
  run.check(reply.status === 200 || reply.status === 401, `${session.label}: the API answered ${reply.status} ${reply.text.slice(0, 200)}`);
  if (alive) {
    run.check(reply.status === 200, `${session.label}: a live token of #${token.generation} was refused at ${location}`);
    const scope = session.model.states.reduce((mask, each) => mask & each.scope, token.scope) & run.sureScopes(session.app);
    const told = reply.json;
    run.check(!namesOf(scope).includes('pii:basic') || told.name === session.person.name, `${session.label}: narrowed on a replica's word at ${location}: ${reply.text}`);
  }
  if (dead) run.check(reply.status === 401, `${session.label}: a token of #${token.generation} that has been dead for ${(world.time - token.deadSince) / 1000} s was accepted at ${location}`);
}

/** The client asks whether a token of its own is good; the authority's word, at once. */
export async function introspect(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.access.length > 0 && !each.app.isPublic));
  if (!session) return;
  if (random.chance(0.5)) await introspectAccess(run, session, random.pick(session.access));
  else await introspectRefresh(run, session, random.between(1, session.model.tokens.length - 1));
}

export async function introspectAccess(run, session, token) {
  const age = run.world.time - token.expiresAt;
  if (Math.abs(age) > CLOCKS_MS) await ask(run, session, token.text, token.generation, age > 0, 'an access token');
}

export async function introspectRefresh(run, session, generation) {
  const text = session.model.tokens[generation];
  if (text) await ask(run, session, text, generation, false, 'a refresh token');
}

async function ask(run, session, token, generation, dead, what) {
  const reply = await run.asClient(run.anywhere(), session.app, '/api/oauth/introspect', { token }, run.plan());
  const paused = run.paused(session.app);
  const label = `${session.label}: introspection of ${what} of #${generation}`;
  run.note(`${label} → ${reply.status} ${reply.text.slice(0, 40)}`);
  if (reply.status === 400) {
    run.check(paused !== 'no' && reply.json.error === 'unauthorized_client', `${label}: ${reply.text}`);
    return;
  }
  run.check(reply.status === 200, `${label}: ${reply.status} ${reply.text}`);
  // Paused tokens are inactive too, and that says nothing of the grant.
  if (paused !== 'no') return;
  const birth = session.birth.at(run.settled);
  if (birth !== 'surely') {
    run.check(birth === 'perhaps' || !reply.json.active, `${label}: alive under an integration that was deleted`);
    return;
  }
  const seen = { result: reply.json.active ? 'active' : 'inactive' };
  run.judge(session, [{ act: { does: 'inspect', generation, dead }, seen }], label);
}
