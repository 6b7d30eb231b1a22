// The operator API while objects fail: the front's own retry must not turn one call into two.
import { Scene, expect } from './scene.mjs';

const FAULTS = ['rolled back', 'answer lost', 'evicted'];

const person = (scene) => `/events/${scene.event.host}/accounts/${scene.person.id}`;

/** What is asked: the kind of object, the call, and the status it has without any fault. */
const CALLS = {
  'a new account': ['event', (scene) => ['POST', `/events/${scene.event.host}/accounts`, { email: 'new@people.test', name: 'New' }], 201],
  'a changed account': ['event', (scene) => ['PATCH', person(scene), { name: 'Other' }], 200],
  'an account that is erased': ['event', (scene) => ['DELETE', person(scene)], 204],
  'an integration that changes': ['event', (scene) => ['PUT', scene.integrationPath(), { obo_scopes: ['pii:basic'], service_scopes: [] }], 200],
  'an integration that goes': ['event', (scene) => ['DELETE', scene.integrationPath()], 204],
  'a new application': ['platform', () => ['POST', '/applications', { name: 'One', description: '', website: 'https://a.test/', redirect_uris: [], type: 'confidential' }], 201],
  'a changed application': ['platform', (scene) => ['PATCH', `/applications/${scene.app.id}`, { name: 'Other' }], 200],
  'a second secret': ['platform', (scene) => ['POST', `/applications/${scene.app.id}/secrets`], 201],
  'a secret that goes': ['platform', (scene) => ['DELETE', `/applications/${scene.app.id}/secrets/${scene.app.secrets[0].id}`], 204],
  'an application that goes': ['platform', (scene) => ['DELETE', `/applications/${scene.app.id}`], 204],
  'a new event': ['platform', (scene) => ['PUT', `/events/new-${scene.event.host}`, { name: 'New' }], 201],
  'an event that goes': ['platform', (scene) => ['DELETE', `/events/${scene.event.host}`], 204],
};

/** What the calls came to, where that is not what it is without a fault. */
export async function failingForOperators(world) {
  const wrong = [];
  for (const [name, [kind, call, status]] of Object.entries(CALLS)) {
    for (const fault of FAULTS) {
      const scene = await Scene.set(world, { alone: true });
      const [method, path, body] = call(scene);
      const reply = await world.operator(scene.home, method, path, body, { plan: { [kind]: [fault] } });
      if (reply.status !== status) wrong.push(`${name}, ${fault}: ${reply.status} ${reply.text.slice(0, 120)}`);
    }
  }
  expect(wrong.length === 0, wrong.join('\n'));
}

/** The event's object tells an account of a change before the organiser is answered; that call may fail too. */
export async function tellingFails(world) {
  const scene = await Scene.set(world, { alone: true });
  const grant = await scene.grant();
  const reply = await world.operator(scene.home, 'PATCH', person(scene), { status: 'disabled' }, { plan: { event: ['answer lost', 'evicted'] } });
  expect(reply.status === 503 && Number(reply.headers.get('retry-after')) >= 1, `503: ${reply.status} ${reply.text}`);
  const again = await world.operator(scene.away, 'PATCH', person(scene), { status: 'disabled' });
  expect(again.status === 200, `again: ${again.status} ${again.text}`);
  const refused = await scene.refresh(grant.refresh_token);
  expect(refused.status === 400 && refused.json.error === 'invalid_grant', `at once: ${refused.status} ${refused.text}`);
}
