// What a change of an approval takes away, and what that means for what was granted under it.

const SCOPES = ['obo_scopes', 'service_scopes'];

const SCOPE_LOST = 'Grants that have such a scope lose it at their next refresh, for good: approving it again after that does not bring it back. '
  + 'A grant that has no scopes left ends.';
const REFRESH_TOKENS_LOST = 'The refresh tokens that it has as a service end, for good: switching them on again does not bring them back.';

/** What `fields` take from the approval `there`, each with what follows: nothing if it is new, or only gets more. */
export function takenAway(fields, there) {
  if (!there) return [];
  const gone = (name) => there[name].filter((scope) => fields[name]?.includes(scope) === false);
  const scopes = SCOPES.filter((name) => gone(name).length > 0).map((name) => ({ what: `${name}: ${gone(name).join(' ')}`, follows: SCOPE_LOST }));
  const noMore = there.service_refresh_tokens && fields.service_refresh_tokens === false;
  return noMore ? [...scopes, { what: 'service_refresh_tokens', follows: REFRESH_TOKENS_LOST }] : scopes;
}

/** What follows of all this, each said once. */
export const consequencesOf = (taken) => [...new Set(taken.map(({ follows }) => follows))];

/** How to stop an application without a loss. */
export const pauseInstead = (host, clientId) => `To pause it instead, without losing anything: willcall integrations suspend ${host} ${clientId}`;
