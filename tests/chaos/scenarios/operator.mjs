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
      if (name === 'a new application') {
        // Numbers are given out one after another.
        const next = await world.mustOperate(scene.home, ...call(scene));
        if (Number(next.client_id) !== Number(reply.json?.client_id) + 1) wrong.push(`${name}, ${fault}: registered twice`);
      }
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

/** Nor is one that is erased reported as gone before its own object knows. */
export async function erasedOnceKnown(world) {
  for (const [unheard, status] of [[1, 204], [2, 503]]) {
    const scene = await Scene.set(world, { alone: true });
    const grant = await scene.grant();
    await world.env.CORE.deafen(scene.person.id, unheard);
    const reply = await world.operator(scene.home, 'DELETE', person(scene));
    expect(reply.status === status, `unheard ${unheard} times: ${reply.status} ${reply.text}`);
    if (status === 503) {
      const again = await world.operator(scene.away, 'DELETE', person(scene));
      expect(again.status === 204, `asked again: ${again.status} ${again.text}`);
    }
    const refused = await scene.refresh(grant.refresh_token);
    expect(refused.status === 400 && refused.json.error === 'invalid_grant', `at once: ${refused.status} ${refused.text}`);
  }
}

/** What another object must know is answered once it knows: at the second try after one failure, after two with 503. */
export async function answeredOnceKnown(world) {
  const CHANGES = {
    'an approval': [(scene) => ['PUT', scene.integrationPath(), { service_scopes: ['user:read'], service_refresh_tokens: true }], () => 'svc_', 200],
    'an integration that goes': [(scene) => ['DELETE', scene.integrationPath()], () => 'svc_', 204],
    'an event that goes': [(scene) => ['DELETE', `/events/${scene.event.host}`], ({ id }) => id, 204],
  };
  const wrong = [];
  for (const [name, [call, part, status]] of Object.entries(CHANGES)) {
    for (const [unheard, expected] of [[1, status], [2, 503], [3, 503]]) {
      const scene = await Scene.set(world, { alone: true });
      const event = await world.mustOperate(scene.home, 'GET', `/events/${scene.event.host}`);
      await world.env.CORE.deafen(part(event), unheard);
      const reply = await world.operator(scene.home, ...call(scene));
      // An alarm may have been heard meanwhile, but never before a try of the call.
      if (reply.status !== expected) wrong.push(`${name}, not heard ${unheard} times: ${reply.status} ${reply.text.slice(0, 120)}`);
      await world.env.CORE.hearing();
      if (name !== 'an approval' || expected === 503) continue;
      const begun = await scene.post('/api/oauth/token', { grant_type: 'client_credentials' }, { at: scene.far });
      if (begun.status !== 200) wrong.push(`${name}: at once ${begun.status} ${begun.text.slice(0, 120)}`);
    }
  }
  expect(wrong.length === 0, wrong.join('\n'));
}

/** A person's object that does not answer holds up what is changed about that person, and nothing else. */
export async function oneIsSilent(world) {
  const scene = await Scene.set(world, { alone: true });
  const { host } = scene.event;
  const other = await world.mustOperate(scene.home, 'POST', `/events/${host}/accounts`, { email: 'other@people.test', name: 'Somebody' });
  const change = (path, body, method = 'PATCH') => world.operator(scene.away, method, path, body);
  await world.env.CORE.deafen(scene.person.id, 'silent');
  const disabled = world.operator(scene.home, 'PATCH', person(scene), { status: 'disabled' });
  const asked = {
    'another person': change(`/events/${host}/accounts/${other.id}`, { name: 'Other' }),
    'a new person': change(`/events/${host}/accounts`, { email: 'late@people.test', name: 'Late' }, 'POST'),
    'an approval': change(scene.integrationPath(), { obo_scopes: ['pii:basic'] }, 'PUT'),
    'the event': change(`/events/${host}`, { retry_window: 20 }, 'PUT'),
    'a new application': change('/applications', { name: 'One', description: '', website: 'https://a.test/', redirect_uris: [], type: 'confidential' }, 'POST'),
  };
  const heldUp = new Set(Object.keys(asked));
  for (const [name, reply] of Object.entries(asked)) reply.then(() => heldUp.delete(name));
  let answered = false;
  disabled.then(() => { answered = true; });
  for (let turns = 0; heldUp.size > 0 && turns < 1000; turns += 1) await scheduler.wait(5);
  const [names, early] = [[...heldUp], answered];
  await world.env.CORE.hearing();
  expect(names.length === 0, `held up: ${names}`);
  expect(!early, 'the silent one is waited for');
  for (const [name, asking] of Object.entries({ ...asked, 'the silent one, in the end': disabled })) {
    const reply = await asking;
    expect(reply.status < 300, `${name}: ${reply.status} ${reply.text}`);
  }
}
