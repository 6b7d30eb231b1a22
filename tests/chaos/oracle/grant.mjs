// The life of one grant as section 4 of the contract has it, written without a look at the product.
//
// Where an answer was lost with a fault, or a change of the organiser's may not be everywhere yet, more
// than one state is possible. The model keeps all of them; each answer that is seen strikes out those it
// cannot come from. When none is left, the product did something that the contract does not allow.

/** An answer that nobody saw. */
export const UNSEEN = { result: 'unseen' };

const FRESH = { begun: false, ended: false, generation: 0, at: 0, scope: 0, previous: 0, by: undefined };

const keyOf = ({ begun, ended, generation, at, scope, previous, by }) => `${begun} ${ended} ${generation} ${at} ${scope} ${previous} ${by}`;
const within = (part, whole) => (part & ~whole) === 0;
const ended = (state) => ({ ...state, begun: true, ended: true });

export class GrantModel {
  constructor() {
    this.states = [FRESH];
    this.tokens = []; // refresh tokens by generation, as they become known
  }

  /**
   * Takes in requests that were under way at once, each an `{act, seen}`. `false` if no order of them, from no
   * state that was possible, explains what was seen.
   */
  take(batch) {
    for (const { act, seen } of batch) if (!this.#sameToken(act, seen)) return false;
    // What a request did at first, if its front had to ask twice: it may have counted unseen, and comes before the rest.
    const first = batch.map(({ act }) => (act.disturbed ? 1 : 0)).reduce((mask, bit, index) => mask | (bit << index), 0);
    const reached = new Map();
    for (const state of this.states) orders(state, batch, { first, rest: (1 << batch.length) - 1 }, reached, new Set());
    if (reached.size === 0) return false;
    this.states = [...reached.values()];
    return true;
  }

  /** Each generation has one refresh token, and no two generations share one. */
  #sameToken(act, seen) {
    if (seen.result !== 'issued' || seen.token === undefined) return true;
    const generation = act.does === 'redeem' ? 1 : act.generation + 1;
    this.tokens[generation] ??= seen.token;
    return this.tokens.indexOf(seen.token) === generation && this.tokens.lastIndexOf(seen.token) === generation;
  }

  every(holds) {
    return this.states.every(holds);
  }

  some(holds) {
    return this.states.some(holds);
  }

  /** Whether tokens of a generation are surely alive, or surely dead, as far as the grant goes. */
  surelyAlive(generation) {
    return this.every((state) => state.begun && !state.ended && state.generation === generation);
  }

  surelyDead(generation) {
    return this.every((state) => !state.begun || state.ended || state.generation !== generation);
  }
}

/** Follows every order in which the requests that are left can have counted. */
function orders(state, batch, { first, rest }, reached, visited) {
  const key = `${first} ${rest} ${keyOf(state)}`;
  if (visited.has(key)) return;
  visited.add(key);
  if (rest === 0) {
    const quiet = { ...state, by: undefined };
    reached.set(keyOf(quiet), quiet);
    return;
  }
  for (let index = 0; index < batch.length; index += 1) {
    const bit = 1 << index;
    if (!(rest & bit)) continue;
    const { act, seen } = batch[index];
    const own = { ...act, id: index };
    if (first & bit) for (const each of transitions(state, own)) orders(each.state, batch, { first: first & ~bit, rest }, reached, visited);
    for (const next of after(state, own, seen)) orders(next, batch, { first: first & ~bit, rest: rest & ~bit }, reached, visited);
  }
}

/** The states after an act that was answered so. */
function after(state, act, seen) {
  const possible = transitions(state, act);
  if (seen.result !== 'unseen') return possible.filter((each) => matches(each, seen)).map((each) => each.state);
  return act.effect === 'none' ? [state] : [...(act.effect === 'sure' ? [] : [state]), ...possible.map((each) => each.state)];
}

function matches(possible, seen) {
  if (possible.result !== seen.result) return false;
  return possible.scope === undefined || seen.scope === undefined || possible.scope === seen.scope;
}

/** What the contract lets an act do in a state: `{result, scope, state}`, several where it is not certain. */
function transitions(state, act) {
  const paused = { result: 'unauthorized_client', state };
  if (act.paused === 'surely') return [paused];
  const possible = DOES[act.does](state, act);
  return act.paused === 'perhaps' ? [paused, ...possible] : possible;
}

const DOES = {
  /** A redemption that is valid but for what `age` and `void` say of the code. */
  redeem(state, act) {
    const refusal = { result: 'invalid_grant', state };
    if (act.age === 'expired') return [refusal];
    const late = act.age === 'perhaps' || act.void === 'perhaps' ? [refusal] : [];
    if (state.begun && !state.ended && state.by === act.id) return [{ result: 'issued', scope: state.scope, state }];
    if (state.begun) return [...late, { result: 'invalid_grant', state: ended(state) }];
    if (act.void === 'surely') return [refusal];
    return act.allowed.flatMap((allowed) => {
      const kept = act.scope & allowed;
      if (kept === 0) return [...late, { result: 'invalid_grant', state: ended(state) }];
      const scope = act.asked === undefined ? kept : kept & act.asked;
      if ((act.asked !== undefined && !within(act.asked, act.scope)) || scope === 0) return [...late, { result: 'invalid_scope', state }];
      return [...late, { result: 'issued', scope, state: { begun: true, ended: false, generation: 1, at: act.at, scope, previous: scope, by: act.id } }];
    });
  },

  /** The same client presents the refresh token of a generation. */
  refresh(state, act) {
    const refusal = { result: 'invalid_grant', state };
    if (!state.begun || state.ended || act.void === 'surely') return [refusal];
    const late = act.void === 'perhaps' ? [refusal] : [];
    return [...late, ...refreshAlive(state, act)];
  },

  /** The client, the person or the organiser ends it. What has not begun is not ended by it. */
  end: (state) => [{ result: 'done', state: state.begun ? ended(state) : state }],

  /** The authority is asked for a token of a generation; in the states that remain it is as it was told. */
  inspect(state, act) {
    const active = state.begun && !state.ended && state.generation === act.generation;
    return [{ result: active && !act.dead ? 'active' : 'inactive', state }];
  },

  /** A request that must change nothing: another client's, or with a wrong verifier. */
  nothing: (state) => [{ result: 'invalid_grant', state }],
};

/** A refresh of a grant that lives. */
function refreshAlive(state, act) {
  const behind = state.generation - act.generation;
  if (behind < 0) return [];
  if (behind === 1 && state.by === act.id) return [{ result: 'issued', scope: state.scope, state }];
  const inTime = (at) => behind === 1 && act.window > 0 && at - state.at <= act.window * 1000;
  if (behind > 0 && !inTime(act.at)) {
    const reuse = { result: 'invalid_grant', state: ended(state) };
    // It was sent in time: what it waited for an object may be counted or not.
    return inTime(act.since) ? [reuse, ...goOn(state, act, true)] : [reuse];
  }
  return goOn(state, act, behind > 0);
}

/** A refresh that rotates, or is a retry in time. */
function goOn(state, act, retry) {
  const presented = retry ? state.previous : state.scope;
  return act.allowed.flatMap((allowed) => {
    const kept = state.scope & allowed;
    if (kept === 0) return [{ result: 'invalid_grant', state: ended(state) }];
    const narrowed = { ...state, scope: kept };
    if (act.asked !== undefined && !within(act.asked, presented)) {
      // "Consumes nothing"; what is not allowed any more is gone all the same.
      return [{ result: 'invalid_scope', state: narrowed }, { result: 'invalid_scope', state }];
    }
    if (retry) return [{ result: 'issued', scope: kept, state: narrowed }];
    const scope = act.asked === undefined ? kept : kept & act.asked;
    if (scope === 0) return [{ result: 'invalid_scope', state: narrowed }, { result: 'invalid_scope', state }];
    return [{ result: 'issued', scope, state: { ...state, generation: state.generation + 1, at: act.at, scope, previous: state.scope, by: act.id } }];
  });
}
