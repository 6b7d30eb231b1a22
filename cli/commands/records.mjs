// What there is to look up: grants, the audit log, usage.

import { path } from '../operator-api.mjs';
import { confirmByName, remark, table } from '../terminal.mjs';
import { MOST, YES, findAccount, withNames } from './common.mjs';

// A log of an event has tens of thousands of entries; the newest are asked for.
const NEWEST = 50;

async function listGrants({ api, out, most, operands: [host, account] }) {
  const { id } = await findAccount(api, host, account);
  const grants = await api.items(path`/events/${host}/accounts/${id}/grants`, { most });
  await out(grants, async () => table(await withNames(api, grants), ['id', 'client_id', 'application', 'scope', 'created_at', 'last_used_at'], 'This account has no grants.'));
}

async function endGrant({ api, values, operands: [host, account, grant] }) {
  const { id, email } = await findAccount(api, host, account);
  await confirmByName(values.yes, `The application loses what ${email} granted it with this grant, until they authorize it again.`, email);
  await api.delete(path`/events/${host}/accounts/${id}/grants/${grant}`);
  remark(`Ended ${grant}.`);
}

async function audit({ api, out, most, operands: [host] }) {
  const entries = await api.items(path`/events/${host}/audit`, { most });
  const rows = entries.map(({ at, type, actor, ...detail }) => ({ at, type, actor, detail }));
  out(entries, () => table(rows, ['at', 'type', 'actor', 'detail'], 'The log is empty.'));
}

async function usage({ api, out, most, values, operands: [host] }) {
  const { 'client-id': client_id, from, to } = values;
  const query = Object.fromEntries(Object.entries({ client_id, from, to }).filter(([, value]) => value !== undefined));
  const days = await api.items(path`/events/${host}/usage`, { query, most });
  await out(days, async () => table(await withNames(api, days), ['day', 'client_id', 'application', 'tokens', 'calls', 'refusals'], 'No usage recorded.'));
}

export default [
  { words: ['grants', 'list'], summary: 'lists what a person has granted to applications', operands: ['HOST', 'ACCOUNT'], options: MOST, run: listGrants },
  { words: ['grants', 'end'], summary: 'ends a grant', operands: ['HOST', 'ACCOUNT', 'GRANT_ID'], options: YES, run: endGrant },
  { words: ['audit'], summary: `shows the audit log, newest first (the last ${NEWEST})`, operands: ['HOST'], options: MOST, most: NEWEST, run: audit },
  {
    words: ['usage'],
    summary: 'shows tokens, calls and refusals by application and day',
    operands: ['HOST'],
    options: {
      ...MOST,
      'client-id': { value: 'ID', help: 'only this application' },
      from: { value: 'YYYY-MM-DD', help: 'the first day to show' },
      to: { value: 'YYYY-MM-DD', help: 'the last day to show' },
    },
    run: usage,
  },
];
