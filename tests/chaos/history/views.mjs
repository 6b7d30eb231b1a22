// How often a run's KV shows its locations what: see world/replica.mjs.
export const VIEWS = { cached: 4, oldest: 3, wild: 2, fresh: 1 };
