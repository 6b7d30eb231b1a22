// What several commands share.

import { integer } from '../arguments.mjs';
import { EXIT, Fault, wrongUsage } from '../fault.mjs';
import { path } from '../operator-api.mjs';
import { print, record } from '../terminal.mjs';

/** For what cannot be undone. */
export const YES = { yes: { type: 'boolean', help: 'continue without being asked' } };

/** For lists. */
export const MOST = { most: { value: 'N', help: 'show at most N' } };

export function readMost({ most }, otherwise = Infinity) {
  if (most === undefined) return otherwise;
  const number = integer(most, 'most');
  if (number === 0) throw wrongUsage('--most must be 1 or more.');
  return number;
}

export function saved(out, resource) {
  out(resource, () => record(resource));
}

/** An account by its id, or by its e-mail address: that of people, who know no ids. */
export function findAccount(api, host, account) {
  return account.includes('@') ? accountOf(api, host, account) : api.get(path`/events/${host}/accounts/${account}`);
}

export async function accountOf(api, host, email) {
  const [account] = email ? await api.items(path`/events/${host}/accounts`, { query: { email }, most: 1 }) : [];
  // What is done to the account may be final, so it had better be the right one.
  if (account?.email.toLowerCase() !== email.trim().toLowerCase()) {
    throw new Fault(EXIT.refused, `There is no account with this email address at ${host}.`);
  }
  return account;
}

/** Rows that have a `client_id`, each with its application's name beside it; empty if that is deleted. */
export async function withNames(api, rows) {
  const applications = rows.length > 0 ? await api.items('/applications') : [];
  const names = new Map(applications.map(({ client_id, name }) => [client_id, name]));
  return rows.map((row) => ({ ...row, application: names.get(row.client_id) }));
}

/** A client secret, the one time there is to see it. */
export function showSecret({ client_id, secret_id, client_secret }) {
  record({ client_id, secret_id, client_secret });
  print('\nThe secret is shown only now, and Willcall keeps no copy of it. Store it where the application reads it.');
}
