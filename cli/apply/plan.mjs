// What has to be done for an event to be as described: changes, to be shown, and steps, to be taken in
// an order in which nothing is needed before it is there, or removed while it is in use.

import { path } from '../operator-api.mjs';
import { changedFields, inWords } from './difference.mjs';
import { isBuiltIn } from './state.mjs';

/**
 * `{changes, steps, kept, guessed, faults}`. A change is `{sign, what, details}`; a step is called with the API and
 * the applications registered so far. `kept` is what the description does not have and pruning would remove,
 * `guessed` the applications known by their names only.
 */
export function planOf(description, state, prune) {
  const plan = { host: description.event.host, prune, changes: [], steps: [], kept: [], guessed: [], faults: [] };
  const applications = matchApplications(description, state, plan);
  planEvent(plan, description.event, state.event);
  const catalogue = planScopes(plan, description.scopes, state.scopes);
  planApplications(plan, applications);
  planRoles(plan, description.roles, state.roles);
  planIntegrations(plan, description.integrations, { state, applications, catalogue });
  if (catalogue.removed.length > 0) plan.steps.push((api) => replace(api, plan.host, 'scopes', [], catalogue.removed));
  return plan;
}

function planEvent(plan, { host, ...settings }, there) {
  const fields = changedFields(settings, there);
  if (there && Object.keys(fields).length === 0) return;
  if (!there && !settings.name) plan.faults.push('event.name is missing: a new event needs it.');
  plan.changes.push({ sign: there ? '~' : '+', what: `event ${host}`, details: inWords(fields, there) });
  plan.steps.push((api) => api.put(path`/events/${host}`, fields));
}

// -- Scopes and roles ---------------------------------------------------------------------------

/** Answers with the catalogue as it will be, and the names of those that go. */
function planScopes(plan, wanted, there) {
  wanted?.forEach((scope, index) => {
    if (there.some(({ name }) => name === scope.name)) return;
    for (const field of ['title', 'modes']) {
      if (scope[field] === undefined) plan.faults.push(`scopes[${index}].${field} is missing: a new scope needs it.`);
    }
  });
  const removed = planNamed(plan, 'scope', wanted, there, ({ name }) => !isBuiltIn(name));
  const merged = merge(there, wanted ?? []);
  return { scopes: merged.filter(({ name }) => !removed.includes(name)), removed };
}

function planRoles(plan, wanted, there) {
  const removed = planNamed(plan, 'role', wanted, there, () => true);
  if (removed.length > 0) plan.steps.push((api) => replace(api, plan.host, 'roles', [], removed));
}

/** Plans a list that is known by names, except for removing; answers with the names to remove. */
function planNamed(plan, word, wanted, there, mayGo) {
  if (!wanted) return [];
  const changed = [];
  for (const item of wanted) {
    const before = there.find(({ name }) => name === item.name);
    const fields = changedFields(item, before);
    if (before && Object.keys(fields).length === 0) continue;
    const { name, ...rest } = fields;
    plan.changes.push({ sign: before ? '~' : '+', what: `${word} ${item.name}`, details: inWords(rest, before) });
    changed.push(item);
  }
  if (changed.length > 0) plan.steps.push((api) => replace(api, plan.host, `${word}s`, changed, []));
  const absent = there.filter((item) => mayGo(item) && !wanted.some(({ name }) => name === item.name)).map(({ name }) => name);
  return remove(plan, absent, (name) => `${word} ${name}`);
}

/** Of what a description does not have: all, if it is to be pruned, and none otherwise. */
function remove(plan, absent, inWord) {
  if (!plan.prune) {
    plan.kept.push(...absent.map(inWord));
    return [];
  }
  for (const each of absent) plan.changes.push({ sign: '-', what: inWord(each), details: [] });
  return absent;
}

/**
 * These lists are put as a whole. What is there is read once more just before, so that whatever somebody else
 * added meanwhile stays.
 */
async function replace(api, host, list, changed, removed) {
  const target = `${path`/events/${host}`}/${list}`;
  const items = merge(await api.items(target), changed).filter(({ name }) => !removed.includes(name));
  await api.put(target, items.map((item) => Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null))));
}

function merge(there, changed) {
  const merged = new Map(there.map((item) => [item.name, item]));
  for (const item of changed) merged.set(item.name, { ...merged.get(item.name), ...item });
  return [...merged.values()];
}

// -- Applications -------------------------------------------------------------------------------

/** Each application of the description with the one it is, if there is one. */
function matchApplications({ applications = [] }, state, plan) {
  const taken = new Set();
  return applications.map((wanted, index) => {
    const at = `applications[${index}]`;
    const found = state.applications.filter((each) => (wanted.client_id ? each.client_id === wanted.client_id : each.name === wanted.name));
    if (wanted.client_id && found.length === 0) {
      plan.faults.push(`${at}.client_id: there is no application ${wanted.client_id}. Leave client_id out to register a new one: its id is given by the server.`);
    }
    if (found.length > 1) {
      plan.faults.push(`${at}: there are several applications of this name (${found.map((each) => each.client_id).join(', ')}). Say which with client_id.`);
    }
    const [there] = found;
    if (there && wanted.type && wanted.type !== there.type) {
      plan.faults.push(`${at}.type: application ${there.client_id} is ${there.type}, which is fixed. Register another under another name.`);
    }
    for (const field of there || wanted.client_id ? [] : ['type', 'redirect_uris']) {
      if (wanted[field] === undefined) plan.faults.push(`${at}.${field} is missing: a new application needs it.`);
    }
    if (there && taken.has(there)) plan.faults.push(`${at} is application ${there.client_id}, which is there already.`);
    taken.add(there);
    if (there && !wanted.client_id) plan.guessed.push(there);
    return { wanted, there };
  });
}

function planApplications(plan, applications) {
  for (const { wanted: { client_id, ...wanted }, there } of applications) {
    const fields = changedFields(wanted, there);
    if (there && Object.keys(fields).length > 0) {
      plan.changes.push({ sign: '~', what: `application ${there.name} (${there.client_id})`, details: inWords(fields, there) });
      plan.steps.push((api) => api.patch(path`/applications/${there.client_id}`, fields));
    }
    if (there) continue;
    const { name, ...details } = fields;
    plan.changes.push({ sign: '+', what: `application ${name}`, details: inWords(details) });
    plan.steps.push((api, registered) => register(api, registered, wanted));
  }
}

async function register(api, registered, { status, ...wanted }) {
  const application = await api.post('/applications', { description: '', website: null, ...wanted });
  registered.add(application);
  if (status === 'suspended') await api.patch(path`/applications/${application.client_id}`, { status });
}

// -- Integrations -------------------------------------------------------------------------------

function planIntegrations(plan, wanted, { state, applications, catalogue }) {
  const nameOf = (id) => `integration of ${state.applications.find((each) => each.client_id === id)?.name} (${id})`;
  if (!wanted) {
    for (const there of state.integrations) checkRemoved(plan, nameOf(there.client_id), there, catalogue);
    return;
  }
  const named = new Set();
  wanted.forEach(({ application: name, client_id, ...approval }, index) => {
    const at = `integrations[${index}]`;
    const match = applications.find((each) => (name === undefined ? each.there?.client_id === client_id : each.wanted.name === name));
    const application = match?.there ?? state.applications.find((each) => each.client_id === client_id);
    if (client_id && !application) {
      plan.faults.push(`${at}.client_id: there is no application ${client_id}.`);
      return;
    }
    if (named.has(application?.client_id)) plan.faults.push(`${at} is of an application that another integration is of.`);
    if (application) named.add(application.client_id);
    const there = state.integrations.find((each) => each.client_id === application?.client_id);
    checkApproval(plan, at, approval, catalogue);
    checkRemoved(plan, at, { ...there, ...approval }, catalogue);
    const fields = changedFields(there ? approval : { obo_scopes: [], service_scopes: [], ...approval }, there);
    if (there && Object.keys(fields).length === 0) return;
    const what = application ? nameOf(application.client_id) : `integration of ${name}`;
    plan.changes.push({ sign: there ? '~' : '+', what, details: inWords(fields, there) });
    plan.steps.push((api, registered) => {
      const id = application?.client_id ?? registered.idOf(name);
      return api.put(path`/events/${plan.host}/integrations/${id}`, fields);
    });
  });
  const absent = state.integrations.map((each) => each.client_id).filter((id) => !named.has(id));
  for (const id of remove(plan, absent, nameOf)) {
    plan.steps.push((api) => api.delete(path`/events/${plan.host}/integrations/${id}`));
  }
}

const MODES = [['obo_scopes', 'obo'], ['service_scopes', 'service']];

/** What a description approves must be there to be approved. */
function checkApproval(plan, at, approval, { scopes, removed }) {
  for (const [field, mode] of MODES) {
    for (const name of approval[field] ?? []) {
      if (removed.includes(name)) continue;
      const scope = scopes.find((each) => each.name === name);
      if (!scope) plan.faults.push(`${at}.${field}: ${name} is not a scope of this event.`);
      else if (scope.modes?.includes(mode) === false) plan.faults.push(`${at}.${field}: ${name} does not have the mode ${mode}.`);
    }
  }
}

/** What goes must not be approved for anybody who stays: the server would refuse it half-way. */
function checkRemoved(plan, at, approval, { removed }) {
  for (const [field] of MODES) {
    const still = (approval[field] ?? []).filter((name) => removed.includes(name));
    if (still.length > 0) plan.faults.push(`${at} would keep ${still.join(' ')} in ${field}, which pruning removes from the scopes.`);
  }
}
