// Does a path cost more where there is more? Deployments of their own, each grown in one direction.
import { each } from './client.mjs';
import { rounds } from './measure.mjs';
import { start, willcall } from './workerd.mjs';
import { Event, eventPaths } from './willcall.mjs';

const PEOPLE = 32;
const AT_ONCE = 2000;

/** Gives people more grants, by their own requests, until each has so many. */
async function grants(event, people, count) {
  await each(people.length * (count - 1), async (turn) => {
    people[turn % people.length].tokens = await event.redeem(await event.code(people[turn % people.length]));
  });
}

/** One account with so many grants, as 32 who sign in as the same person and refresh different ones. */
async function oneAccount(event, count) {
  const [person] = await event.people(1);
  const tokens = [person.tokens, ...await each(count - 1, async () => event.redeem(await event.code(person)))];
  return tokens.slice(-PEOPLE).map((each) => ({ ...person, tokens: each }));
}

async function accounts(event, count) {
  for (let from = PEOPLE; from < count; from += AT_ONCE + 1) {
    const to = Math.min(from + AT_ONCE, count) - 1;
    await event.operate('POST', `/events/${event.name}/accounts`, { email: `filler-${from}@example.org`, name: `fill ${from + 1} ${to}` });
  }
}

async function events(event, count) {
  await each(count - 1, (turn) => event.operate('PUT', `/events/event-${turn}.localhost`, { name: `Event ${turn}` }));
}

/** The deployments. `small` shrinks them for a quick look, which the labels then say. */
function deployments(small) {
  const [someGrants, manyGrants, manyAccounts, manyEvents] = small ? [10, 300, 3000, 30] : [100, 10_000, 100_000, 1000];
  const people = (event) => event.people(PEOPLE);
  const number = (count) => count.toLocaleString('en');
  return [
    { id: 'base', words: `1 event, ${PEOPLE} accounts, 1 grant each`, grow: people },
    {
      id: 'some-grants', words: `${number(someGrants)} grants per account`,
      grow: async (event) => { const them = await people(event); await grants(event, them, someGrants); return them; },
    },
    { id: 'many-grants', words: `${number(manyGrants)} grants of one account`, grow: (event) => oneAccount(event, manyGrants) },
    {
      id: 'many-accounts', words: `${number(manyAccounts)} accounts`, entry: 'many-accounts.mjs',
      grow: async (event) => { const them = await people(event); await accounts(event, manyAccounts); return them; },
    },
    {
      id: 'many-events', words: `${number(manyEvents)} events`,
      grow: async (event) => { const them = await people(event); await events(event, manyEvents); return them; },
    },
  ];
}

/**
 * One path in all deployments, then the next: what is compared is measured within seconds. Usage counts, which are
 * handed on later, are waited for once all have had their turn.
 */
function inTurn(byDeployment) {
  return byDeployment[0].flatMap((_, at) => byDeployment.map((paths, which) => ({ ...paths[at], quiet: which === byDeployment.length - 1 && !paths[at].tells })));
}

/** Measures the paths in each deployment: [{ id, words, rows }], the first being what the others are compared with. */
export async function growth({ count, requests, small, say }) {
  const all = deployments(small);
  const { pid, origins, stop } = await start(all.map(({ id, entry }) => willcall(id, entry)));
  try {
    const byDeployment = [];
    for (const { id, words, grow } of all) {
      const event = await new Event(origins[id], 'base.localhost').create();
      const began = performance.now();
      const people = await grow(event);
      const { bearer_cold: _, ...measured } = eventPaths(event, people, { pid, requests, id: (name) => `${id}/${name}` });
      byDeployment.push(Object.values(measured));
      say(`${words}: made in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
    const rows = await rounds(inTurn(byDeployment), count, say);
    return all.map(({ id, words }) => ({
      id, words,
      rows: rows.filter((row) => row.id.startsWith(`${id}/`)).map((row) => ({ ...row, id: row.id.slice(id.length + 1) })),
    }));
  } finally {
    await stop();
  }
}
