// Products that are broken in known ways, to see that the histories find it. Each stands between a
// location and the objects: it gets a command and a way to ask the object, and gives the answer.

export const THREE_MINUTES_BEHIND = 'a KV that is three minutes behind';

const issued = new Map(); // what was issued, by what was presented

const parsed = (command) => JSON.parse(command);
const only = (name, act) => (command, ask) => (name in asObject(parsed(command)) ? act(parsed(command)[name], ask, command) : ask(command));
const asObject = (value) => (typeof value === 'object' ? value : { [value]: true });

/** Answers a repetition as the first time, whatever the object says: what storage that is behind would do. */
async function twice(key, ask, command) {
  const answer = await ask(command);
  const reply = asObject(parsed(answer));
  if ('issued' in reply) issued.set(key, answer);
  return 'refused' in reply && issued.has(key) ? issued.get(key) : answer;
}

export const SABOTAGES = {
  'a code counts twice': only('redeem', ({ code }, ask, command) => twice(code.g, ask, command)),
  'a refresh token counts twice': only('refresh', ({ grant_id: id, presented }, ask, command) => twice(`${id} ${presented}`, ask, command)),
  'no retry window': only('refresh', (refresh, ask) => ask(JSON.stringify({ refresh: { ...refresh, window: 0 } }))),
  'a retry window without end': only('refresh', (refresh, ask) => ask(JSON.stringify({ refresh: { ...refresh, window: 100_000 } }))),
  'retries of the front are new attempts': (command, ask) => ask(command.replace(/"attempt":"[^"]*"/, () => `"attempt":"${Math.random()}"`)),
  'revocation does nothing': only('revoke_grant', () => JSON.stringify('done')),
  'refused on the word of a replica': only('get_application', () => JSON.stringify({ problem: 'missing' })),
  [THREE_MINUTES_BEHIND]: (command, ask) => ask(command),
};
