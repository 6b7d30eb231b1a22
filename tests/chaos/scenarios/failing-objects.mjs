// An object that fails in the middle of a request, in each way there is: once, and the front's own retry
// gets the first decision; twice, and the answer is 503 and what the client may do then.
import { Scene, expect } from './scene.mjs';

const FAULTS = ['unreachable', 'rolled back', 'answer lost', 'evicted', 'commit lost'];
/** Whether the command counted before the object failed; `undefined` where that is open. */
const COUNTED = { unreachable: false, 'rolled back': false, 'answer lost': true, evicted: true };

/**
 * What can be asked, of which kind of object, and what the answer is. `afterwards` judges the client's retry of
 * a 503, told whether the first had counted; without it the retry must be as good as the first.
 */
const ASKED = {
  redemption: {
    prepare: (scene) => scene.code(),
    ask: (scene, code, plan) => scene.redeem(code, { plan }),
    afterwards: (counted) => (counted ? ['invalid_grant'] : counted === undefined ? ['invalid_grant', 200] : [200]),
  },
  refresh: { prepare: (scene) => scene.grant(), ask: (scene, grant, plan) => scene.refresh(grant.refresh_token, { plan }) },
  'refresh without a window': {
    settings: { retryWindow: 0 },
    prepare: (scene) => scene.grant(),
    ask: (scene, grant, plan) => scene.refresh(grant.refresh_token, { plan }),
    afterwards: (counted) => (counted ? ['invalid_grant'] : counted === undefined ? ['invalid_grant', 200] : [200]),
  },
  revocation: {
    prepare: (scene) => scene.grant(),
    ask: (scene, grant, plan) => scene.post('/api/oauth/revoke', { token: grant.refresh_token }, { plan }),
    finally: async (scene, grant) => expect(!(await scene.isActive(grant.access_token)), 'it is revoked'),
  },
  introspection: { prepare: (scene) => scene.grant(), ask: (scene, grant, plan) => scene.introspect(grant.access_token, { plan }) },
  'the API': { prepare: (scene) => scene.grant(), ask: (scene, grant, plan) => scene.call(grant.access_token, { plan }) },
  'a service’s first refresh token': {
    settings: { approval: { service_refresh_tokens: true } },
    prepare: async () => undefined,
    ask: (scene, _, plan) => scene.post('/api/oauth/token', { grant_type: 'client_credentials' }, { plan }),
  },
  'the consent page': {
    prepare: async () => undefined,
    ask: async (scene, _, plan) => (await scene.person.browser.open(scene.home, scene.authorizationPath({ prompt: 'consent' }), { plan })).reply,
  },
  consent: {
    prepare: async (scene) => (await scene.person.browser.open(scene.home, scene.authorizationPath({ prompt: 'consent' }))).reply.text,
    ask: async (scene, page, plan) => {
      const { reply, departure } = await scene.person.browser.submit(scene.home, page, '/account/consent', { decision: 'authorize' }, plan);
      return departure?.searchParams.has('code') ? { ...reply, status: 200, met: reply.met } : reply;
    },
  },
  'the account page': {
    prepare: async () => undefined,
    ask: async (scene, _, plan) => (await scene.person.browser.open(scene.home, '/account', { plan })).reply,
  },
};

async function once(world, name, fault) {
  const { settings, prepare, ask } = ASKED[name];
  const scene = await Scene.set(world, settings);
  const prepared = await prepare(scene);
  const reply = await ask(scene, prepared, { account: [fault] });
  expect(reply.status === 200, `${name}, ${fault} once: ${reply.status} ${String(reply.text).slice(0, 200)}`);
  await ASKED[name].finally?.(scene, prepared);
}

async function both(world, name, fault) {
  const { settings, prepare, ask, afterwards = () => [200] } = ASKED[name];
  const scene = await Scene.set(world, settings);
  const prepared = await prepare(scene);
  const label = `${name}, ${fault} and then unreachable`;
  const reply = await ask(scene, prepared, { account: [fault, 'unreachable'] });
  expect(reply.status === 503, `${label}: ${reply.status} ${String(reply.text).slice(0, 200)}`);
  expect(Number(reply.headers.get('retry-after')) >= 1, `${label}: Retry-After`);
  if (/json/.test(reply.headers.get('content-type'))) expect(reply.json.error === 'temporarily_unavailable', `${label}: ${reply.text}`);
  await world.advance(1000 * Number(reply.headers.get('retry-after')));
  const again = await ask(scene, prepared);
  const outcome = again.status === 200 ? 200 : again.json.error;
  expect(afterwards(COUNTED[fault]).includes(outcome), `${label}, and again: ${again.status} ${String(again.text).slice(0, 200)}`);
  await ASKED[name].finally?.(scene, prepared);
}

/** Each request, each fault. */
export async function failingObjects(world) {
  for (const name of Object.keys(ASKED)) {
    for (const fault of FAULTS) {
      await once(world, name, fault);
      await both(world, name, fault);
    }
  }
}

/** The front's own retry of a rotation brings the very token that the first attempt made, and no second generation. */
export async function firstDecision(world) {
  for (const fault of ['answer lost', 'evicted']) {
    const scene = await Scene.set(world, { retryWindow: 0 });
    const first = await scene.grant();
    const second = await scene.refresh(first.refresh_token, { plan: { account: [fault] } });
    const third = await scene.refresh(second.json.refresh_token);
    expect(third.status === 200, `the token of the retry is the one of the first decision: ${third.status} ${third.text}`);
    const { gen } = JSON.parse(atob(third.json.access_token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    expect(gen === 3, `one generation for each refresh: ${gen}`);
  }
}
