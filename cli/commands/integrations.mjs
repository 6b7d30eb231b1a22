import { consequencesOf, pauseInstead, takenAway } from '../approval.mjs';
import { bodyOf, flag, names, oneOf } from '../arguments.mjs';
import { path } from '../operator-api.mjs';
import { confirmByName, plain, remark, table } from '../terminal.mjs';
import { MOST, YES, saved } from './common.mjs';

const OPERANDS = ['HOST', 'CLIENT_ID'];
const COLUMNS = ['client_id', 'application', 'status', 'obo_scopes', 'service_scopes', 'service_refresh_tokens', 'last_used_on'];

async function list({ api, out, most, operands: [host] }) {
  const integrations = await api.items(path`/events/${host}/integrations`, { most });
  const rows = integrations.map(({ application_name, application_status, status, ...rest }) => ({
    ...rest, application: application_name, status: application_status === 'suspended' ? 'suspended at every event' : status,
  }));
  out(integrations, () => table(rows, COLUMNS, 'No application is approved at this event.'));
}

async function show({ api, out, operands: [host, clientId] }) {
  saved(out, await api.get(path`/events/${host}/integrations/${clientId}`));
}

const put = {
  words: ['integrations', 'put'],
  summary: 'approves an application at an event, or changes its approval',
  operands: OPERANDS,
  options: {
    'obo-scopes': names('obo_scopes', 'what it may ask people for; "" for nothing'),
    'service-scopes': names('service_scopes', 'what it may do as a service; "" for nothing'),
    'service-refresh-tokens': flag('service_refresh_tokens', 'give it refresh tokens as a service; --no-service-refresh-tokens to switch them off'),
    status: oneOf('status', ['active', 'suspended'], 'suspended: its tokens are paused, but what people granted is kept'),
    ...YES,
  },
  async run({ api, out, values, operands: [host, clientId] }) {
    const target = path`/events/${host}/integrations/${clientId}`;
    const body = bodyOf(put, values);
    const there = await api.find(target);
    const taken = takenAway(body, there);
    if (taken.length > 0) await confirmTaking(values, host, there, taken);
    saved(out, await api.put(target, body));
  },
};

/** Said even where nobody is asked: it stands in the log of a script then. */
async function confirmTaking(values, host, { client_id, application_name }, taken) {
  remark(`This takes away from application ${plain(application_name)} (${client_id}) at ${host}:`);
  for (const { what } of taken) remark(`  ${plain(what)}`);
  for (const consequence of consequencesOf(taken)) remark(consequence);
  remark(pauseInstead(host, client_id));
  await confirmByName(values.yes, 'What is taken away comes back only with a new authorization.', application_name);
}

async function remove({ api, values, operands: [host, clientId] }) {
  await api.get(path`/events/${host}/integrations/${clientId}`);
  const { name } = await api.get(path`/applications/${clientId}`);
  await confirmByName(values.yes, `This ends all grants and tokens of application ${clientId} at ${host}.`, name);
  await api.delete(path`/events/${host}/integrations/${clientId}`);
  remark(`Application ${clientId} is no longer approved at ${host}.`);
}

const settingStatus = (status) => async ({ api, out, operands: [host, clientId] }) => {
  const target = path`/events/${host}/integrations/${clientId}`;
  // A PUT of what is not there would approve it.
  await api.get(target);
  saved(out, await api.put(target, { status }));
};

export default [
  { words: ['integrations', 'list'], summary: 'lists the applications approved at an event', operands: ['HOST'], options: MOST, run: list },
  { words: ['integrations', 'show'], summary: 'shows what an application is approved for', operands: OPERANDS, options: {}, run: show },
  put,
  { words: ['integrations', 'delete'], summary: 'withdraws the approval, for good', operands: OPERANDS, options: YES, run: remove },
  { words: ['integrations', 'suspend'], summary: 'pauses an application at an event', operands: OPERANDS, options: {}, run: settingStatus('suspended') },
  { words: ['integrations', 'resume'], summary: 'lets a paused application continue', operands: OPERANDS, options: {}, run: settingStatus('active') },
];
