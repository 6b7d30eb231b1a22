// What there is now, as far as a description can change it.

import { path } from '../operator-api.mjs';

/** The scopes that every event has, with their modes, which are fixed. */
const BUILT_IN = [
  { name: 'pii:basic', modes: ['obo'] },
  { name: 'pii:email', modes: ['obo'] },
  { name: 'token:introspect', modes: ['service'] },
  { name: 'user:read', modes: ['service'] },
  { name: 'user:roles', modes: ['obo'] },
];

export const isBuiltIn = (scope) => BUILT_IN.some(({ name }) => name === scope);

export async function readState(api, host) {
  const event = await api.find(path`/events/${host}`);
  const applications = await api.items('/applications');
  if (!event) return { scopes: BUILT_IN, roles: [], applications, integrations: [] };
  return {
    event,
    scopes: await api.items(path`/events/${host}/scopes`),
    roles: await api.items(path`/events/${host}/roles`),
    applications,
    integrations: await api.items(path`/events/${host}/integrations`),
  };
}
