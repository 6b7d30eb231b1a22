// How long what was taken away works on, with KV's caches at their worst: each location reads just before
// the change is there, and believes it for as long as it may. Somebody tries each second, everywhere.
import { Scene, expect } from './scene.mjs';

const MOST_SECONDS = 90;
// When a location last read before the change: one of these is the worst, as it reads again every 25 seconds.
const WARM_MS = [0, 4500, 9500, 14_500, 15_000, 19_500, 20_000];

/** What is taken away: the call that does it, and one that works for as long as it is not known. */
const TAKEN = {
  'a service’s token': {
    prepare: async (scene) => (await scene.post('/api/oauth/token', { grant_type: 'client_credentials' })).json.access_token,
    take: (scene, token) => scene.post('/api/oauth/revoke', { token }),
    works: async (scene, token, at) => (await scene.call(token, { at, path: '/api/users?limit=1' })).status === 200,
  },
  'a person’s token': {
    prepare: async (scene) => scene.grant(),
    take: (scene, grant) => scene.post('/api/oauth/revoke', { token: grant.refresh_token }),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'a personal access token': {
    alone: true,
    prepare: async (scene) => {
      const { browser } = scene.person;
      const page = (await browser.open(scene.home, '/account')).reply.text;
      const made = await browser.submit(scene.home, page, '/account/tokens', { name: 'A script', scope: 'pii:basic', expires: '30' });
      return /wc_pat_[\w.-]+/.exec(made.reply.text)[0];
    },
    take: async (scene) => {
      const { browser } = scene.person;
      const page = (await browser.open(scene.home, '/account')).reply.text;
      return (await browser.submit(scene.home, page, /\/account\/tokens\/[^/"]+\/revoke/.exec(page)[0])).reply;
    },
    works: async (scene, token, at) => (await scene.call(token, { at })).status === 200,
  },
  'a person who is disabled': {
    alone: true,
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'PATCH', scene.accountPath(), { status: 'disabled' }),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'a person who is erased': {
    alone: true,
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'DELETE', scene.accountPath()),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'an integration that is suspended': {
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'PUT', scene.integrationPath(), scene.app.approval({ status: 'suspended' })),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'an application that is suspended': {
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'PATCH', `/applications/${scene.app.id}`, { status: 'suspended' }),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'an application that is deleted': {
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'DELETE', `/applications/${scene.app.id}`),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
  'a scope': {
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'PUT', scene.integrationPath(), scene.app.approval({ obo_scopes: ['pii:email'] })),
    works: async (scene, grant, at) => 'name' in (await scene.call(grant.access_token, { at })).json,
  },
  'a secret': {
    prepare: async (scene) => {
      const { client_secret: text } = (await scene.world.operator(scene.home, 'POST', `/applications/${scene.app.id}/secrets`)).json;
      scene.app.secrets.push({ text });
    },
    take: (scene) => scene.world.operator(scene.home, 'DELETE', `/applications/${scene.app.id}/secrets/${scene.app.secrets[0].id}`),
    works: async (scene, _, at) => (await scene.post('/api/oauth/token', { grant_type: 'client_credentials' }, { at })).status === 200,
  },
  'an event': {
    alone: true,
    prepare: async (scene) => scene.grant(),
    take: (scene) => scene.world.operator(scene.home, 'DELETE', `/events/${scene.event.host}`),
    works: async (scene, grant, at) => (await scene.call(grant.access_token, { at })).status === 200,
  },
};

/** The last second in which it worked somewhere, where the locations had last read `warm` ms before the change. */
async function lastSecond(world, name, warm, habits) {
  const { prepare, take, works, alone } = TAKEN[name];
  const scene = await Scene.set(world, { alone });
  await world.env.CORE.behave(1, { view: 'oldest' });
  const prepared = await prepare(scene);
  for (const location of world.locations) expect(await works(scene, prepared, location), `${name} works at ${location}`);
  await world.advance(warm);
  await world.env.CORE.behave(1, { view: 'oldest', ...habits });
  const reply = await take(scene, prepared);
  expect(reply.status < 300, `${name}: ${reply.status} ${reply.text}`);
  let last = 0;
  // Whoever is refused has learnt of it, and is not asked again: failures would close a client's counter.
  let hopeful = [...world.locations];
  for (let at = 0; at <= 120_000 && hopeful.length > 0; at += 500) {
    const answers = await Promise.all(hopeful.map((location) => works(scene, prepared, location)));
    if (answers.includes(true)) last = at;
    hopeful = hopeful.filter((_, index) => answers[index]);
    await world.advance(500);
  }
  return last / 1000;
}

const longestOf = (times) => Object.fromEntries(Object.entries(times).map(([name, found]) => [name, Math.max(...found)]));

async function tried(world, { warm: phases = WARM_MS }, habits) {
  const times = {};
  for (const name of Object.keys(TAKEN)) {
    times[name] = [];
    for (const warm of phases) times[name].push(await lastSecond(world, name, warm, habits));
  }
  const longest = longestOf(times);
  expect(Object.values(longest).every((seconds) => seconds <= MOST_SECONDS), `longer than ${MOST_SECONDS} s: ${JSON.stringify(longest)}`);
  return longest;
}

/** The longest that each of them worked on, in seconds, by name. */
export const takenAwayInTime = (world, options) => tried(world, options, {});

/** The same where KV refuses the first write. */
export const takenAwayInTimeThoughAWriteFails = (world, options) => tried(world, options, { nextWritesFail: 1 });

/** What is allowed holds at every location from the answer on, however much older KV's view is. */
export async function allowedAtOnce(world) {
  for (const view of ['cached', 'oldest']) {
    const scene = await Scene.set(world);
    await world.env.CORE.behave(1, { view });
    const grant = await scene.grant();
    const everywhere = async (what, holds) => {
      for (const at of world.locations) expect(await holds(at), `${what} at ${at}, ${view}`);
    };
    const operate = (method, path, body) => world.mustOperate(scene.home, method, path, body);
    const api = (at) => scene.call(grant.access_token, { at });
    await everywhere('a live token', async (at) => (await api(at)).status === 200);

    await operate('PUT', scene.integrationPath(), scene.app.approval({ status: 'suspended' }));
    await world.advance(100_000);
    await everywhere('a suspended integration’s token', async (at) => (await api(at)).status === 401);
    await operate('PUT', scene.integrationPath(), scene.app.approval({ status: 'active' }));
    await everywhere('a resumed integration’s token', async (at) => (await api(at)).status === 200);

    await operate('PUT', scene.integrationPath(), scene.app.approval({ obo_scopes: ['pii:email'] }));
    await world.advance(100_000);
    await everywhere('a scope that was taken away', async (at) => !('name' in (await api(at)).json));
    await operate('PUT', scene.integrationPath(), scene.app.approval());
    await everywhere('a scope that was given back', async (at) => 'name' in (await api(at)).json);

    const { client_secret: second } = await operate('POST', `/applications/${scene.app.id}/secrets`);
    await everywhere('a second secret', async (at) => (await scene.post('/api/oauth/introspect', { client_secret: second, token: 'x' }, { at })).status === 200);

    await everywhere('a client nobody knows', async (at) => (await scene.post('/api/oauth/token', {
      client_id: String(Number(scene.app.id) + 1), client_secret: 'x', grant_type: 'client_credentials',
    }, { at })).status === 401);
    const app = await scene.newApp();
    expect(Number(app.id) === Number(scene.app.id) + 1, 'the next number');
    await everywhere('a new client', async (at) => (await scene.post('/api/oauth/token', {
      client_id: app.id, client_secret: app.secrets[0].text, grant_type: 'client_credentials',
    }, { at })).status === 200);
  }
}

/** A KV that does not answer says nothing: what was revoked is refused all the same, and what lives is not. */
export async function failedReads(world) {
  const scene = await Scene.set(world);
  const token = async () => (await scene.post('/api/oauth/token', { grant_type: 'client_credentials' })).json.access_token;
  const [revoked, live] = [await token(), await token()];
  expect((await scene.post('/api/oauth/revoke', { token: revoked })).status === 200, 'revoked');
  await world.advance(100_000);
  await world.env.CORE.behave(1, { view: 'fresh', readsFail: 1 });
  for (const at of world.locations) {
    const status = async (text) => (await scene.call(text, { at, path: '/api/users?limit=1' })).status;
    expect(await status(live) === 200, `a live token at ${at}`);
    expect(await status(revoked) === 401, `a token revoked 100 s ago was accepted at ${at}, where KV fails`);
  }
}
