// What has to be done for an event to be as described: changes, to be shown, and steps, to be taken in
// an order in which nothing is needed before it is there, or removed while it is in use.

import { takenAway } from '../approval.mjs';
import { endedByIdleness } from '../idle.mjs';
import { path } from '../operator-api.mjs';
import { changedFields, inWords } from './difference.mjs';
import { isBuiltIn } from './state.mjs';

/**
 * `{changes, steps, kept, guessed, narrowed, ended, faults}`. A change is `{sign, what, details}`; a step is called with the API and
 * the applications registered so far. `kept` is what the description does not have and pruning would remove,
 * `guessed` the applications known by their names only, `narrowed` the approvals from which something is taken,
 * `ended` what is said of grants that end.
 */
export function planOf(description, state, prune) {
  const plan = { host: description.event.host, prune, changes: [], steps: [], kept: [], guessed: [], narrowed: [], ended: [], faults: [] };
  const applications = matchApplications(description, state, plan);
  planEvent(plan, description.event, state.event);
  const { catalogue, narrow } = planScopes(plan, description.scopes, state.scopes);
  planApplications(plan, applications);
  planRoles(plan, description.roles, state.roles);
  planIntegrations(plan, description.integrations, { state, applications, catalogue });
  plan.steps.push(...narrow);
  return plan;
}

function planEvent(plan, { host, ...settings }, there) {
  const fields = changedFields(settings, there);
  if (there && Object.keys(fields).length === 0) return;
  const ended = endedByIdleness(fields, there);
  if (ended) plan.ended.push(ended);
  if (!there && !settings.name) plan.faults.push('event.name is missing: a new event needs it.');
  plan.changes.push({ sign: there ? '~' : '+', what: `event ${host}`, details: inWords(fields, there) });
  plan.steps.push((api) => api.put(path`/events/${host}`, fields));
}

// -- Scopes and roles ---------------------------------------------------------------------------

/**
 * Answers with the catalogue as it will be, and the step that takes from it, for which it is too early: a scope, or a
 * mode of one, that is approved for somebody cannot go.
 */
function planScopes(plan, wanted, there) {
  if (!wanted) return { catalogue: there, narrow: [] };
  const before = ({ name }) => there.find((scope) => scope.name === name);
  wanted.forEach((scope, index) => {
    for (const field of before(scope) ? [] : ['title', 'modes']) {
      if (scope[field] === undefined) plan.faults.push(`scopes[${index}].${field} is missing: a new scope needs it.`);
    }
    if (scope.modes?.length === 0) plan.faults.push(`scopes[${index}].modes must have obo, service or both.`);
    if (isBuiltIn(scope.name) && changedFields(scope, before(scope)).modes) {
      plan.faults.push(`scopes[${index}].modes: the modes of the built-in ${scope.name} cannot be changed.`);
    }
  });
  const { changed, removed } = planNamed(plan, 'scope', wanted, there, ({ name }) => !isBuiltIn(name));
  const lost = (scope) => (scope.modes && before(scope)?.modes.filter((mode) => !scope.modes.includes(mode))) ?? [];
  const widened = changed.map((scope) => (lost(scope).length > 0 ? { ...scope, modes: [...scope.modes, ...lost(scope)] } : scope));
  const narrowed = changed.filter((scope) => lost(scope).length > 0);
  if (changed.length > 0) plan.steps.push((api) => replace(api, plan.host, 'scopes', widened, []));
  const narrow = narrowed.length + removed.length > 0 ? [(api) => replace(api, plan.host, 'scopes', narrowed, removed)] : [];
  return { catalogue: merge(there, wanted).filter(({ name }) => !removed.includes(name)), narrow };
}

function planRoles(plan, wanted, there) {
  if (!wanted) return;
  const { changed, removed } = planNamed(plan, 'role', wanted, there, () => true);
  if (changed.length + removed.length > 0) plan.steps.push((api) => replace(api, plan.host, 'roles', changed, removed));
}

/** The changes of a list that is known by names: what is changed or new, and the names of what goes. */
function planNamed(plan, word, wanted, there, mayGo) {
  const changed = wanted.filter((item) => {
    const before = there.find(({ name }) => name === item.name);
    const { name, ...fields } = changedFields(item, before);
    if (before && Object.keys(fields).length === 0) return false;
    plan.changes.push({ sign: before ? '~' : '+', what: `${word} ${item.name}`, details: inWords(fields, before) });
    return true;
  });
  const absent = there.filter((item) => mayGo(item) && !wanted.some(({ name }) => name === item.name)).map(({ name }) => name);
  return { changed, removed: remove(plan, absent, (name) => `${word} ${name}`) };
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
      plan.faults.push(`${at}.client_id: there is no application ${wanted.client_id}. To register a new one, leave client_id out: the server chooses the id.`);
    }
    if (found.length > 1) {
      plan.faults.push(`${at}: there are several applications with this name (${found.map((each) => each.client_id).join(', ')}). Add client_id to say which one.`);
    }
    const [there] = found;
    if (there && wanted.type && wanted.type !== there.type) {
      plan.faults.push(`${at}.type: application ${there.client_id} is ${there.type}, and its type cannot be changed. Register a new one under another name.`);
    }
    for (const field of there || wanted.client_id ? [] : ['type', 'redirect_uris']) {
      if (wanted[field] === undefined) plan.faults.push(`${at}.${field} is missing: a new application needs it.`);
    }
    if (there && taken.has(there)) plan.faults.push(`${at} is application ${there.client_id}, which is already in this file.`);
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
    for (const there of state.integrations) checkApproval(plan, nameOf(there.client_id), there, catalogue);
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
    if (named.has(application?.client_id)) plan.faults.push(`${at} is for the same application as another integration.`);
    if (application) named.add(application.client_id);
    const there = state.integrations.find((each) => each.client_id === application?.client_id);
    checkApproval(plan, at, { ...there, ...approval }, catalogue);
    const fields = changedFields(there ? approval : { obo_scopes: [], service_scopes: [], ...approval }, there);
    if (there && Object.keys(fields).length === 0) return;
    const what = application ? nameOf(application.client_id) : `integration of ${name}`;
    plan.changes.push({ sign: there ? '~' : '+', what, details: inWords(fields, there) });
    const taken = takenAway(fields, there);
    if (taken.length > 0) plan.narrowed.push({ what, clientId: there.client_id, taken });
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

/** What is approved in the end, given or kept, must be there in the end: the server would refuse it half-way. */
function checkApproval(plan, at, approval, catalogue) {
  for (const [field, mode] of [['obo_scopes', 'obo'], ['service_scopes', 'service']]) {
    for (const name of approval[field] ?? []) {
      const scope = catalogue.find((each) => each.name === name);
      if (!scope) plan.faults.push(`${at}: ${field} would have ${name}, which would not be one of the event's scopes.`);
      else if (scope.modes?.includes(mode) === false) plan.faults.push(`${at}: ${field} would have ${name}, which would not have the mode ${mode}.`);
    }
  }
}
