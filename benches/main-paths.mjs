// What one run compares: floors, Willcall, peers. The order is that of each round.
import { FORM, basic, each, expect, form, send } from './client.mjs';
import { buildRustFloor } from './floors/build-rust.mjs';
import { oidcProviderPaths, openauthPaths, workersOauthProviderPaths } from './peers.mjs';
import { HOST, jsFloor, openauth, rustFloor, start, willcall, workersOauthProvider } from './workerd.mjs';
import { Event, OBJECT_REQUESTS, TIMES, eventPaths } from './willcall.mjs';

const NULL_KV = 'null-kv';

function floorPaths(origins, pid, requests, people) {
  const get = (url, options) => async () => expect(await send(url, options), 200);
  const floor = (id, label, url, options, more) => ({ id, label, pid, requests, ...more, job: get(url, options) });
  const js = origins['js-floor'];
  const rust = origins['rust-floor'];
  const body = form({ grant_type: 'client_credentials', client_id: '1001', value: 'what is to be authenticated' });
  const refresh = { method: 'POST', headers: basic('1001', 'x'.repeat(50)), body: form({ grant_type: 'refresh_token', refresh_token: 'x'.repeat(150) }) };
  const object = `${js}/object?of=${people}`;
  // That of Willcall's refreshes: each object once, four times over, led in by calls that write nothing.
  const rhythm = { requests: Math.min(requests, people), times: TIMES, leadIn: get(`${js}/object-read?of=${people}`), tells: true };
  return [
    floor('floor/js', 'JS worker, constant answer', `${js}/`),
    floor('floor/rust', 'Rust worker, constant answer', `${rust}/`),
    floor('floor/rust-form', 'Rust worker, reads a form, one HMAC', `${rust}/`, { method: 'POST', headers: FORM, body }),
    floor('floor/object', 'JS worker, one object read-and-write', object, {}, { requests: Math.min(requests, OBJECT_REQUESTS) }),
    floor('floor/object-by-turns', 'JS worker, one object read-and-write, in the rhythm of refreshes', object, {}, rhythm),
    floor('floor/refresh-bytes', 'JS worker, a refresh’s bytes without its rules, in the same rhythm', `${js}/refresh-bytes?of=${people}`, refresh, rhythm),
    floor('floor/kv-get', 'JS worker, one KV get', `${js}/kv-get`),
    // The store goes on with a write after its answer: that belongs to the write, not to the path that comes next.
    floor('floor/kv-put', 'JS worker, one KV put', `${js}/kv-put?of=${people}`, {}, {
      requests: Math.min(requests, people), leadIn: get(`${js}/kv-get`), tells: true,
    }),
  ];
}

/** Starts everything: the paths, and how to end it all. */
export async function mainPaths({ requests, people: count, say }) {
  const { pid, origins, stop } = await start([
    jsFloor(), rustFloor(await buildRustFloor()), willcall('willcall'), willcall(NULL_KV, 'null-kv.mjs'),
    await workersOauthProvider(), await openauth(),
  ]);
  const began = performance.now();
  const [own, without] = await each(2, async (turn) => {
    const event = await new Event(origins[turn === 0 ? 'willcall' : NULL_KV], HOST).create();
    return { event, people: await event.people(count) };
  });
  say(`${2 * count} people have signed in and agreed: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  const mine = eventPaths(own.event, own.people, { pid, requests, id: (name) => `willcall/${name}`, label: (words) => `Willcall: ${words}` });
  const nullKv = eventPaths(without.event, without.people, {
    pid, requests, id: (name) => `${NULL_KV}/${name}`, label: (words) => `Willcall, KV writes dropped: ${words}`,
  });
  const oidc = await oidcProviderPaths({ requests });
  const { sign_in: signIn, ...others } = mine;
  return {
    paths: [
      ...floorPaths(origins, pid, requests, count),
      ...Object.values(others), nullKv.refresh, nullKv.exchange, signIn,
      ...await workersOauthProviderPaths({ pid, origin: origins['workers-oauth-provider'], people: count, requests }),
      ...await openauthPaths({ pid, origin: origins.openauth, people: count, requests }),
      ...oidc.paths,
    ],
    stop: async () => { oidc.stop(); await stop(); },
  };
}
