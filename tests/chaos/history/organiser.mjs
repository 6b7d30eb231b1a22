// What ends and changes things: clients that revoke, people who take back, organisers who narrow, suspend
// and resume, secrets that come and go. All of it goes through any location.
import { Permit } from '../oracle/standing.mjs';
import { ALL_SCOPES, namesOf, secretOf } from './parties.mjs';

/** Repeats what was 503 until it is answered. */
async function insist(run, ask, kinds = ['account']) {
  const { random, world } = run;
  for (let round = 0; ; round += 1) {
    const reply = await ask(round < 2 ? run.drawFaults(random.pick(kinds)) : run.plan());
    if (reply.status !== 503) return reply;
    run.checkUnavailable(reply);
    run.check(round < 2, '503 without a fault');
    await world.advance(random.between(300, 2500));
  }
}

/** An act whose answer may come only on repetition: it may have been done at the first. */
function ends(run, sessions, what) {
  for (const session of sessions) {
    session.causes.add(what);
    run.judge(session, [{ act: { does: 'end' }, seen: { result: 'done' } }], what);
  }
}

/** RFC 7009, with any token of the grant. */
export async function revoke(run) {
  const { random } = run;
  const session = random.pick(run.sessions.filter((each) => each.access.length > 0));
  if (!session) return;
  const live = session.access.filter((token) => run.world.time < token.expiresAt - 12_000);
  const token = live.length > 0 && random.chance(0.4) ? random.pick(live).text : random.pick(session.model.tokens.slice(1).filter(Boolean));
  const reply = await insist(run, (plan) => run.asClient(run.anywhere(), session.app, '/api/oauth/revoke', { token }, plan));
  run.note(`${session.label}: revoked by its client → ${reply.status}`);
  run.check(reply.status === 200, `${session.label}: revocation answered ${reply.status} ${reply.text}`);
  ends(run, [session], 'revoked by the client');
}

/** **Revoke access** on `/account`: all grants of the application end, and codes not yet redeemed. */
export async function takeBack(run) {
  const { random } = run;
  const app = random.pick(run.apps);
  const person = random.pick(run.people);
  const theirs = run.sessions.filter((session) => session.app === app && session.person === person);
  const location = run.anywhere();
  const { reply } = await person.browser.open(location, '/account', { plan: run.plan() });
  const action = `/account/applications/${app.id}/revoke`;
  const shown = reply.text.includes(action);
  const live = theirs.some((session) => session.birth.given && session.model.every((state) => state.begun && !state.ended));
  run.check(reply.status === 200 && (shown || !live), `${app.label} has a live grant and is not on /account at ${location}`);
  if (!shown) return;
  const done = await insist(run, async (plan) => (await person.browser.submit(run.anywhere(), reply.text, action, {}, plan)).reply);
  run.note(`${app.label}: the person takes back what it has → ${done.status}`);
  run.check(done.status === 200, `revoking access answered ${done.status} ${done.text.slice(0, 200)}`);
  for (const session of theirs) if (session.code) session.code.void = 'surely';
  ends(run, theirs, 'taken back by the person');
}

/** The operator disables a person and enables them again: everything they had has ended, and they sign in anew. */
export async function disable(run) {
  const { random, world } = run;
  const person = random.pick(run.people);
  const path = `/events/${run.event.host}/accounts/${person.id}`;
  const put = async (status) => {
    const reply = await insist(run, (plan) => world.operator(run.anywhere(), 'PATCH', path, { status }, { plan }), ['event']);
    run.check(reply.status === 200 && reply.json.status === status, `${status}: ${reply.status} ${reply.text}`);
  };
  await put('disabled');
  run.note(`${person.email} is disabled`);
  leave(run, person, 'the person was disabled');
  const { reply } = await person.browser.open(run.anywhere(), '/account');
  run.check(reply.text.includes('name="password"'), `a disabled person is still signed in: ${reply.status}`);
  if (random.chance(0.5)) await world.advance(random.between(100, 5000));
  await put('active');
  await person.browser.signIn(run.anywhere(), person);
  run.note(`${person.email} is enabled again`);
}

/** The deployment's secret is replaced, and the one before still verifies: nobody notices. */
export async function rotateSecret(run) {
  await run.world.rotateSecret();
  run.note('the deployment’s secret is another');
}

/** The operator erases a person; somebody new takes the place. */
export async function erase(run) {
  const { random, world } = run;
  const person = random.pick(run.people);
  const path = `/events/${run.event.host}/accounts/${person.id}`;
  let asked = 0;
  const reply = await insist(run, (plan) => {
    asked += 1;
    return world.operator(run.anywhere(), 'DELETE', path, undefined, { plan });
  }, ['event']);
  run.note(`${person.email} is erased → ${reply.status}`);
  // Whoever asks again after 503 may find nobody: it was done the first time.
  run.check(reply.status === 204 || (reply.status === 404 && asked > 1), `erasing a person answered ${reply.status} ${reply.text}`);
  leave(run, person, 'the person was erased');
  run.people = await run.event.replace(world, person);
}

/** Whatever a person had, codes not yet redeemed too, is dead at the authority from now on. */
function leave(run, person, what) {
  const theirs = run.sessions.filter((session) => session.person === person);
  for (const session of theirs) if (session.code) session.code.void = 'surely';
  ends(run, theirs, what);
}

/** The organiser ends one grant. */
export async function endGrant(run) {
  const { random, world } = run;
  const session = random.pick(run.sessions.filter((each) => each.access.length > 0));
  if (!session) return;
  const { gid } = JSON.parse(atob(session.access[0].text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  const path = `/events/${run.event.host}/accounts/${session.person.id}/grants/${gid}`;
  const reply = await insist(run, (plan) => world.operator(run.anywhere(), 'DELETE', path, undefined, { plan }));
  run.note(`${session.label}: ended by the organiser → ${reply.status}`);
  const live = session.birth.given && session.model.every((state) => !state.ended);
  run.check(reply.status === 204 || (reply.status === 404 && !live), `ending a grant answered ${reply.status} ${reply.text}`);
  if (session.birth.given) {
    ends(run, [session], 'ended by the organiser');
  } else {
    // Dead with its integration; whether its row was ended besides, nobody was told.
    run.judge(session, [{ act: { does: 'end', effect: 'perhaps' }, seen: { result: 'unseen' } }], 'ended by the organiser');
  }
}

/** Whoever took part before a change may be refused by it. */
function touch(run, app, what) {
  for (const session of run.sessions) if (session.app === app) session.causes.add(what);
}

async function putIntegration(run, app, changes, what) {
  const { world } = run;
  const reply = await insist(run, (plan) => world.operator(run.anywhere(), 'PUT', run.integrationPath(app), app.approval(changes), { plan }), ['event']);
  run.note(`${app.label}: ${what} → ${reply.status}`);
  run.check(reply.status === 200, `${what}: ${reply.status} ${reply.text}`);
}

/** The organiser approves other scopes than before. */
export async function approve(run) {
  const { random, world } = run;
  const app = random.pick(run.apps);
  const mask = random.chance(0.5) ? ALL_SCOPES : random.between(1, ALL_SCOPES);
  // While the call is under way both may hold.
  touch(run, app, 'scopes were taken away');
  await putIntegration(run, app, { obo_scopes: namesOf(mask) }, `approved for ${namesOf(mask)}`);
  app.scopes.set(mask, world.time);
  app.approvedAt = world.time;
}

/** The organiser suspends or resumes the integration, or the operator the application. */
export async function suspend(run) {
  const { random, world } = run;
  const app = random.pick(run.apps);
  const whole = random.chance(0.4);
  const permit = whole ? app.application : app.integration;
  const status = permit.given ? 'suspended' : 'active';
  if (whole) {
    const reply = await insist(run, (plan) => world.operator(run.anywhere(), 'PATCH', `/applications/${app.id}`, { status }, { plan }), ['platform']);
    run.note(`${app.label}: the application is ${status} → ${reply.status}`);
    run.check(reply.status === 200, `${status}: ${reply.status} ${reply.text}`);
  } else {
    await putIntegration(run, app, { status }, `the integration is ${status}`);
  }
  if (status === 'active') permit.give();
  else permit.take(world.time);
}

/** The organiser deletes the integration and approves the application anew: what was begun before is dead for good. */
export async function recreate(run) {
  const { random, world } = run;
  const app = random.pick(run.apps);
  touch(run, app, 'the integration was deleted');
  await world.mustOperate(run.anywhere(), 'DELETE', run.integrationPath(app));
  app.birth.take(world.time);
  if (app === run.apps[0]) for (const token of run.services) token.permit.take(world.time);
  if (random.chance(0.5)) await world.advance(random.between(100, 5000));
  app.birth = new Permit(true);
  app.remadeAt = world.time;
  await world.mustOperate(run.anywhere(), 'PUT', run.integrationPath(app), app.approval());
  run.note(`${app.label}: the integration is deleted and made anew`);
}

/** A second secret comes, or one of two goes. */
export async function changeSecrets(run) {
  const { random, world } = run;
  const app = random.pick(run.apps.filter((each) => !each.isPublic));
  const good = app.secrets.filter((secret) => secret.permit.given);
  const path = `/applications/${app.id}/secrets`;
  if (good.length < 2) {
    const made = await world.mustOperate(run.anywhere(), 'POST', path);
    app.secrets.push(secretOf(made.secret_id, made.client_secret));
    run.note(`${app.label}: a second secret`);
  } else {
    const secret = random.pick(good);
    await world.mustOperate(run.anywhere(), 'DELETE', `${path}/${secret.id}`);
    secret.permit.take(world.time);
    run.note(`${app.label}: a secret less`);
  }
}

/** A deleted secret is tried; a good one is never refused for it. */
export async function useSecret(run) {
  const { random } = run;
  const app = random.pick(run.apps.filter((each) => !each.isPublic));
  const secret = random.pick(app.secrets);
  const reply = await run.asClient(run.anywhere(), app, '/api/oauth/introspect', { client_secret: secret.text, token: 'none' }, run.plan());
  const good = secret.permit.at(run.settled);
  run.note(`${app.label}: a secret that is ${good} good → ${reply.status}`);
  const accepted = reply.status === 200 || (reply.status === 400 && reply.json.error === 'unauthorized_client' && run.paused(app) !== 'no');
  if (good === 'surely') run.check(accepted, `a good secret: ${reply.status} ${reply.text}`);
  else run.check((accepted && good === 'perhaps') || reply.status === 401 || reply.status === 429, `a deleted secret: ${reply.status} ${reply.text}`);
}

/** A service gets a token, uses one, or revokes one: its end is in KV alone. */
export async function serve(run) {
  const { random, world } = run;
  const app = run.apps[0];
  const active = run.active(app);
  const token = random.pick(run.services);
  if (!token || random.chance(0.3)) {
    if (active !== 'surely') return;
    const reply = await run.asClient(run.anywhere(), app, '/api/oauth/token', { grant_type: 'client_credentials' }, run.plan());
    run.check(reply.status === 200, `client_credentials: ${reply.status} ${reply.text}`);
    // Where an integration has just been made anew, a location may still give out tokens of the one before.
    run.services.push({
      text: reply.json.access_token, permit: new Permit(true), expiresAt: world.time + 3_600_000, doubtful: run.remadeLately(app),
    });
    run.note('a service gets a token');
  } else if (token.permit.given && random.chance(0.2)) {
    const reply = await insist(run, (plan) => run.asClient(run.anywhere(), app, '/api/oauth/revoke', { token: token.text }, plan));
    run.check(reply.status === 200, `revoking a service's token: ${reply.status} ${reply.text}`);
    token.permit.take(world.time);
    run.note('a service revokes a token');
  } else {
    await serveWith(run, token);
  }
}

export async function serveWith(run, token) {
  const { world } = run;
  const location = run.anywhere();
  const reply = await world.send(location, run.event.host, '/api/users?limit=1', { headers: { Authorization: `Bearer ${token.text}` }, plan: run.plan() });
  const [state, active, age] = [token.permit.at(run.settled), run.active(run.apps[0]), world.time - token.expiresAt];
  run.note(`a service calls the API at ${location}: its token is ${state} good → ${reply.status}`);
  run.check(reply.status === 200 || reply.status === 401, `a service's call: ${reply.status} ${reply.text}`);
  if (state === 'surely' && active === 'surely' && age < -12_000 && !token.doubtful) run.check(reply.status === 200, `a service's live token was refused at ${location}`);
  if (state === 'no' || active === 'no' || age > 12_000) {
    run.check(reply.status === 401, `a service's token was accepted at ${location} ${(world.time - token.permit.takenAt) / 1000} s after its revocation was answered`);
  }
}
