// A fault in the middle of the Rust code, which no input can cause: here the platform has no random bytes.
// What was under way is answered as a fault of ours, and what comes next has a sound memory.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Willcall, assertOAuthError } from './harness.mjs';

let willcall;
let client;

before(async () => {
  willcall = await Willcall.start();
  const event = await willcall.event('localhost').create();
  client = await event.application({ approval: { service_scopes: ['user:read'] } });
});

after(async () => {
  // The faults are the test's own.
  willcall?.forgiveServerErrors();
  if (willcall) willcall.log = '';
  await willcall?.stop();
});

const barren = (yes) => willcall.send('localhost', '/__test/barren', { method: 'POST', body: yes ? 'yes' : 'no' });

test('a fault in the middle of a request is 500 server_error, and the requests after it are answered as ever', async () => {
  const token = () => client.token({ grant_type: 'client_credentials' });
  const { json: { access_token: good } } = await token();
  // These wait for an object while others fail around them: each gets its own answer or none.
  const look = (at) => client.introspect(at % 2 ? good : 'nonsense').then((reply) => {
    if (reply.status === 200) assert.equal(reply.json.active, at % 2 === 1);
    return reply;
  });
  await barren(true);
  // Some bytes may be left from the time before.
  const replies = await Promise.all(Array.from({ length: 300 }, (_, at) => (at % 3 ? token() : look(at))));
  for (const reply of replies) {
    assert.ok([200, 500, 503].includes(reply.status), `${reply.status} ${reply.text}`);
    if (reply.status === 500) assertOAuthError(reply, 500, 'server_error');
    if (reply.status === 503) assertOAuthError(reply, 503, 'temporarily_unavailable');
    for (const [name, value] of [['cache-control', 'no-store'], ['x-content-type-options', 'nosniff'], ['x-frame-options', 'DENY']]) {
      assert.equal(reply.headers[name], value);
    }
  }
  assert.ok(replies.some(({ status }) => status === 500));
  await barren(false);
  for (const reply of await Promise.all(Array.from({ length: 20 }, token))) assert.equal(reply.status, 200, reply.text);
  assert.equal(await client.isActive(good), true);
});
