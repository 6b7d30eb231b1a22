// What is played on every schedule, and what must hold after each.
import assert from 'node:assert/strict';

import { Calm, HOST } from './calm.mjs';

// Of the 90 seconds that others may take to know of something KV and the caches have 85.
const TOLD_WITHIN_MS = 5000;

const EVENT = `/events/${HOST}`;

async function anEvent(built) {
  const calm = new Calm(built);
  await calm.operate('PUT', EVENT, { name: 'Con' });
  return calm;
}

async function application(calm, approval = {}) {
  const app = await calm.operate('POST', '/applications', { name: 'App', redirect_uris: [], type: 'confidential' });
  await calm.operate('PUT', `${EVENT}/integrations/${app.client_id}`, { service_scopes: ['user:read'], ...approval });
  return app;
}

const put = (calm, app, status) => ({
  name: status, command: 'put_integration', ask: () => calm.operate('PUT', `${EVENT}/integrations/${app.client_id}`, { status }),
});

const setStatus = (calm, person, status) => ({
  name: status, command: 'patch_account', ask: () => calm.operate('PATCH', `${EVENT}/accounts/${person.id}`, { status }),
});

/** An organiser suspends one integration and activates it again, while another suspends another. */
export async function twoIntegrations(built) {
  const calm = await anEvent(built);
  const apps = [await application(calm), await application(calm)];
  const scene = await calm.scene('EventObject', [[put(calm, apps[0], 'suspended'), put(calm, apps[0], 'active')], [put(calm, apps[1], 'suspended')]]);
  return {
    scene,
    check: (platform) => {
      for (const [at, app] of apps.entries()) checkIntegration(platform, app, [platform.clients[at]]);
      checkRest(platform);
    },
  };
}

/** Two organisers change the same integration. */
export async function oneIntegration(built) {
  const calm = await anEvent(built);
  const app = await application(calm);
  const scene = await calm.scene('EventObject', [[put(calm, app, 'suspended')], [put(calm, app, 'active')]]);
  return {
    scene,
    check: (platform) => {
      checkIntegration(platform, app, platform.clients);
      checkRest(platform);
    },
  };
}

/** A person is disabled and enabled again while an integration is suspended. */
export async function onePerson(built) {
  const calm = await anEvent(built);
  const app = await application(calm);
  const person = await calm.operate('POST', `${EVENT}/accounts`, { email: 'one@people.test', name: 'One' });
  const scene = await calm.scene('EventObject', [[setStatus(calm, person, 'disabled'), setStatus(calm, person, 'active')], [put(calm, app, 'suspended')]]);
  return {
    scene,
    check: (platform) => {
      const [client, other] = platform.clients;
      checkStatus(rowOf(platform, 'account/', 'id', person.id).status, [client]);
      // What comes late is what the account’s object has had: it goes by the version.
      const told = platform.told.filter(({ name }) => name.endsWith(person.id)).map(({ command, at }) => ({ ...JSON.parse(command).push.profile, at }));
      const newest = told.reduce((one, next) => (next.version > one.version ? next : one), { version: 0, status: 'active' });
      assert.equal(newest.status, rowOf(platform, 'account/', 'id', person.id).status, 'what the person’s own object was told last');
      // One that was never acknowledged may arrive late, and then there is something newer to tell.
      const isAllAcknowledged = client.outcomes.every(({ isAcknowledged }) => isAcknowledged);
      for (const { command, at } of isAllAcknowledged ? client.outcomes : []) {
        const heard = told.some((each) => each.status === command.name && each.at <= at);
        assert(heard, `${command.name} is acknowledged before the person’s object knows`);
      }
      const since = Math.max(platform.lastDeviation, ...client.outcomes.map(({ at }) => at));
      assert(newest.version === 0 || newest.at - since <= TOLD_WITHIN_MS, `the person’s own object knows ${newest.at - since} ms late`);
      checkIntegration(platform, app, [other]);
      checkRest(platform);
    },
  };
}

/** An event with people is deleted. */
export async function endOfAnEvent(built) {
  const calm = await anEvent(built);
  const app = await application(calm);
  const people = [];
  for (const email of ['one@people.test', 'two@people.test']) people.push(await calm.operate('POST', `${EVENT}/accounts`, { email, name: 'Somebody' }));
  const scene = await calm.scene('EventObject', [[put(calm, app, 'suspended')], [{ name: 'deleted', command: 'close', ask: () => calm.operate('DELETE', EVENT) }]]);
  return {
    scene,
    check: (platform) => {
      const [, { outcomes: [deletion] }] = platform.clients;
      const [key, record] = [...platform.kv].find(([name]) => name.startsWith('DIRECTORY event/'));
      const { deleted } = JSON.parse(record);
      assert(deleted || !deletion.isAcknowledged, 'KV knows that the event is no more');
      checkTime(platform, key, deletion.at);
      for (const { id } of people) {
        const erased = platform.told.some(({ name, command }) => name.endsWith(id) && JSON.parse(command).erase);
        assert.equal(erased, deleted, `${id} is erased with the event, and not without it`);
      }
      checkRest(platform);
    },
  };
}

/** A service revokes two of its tokens. */
export async function revocations(built) {
  const calm = await anEvent(built);
  const app = await application(calm);
  const credentials = { client_id: app.client_id, client_secret: app.client_secret };
  const tokens = [];
  for (let count = 0; count < 3; count += 1) {
    tokens.push((await calm.send('/api/oauth/token', { form: { ...credentials, grant_type: 'client_credentials' } })).access_token);
  }
  const revoke = (at) => ({ name: at, command: 'revoke_lone', ask: () => calm.send('/api/oauth/revoke', { form: { ...credentials, token: tokens[at] } }) });
  const scene = await calm.scene('AccountObject', [[revoke(0), revoke(1)], [revoke(2)]]);
  return {
    scene,
    check: (platform) => {
      for (const client of platform.clients) {
        for (const { command, isAcknowledged, at } of client.outcomes) {
          const { jti } = JSON.parse(Buffer.from(tokens[command.name].split('.')[1], 'base64url'));
          const key = [...platform.kv.keys()].find((each) => each.endsWith(`/${jti}`));
          assert(key || !isAcknowledged, `KV knows of revocation ${command.name}`);
          if (isAcknowledged) checkTime(platform, key, at);
        }
      }
      checkRest(platform);
    },
  };
}

/** A service refreshes, each time with what it got. */
export async function refreshes(built) {
  const calm = await anEvent(built);
  const app = await application(calm, { service_refresh_tokens: true });
  const credentials = { client_id: app.client_id, client_secret: app.client_secret };
  let { refresh_token: token } = await calm.send('/api/oauth/token', { form: { ...credentials, grant_type: 'client_credentials' } });
  const refresh = (name) => ({
    name, command: 'refresh',
    ask: async () => { ({ refresh_token: token } = await calm.send('/api/oauth/token', { form: { ...credentials, grant_type: 'refresh_token', refresh_token: token } })); },
  });
  const scene = await calm.scene('AccountObject', [[refresh(2), refresh(3), refresh(4)]]);
  return {
    scene: { ...scene, stopsUnanswered: true },
    check: ({ storage, kv, life, clients: [{ outcomes }] }) => {
      const [grant] = [...storage.rows].filter(([key]) => key.startsWith('grant/')).map(([, row]) => JSON.parse(row));
      assert.equal(grant.ended, null, 'the grant lives on');
      const acknowledged = outcomes.filter(({ isAcknowledged }) => isAcknowledged);
      for (const { command, reply } of acknowledged) assert.equal(JSON.parse(reply).issued?.generation, command.name, reply);
      const newest = acknowledged.at(-1)?.command.name ?? 1;
      const most = outcomes.length > acknowledged.length ? newest + 1 : newest;
      assert(grant.generation >= newest && grant.generation <= most, `generation ${grant.generation}, not ${newest}`);
      // One that was reset may leave KV as it is until it is asked again, or for a day: nobody relies on it.
      const [, replica] = [...kv].find(([key]) => key.startsWith('REFRESH_TOKENS grant/'));
      if (life === 0) assert.equal(JSON.parse(replica).generation, grant.generation, 'the generation that KV knows');
    },
  };
}

const rowOf = (platform, prefix, field, value) => [...platform.storage.rows]
  .filter(([key]) => key.startsWith(prefix)).map(([, row]) => JSON.parse(row)).find((row) => row[field] === value);

/**
 * The status is what a command made it that was acknowledged, and not before another that was acknowledged too was asked; or
 * what one made it that was never acknowledged: such a one may arrive late.
 */
function checkStatus(status, clients) {
  const outcomes = clients.flatMap((client) => client.outcomes);
  const acknowledged = outcomes.filter(({ isAcknowledged }) => isAcknowledged);
  const last = acknowledged.filter(({ answeredAs }) => acknowledged.every((other) => other.askedAs < answeredAs));
  const may = [...(acknowledged.length > 0 ? last : [{ command: { name: 'active' } }]), ...outcomes.filter(({ isAcknowledged }) => !isAcknowledged)];
  assert(may.some(({ command }) => command.name === status), `${status}, not ${may.map(({ command }) => command.name)}`);
}

function checkIntegration(platform, app, clients) {
  const { status } = rowOf(platform, 'integration/', 'client_id', app.client_id);
  checkStatus(status, clients);
  const [key, value] = [...platform.kv].find(([name]) => name.startsWith('DIRECTORY integration/') && name.endsWith(`/${app.client_id}`));
  assert.equal(JSON.parse(value).status, status, `what KV says of ${app.client_id}`);
  checkTime(platform, key, Math.max(...clients.flatMap(({ outcomes }) => outcomes.map(({ at }) => at))));
}

/** KV has known it since a few seconds after it was answered, or after the last thing that went wrong. */
function checkTime(platform, key, answeredAt) {
  const late = (platform.changedAt.get(key) ?? 0) - Math.max(platform.lastDeviation, answeredAt);
  assert(late <= TOLD_WITHIN_MS, `KV knows ${key} ${late} ms late`);
}

/** Nothing is left to be told, nobody waits, and nothing was done twice but by an object that was reset in between. */
function checkRest(platform) {
  assert(platform.clients.every(({ isAsking, waiting }) => !isAsking && waiting.length === 0), 'every client is answered');
  assert.deepEqual([...platform.storage.rows.keys()].filter((key) => key.startsWith('outbox/')), [], 'notes that are left');
  if (platform.life > 0) return;
  const entries = [...platform.storage.rows.keys()].filter((key) => key.startsWith('audit/')).length - platform.entriesBefore;
  assert(entries <= platform.calls, `${entries} entries in the audit log for ${platform.calls} calls`);
}
