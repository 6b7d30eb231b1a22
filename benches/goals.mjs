// What Willcall is to reach, as ratios of CPU per request within one run.

/** Each: what is compared, with the cheapest of what, and the ratio at most. */
const GOALS = [
  { what: 'client_credentials, warm', path: 'willcall/client_credentials', with: 'constant JS worker', of: ['floor/js'], most: 2 },
  {
    what: 'client_credentials, warm', path: 'willcall/client_credentials', with: 'best peer', most: 0.5,
    of: ['openauth-kept/client_credentials', 'openauth-made-per-request/client_credentials', 'oidc-provider/client_credentials'],
  },
  { what: 'API check, warm', path: 'willcall/bearer', with: 'constant JS worker', of: ['floor/js'], most: 2 },
  { what: 'introspection', path: 'willcall/introspection', with: 'JS object worker', of: ['floor/object'], most: 1.5 },
  { what: 'refresh, KV writes dropped', path: 'null-kv/refresh', with: 'JS object worker', of: ['floor/object-by-turns'], most: 1.5 },
  { what: 'code exchange, KV writes dropped', path: 'null-kv/exchange', with: 'JS object worker', of: ['floor/object-by-turns'], most: 1.5 },
  { what: 'refresh, all in', path: 'willcall/refresh', with: 'workers-oauth-provider', of: ['workers-oauth-provider/refresh'], most: 0.5 },
  { what: 'code exchange, all in', path: 'willcall/exchange', with: 'workers-oauth-provider', of: ['workers-oauth-provider/exchange'], most: 0.5 },
  { what: 'authorization page, signed in', path: 'willcall/page', with: 'JS object worker', of: ['floor/object'], most: 3 },
];

/** The goals with their ratios in these rows. */
export function judge(rows) {
  const cpu = (id) => rows.find((row) => row.id === id).cpu;
  return GOALS.map(({ what, path, with: against, of, most }) => {
    const ratio = cpu(path) / Math.min(...of.map(cpu));
    return { what, against, ratio, most, reached: ratio <= most };
  });
}

/**
 * What the simulator that stands in for KV takes of a path that writes to it once, by two ways: its measured
 * cost taken away, and a run in which the writes are dropped.
 */
export function kvShare(rows) {
  const cpu = (id) => rows.find((row) => row.id === id).cpu;
  const put = cpu('floor/kv-put') - cpu('floor/js');
  return ['refresh', 'exchange'].map((path) => ({
    path, allIn: cpu(`willcall/${path}`), put, lessPut: cpu(`willcall/${path}`) - put, dropped: cpu(`null-kv/${path}`),
  }));
}
