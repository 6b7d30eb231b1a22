// Tokens that nobody issued. They must cost a signature's check and nothing else: no object is asked, or
// even created, and KV is not read.
import { Random } from '../random.mjs';
import { Scene, expect } from './scene.mjs';

const AT_ONCE = 50;

/** Ten of each kind of forgery, from real ones with a wrong tag to noise. */
async function forgeries(world, scene) {
  const random = new Random(7);
  const noise = (length) => Array.from({ length }, () => 'ABCDEFGHabcdefgh01234567-_'[random.between(0, 25)]).join('');
  const grant = await scene.grant();
  const code = await scene.code();
  const session = scene.person.browser.cookies.get('__Host-willcall');
  const withOtherTag = (token) => token.replace(/[^.]+$/, () => noise(43));
  const otherPayload = (token, change) => {
    const parts = token.split('.');
    const payload = JSON.stringify(change(JSON.parse(atob(parts[1].replace(/-/g, '+').replace(/_/g, '/')))));
    parts[1] = btoa(payload).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
    return parts.join('.');
  };
  const anybody = (payload) => ({ ...payload, a: `acc_${noise(20)}`, sub: `acc_${noise(20)}`, g: `gr_${noise(20)}`, gid: `gr_${noise(20)}` });
  return () => {
    const [refresh, access, copied, cookie] = [
      random.pick([withOtherTag(grant.refresh_token), otherPayload(grant.refresh_token, anybody), `wc_rt_${noise(120)}`, noise(60)]),
      random.pick([withOtherTag(grant.access_token), otherPayload(grant.access_token, anybody), noise(300), `wc_pat_${noise(100)}`]),
      random.pick([withOtherTag(code), otherPayload(code, anybody), `wc_ac_${noise(200)}`]),
      random.pick([withOtherTag(session), noise(100)]),
    ];
    return random.pick([
      () => scene.refresh(refresh),
      () => scene.redeem(copied),
      () => scene.call(access),
      () => scene.introspect(random.pick([access, refresh])),
      () => scene.post('/api/oauth/revoke', { token: random.pick([access, refresh]) }),
      () => world.send(scene.home, scene.event.host, '/account', { headers: { Cookie: `__Host-willcall=${cookie}` } }),
    ]);
  };
}

const counts = async (world) => {
  const own = await Promise.all(world.locations.map((name) => world.env[`${name}_CONTROL`].counts()));
  const { objects } = await world.env.CORE.counts();
  return { objects, calls: own.reduce((sum, each) => sum + each.calls, 0), reads: own.reduce((sum, each) => sum + each.reads, 0) };
};

/** Sends forged tokens to one location; how many a second it took. */
export async function forgedTokens(world, { count = 10_000 } = {}) {
  const scene = await Scene.set(world);
  const draw = await forgeries(world, scene);
  // The directory is known, as it is on any day.
  expect((await scene.introspect('none')).status === 200, 'introspection');
  const before = await counts(world);
  const start = performance.now();
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const replies = await Promise.all(Array.from({ length: AT_ONCE }, () => draw()()));
    for (const reply of replies) {
      const refused = reply.status === 400 || reply.status === 401 || reply.status === 303 || (reply.status === 200 && /^\{("active":false)?\}$/.test(reply.text));
      expect(refused, `a forged token: ${reply.status} ${reply.text.slice(0, 200)}`);
    }
  }
  const after = await counts(world);
  const spent = { calls: after.calls - before.calls, reads: after.reads - before.reads, objects: after.objects - before.objects };
  // Introspection that hides something asks once more whether the client may see everything.
  expect(spent.objects === 0 && spent.reads === 0 && spent.calls === 0, `forged tokens cost ${JSON.stringify(spent)}`);
  return { perSecond: Math.round((1000 * count) / Math.max(1, performance.now() - start)), ...spent };
}

/** Ids in addresses that nobody was ever given: no object comes into being for them. */
export async function inventedIds(world, { count = 2000 } = {}) {
  const scene = await Scene.set(world, { approval: { service_scopes: ['user:read'] } });
  const random = new Random(11);
  const id = (prefix) => prefix + Array.from({ length: 20 }, () => 'abcdefghijklmnopqrstuvwxyz'[random.between(0, 25)]).join('');
  const service = (await scene.post('/api/oauth/token', { grant_type: 'client_credentials' })).json.access_token;
  await scene.call(service, { path: '/api/users?limit=1' });
  const account = `/events/${scene.event.host}/accounts`;
  const before = (await counts(world)).objects;
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => random.pick([
      () => scene.call(service, { path: `/api/users/${id('acc_')}` }),
      () => world.send(scene.home, `${id('')}.test`, '/api/oauth/token', { form: { grant_type: 'refresh_token' } }),
      () => world.send(scene.home, scene.event.host, scene.authorizationPath({ client_id: String(random.between(2000, 2_000_000_000)) })),
      () => world.operator(scene.home, 'GET', `${account}/${id('acc_')}`),
      () => world.operator(scene.home, 'GET', `${account}/${id('acc_')}/grants`),
      () => world.operator(scene.home, 'DELETE', `${account}/${id('acc_')}/grants/${id('gr_')}`),
      () => world.operator(scene.home, 'GET', `/events/${id('')}.test`),
      () => scene.person.browser.request(scene.home, `/account/sessions/${id('s_')}/end`, { form: { form_token: id('') } }),
    ])()));
  }
  const made = (await counts(world)).objects - before;
  expect(made === 0, `${made} objects for ids that nobody has`);
}
