import { bodyOf, nullable, number, text } from '../arguments.mjs';
import { endedByIdleness } from '../idle.mjs';
import { path } from '../operator-api.mjs';
import { confirmByName, print, record, remark, table } from '../terminal.mjs';
import { MOST, YES, saved } from './common.mjs';

const COLUMNS = ['host', 'name', 'created_at'];

async function list({ api, out, most }) {
  const events = await api.items('/events', { most });
  out(events, () => table(events, COLUMNS, 'There are no events yet. To create one: willcall events put HOST --name NAME'));
}

async function show({ api, out, operands: [host] }) {
  const event = await api.get(path`/events/${host}`);
  const scopes = await api.items(path`/events/${host}/scopes`);
  const roles = await api.items(path`/events/${host}/roles`);
  out({ ...event, scopes, roles }, () => {
    record(event);
    print();
    table(scopes, ['name', 'title', 'modes', 'sensitive', 'permission'], 'It has no scopes.');
    print();
    table(roles, ['name', 'title', 'permissions'], 'It has no roles.');
  });
}

const put = {
  words: ['events', 'put'],
  summary: 'creates an event, or changes its settings',
  operands: ['HOST'],
  options: {
    name: text('name', 'TEXT', 'the name people know the event by; required for a new one'),
    'retry-window': number('retry_window', 'seconds within which a refresh can be repeated, 0 to 60'),
    'refresh-idle-days': nullable('never', number('refresh_idle_days', 'days without use after which a grant ends')),
    'pat-max-days': nullable('none', number('pat_max_days', 'the most days a personal access token can last; none: no limit')),
    accent: nullable('none', text('accent', '#RRGGBB', 'the colour of the band at the top of its pages')),
    ...YES,
  },
  async run({ api, out, values, operands: [host] }) {
    const body = bodyOf(put, values);
    const ended = endedByIdleness(body, await api.find(path`/events/${host}`));
    if (ended) await confirmByName(values.yes, ended, host);
    saved(out, await api.put(path`/events/${host}`, body));
  },
};

async function remove({ api, values, operands: [host] }) {
  const event = await api.get(path`/events/${host}`);
  await confirmByName(values.yes, `This deletes the event "${event.name}" with all its accounts, grants and approvals.`, event.host);
  await api.delete(path`/events/${host}`);
  remark(`Deleted ${event.host}.`);
}

export default [
  { words: ['events', 'list'], summary: 'lists the events', operands: [], options: MOST, run: list },
  { words: ['events', 'show'], summary: 'shows an event with its scopes and roles', operands: ['HOST'], options: {}, run: show },
  put,
  { words: ['events', 'delete'], summary: 'deletes an event and everything in it', operands: ['HOST'], options: YES, run: remove },
];
