// The end of a history: everything works again and time passes. Then what should live lives, what should
// be dead is dead everywhere, and KV says of each grant what its object says.
import { callWith, introspectAccess, introspectRefresh } from './checks.mjs';
import { serveWith } from './organiser.mjs';
import { refreshOnce } from './tokens.mjs';

export async function finale(run) {
  const { world } = run;
  await world.env.CORE.calm();
  await world.advance(91_000 + run.slack);
  run.note('everything works again, and time has passed');
  for (const session of run.sessions) {
    for (const token of session.access) {
      await callWith(run, session, token);
      if (!session.app.isPublic) await introspectAccess(run, session, token);
    }
    if (!session.app.isPublic) {
      for (let generation = 1; generation < session.model.tokens.length; generation += 1) await introspectRefresh(run, session, generation);
    }
    if (session.usable) await refreshOnce(run, session);
  }
  for (const token of run.services) await serveWith(run, token);
  // What an object had not told when it was evicted it tells when it is used the next time.
  for (const { browser } of run.people) await browser.open(run.anywhere(), '/account');
  await world.advance(10_000);
  for (const session of run.sessions) await projected(run, session);
}

/** KV's record of a grant says a generation and whether it lives, as one of the possible states has it. */
async function projected(run, session) {
  // Grants of a deleted integration are dead by comparison, and their records stay.
  if (session.access.length === 0 || !session.birth.given) return;
  const { gid, sub } = JSON.parse(atob(session.access[0].text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  const text = await run.world.env.CORE.held(`REFRESH_TOKENS grant/${run.event.id}/${sub}/${gid}`);
  // What ended over an hour ago is gone.
  const record = text === null ? { live: false } : JSON.parse(text);
  run.check(
    session.model.some((state) => (state.ended ? !record.live : record.live && record.generation === state.generation)),
    `${session.label}: KV says ${text}, and the grant is ${JSON.stringify(session.model.states)}`,
  );
}
