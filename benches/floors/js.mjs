// What a Worker costs before it does anything of use: the floors that the measurements stand beside.
import { DurableObject } from 'cloudflare:workers';

// As many letters as a refresh sends to its object, keeps there in two rows, gets back and answers with.
const COMMAND = 'x'.repeat(450);
const ROW = 'x'.repeat(420);
const REPLY = 'x'.repeat(73);
const ANSWER = 'x'.repeat(736);

const HEADERS = new Headers({
  'content-type': 'application/json', 'access-control-allow-origin': '*', 'cache-control': 'no-store', pragma: 'no-cache',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY',
});

export class Counter extends DurableObject {
  constructor(context, env) {
    super(context, env);
    context.storage.sql.exec('create table if not exists counter (id integer primary key, value integer not null)');
    context.storage.sql.exec('create table if not exists record (key text primary key, value text not null) without rowid');
    this.generation = 0;
  }

  add() {
    const { value } = this.ctx.storage.sql
      .exec('insert into counter (id, value) values (1, 1) on conflict (id) do update set value = value + 1 returning value')
      .one();
    return value;
  }

  read() {
    return this.ctx.storage.sql.exec('select value from counter').raw().next().value?.[0] ?? 0;
  }

  /** What a refresh writes, in bytes: its grant and the note that KV is to be told. */
  keep(command) {
    this.generation += 1;
    this.ctx.storage.sql.exec(
      'insert into record (key, value) values (?, ?), (?, ?) on conflict (key) do update set value = excluded.value',
      'grant/gr_0123456789abcdefghij', `${command.length} ${ROW} ${this.generation}`, 'outbox/grant/gr_0123456789abcdefghij', `${this.generation}`,
    );
    return REPLY;
  }
}

let next = 0;

/** As many objects by turns as there are people in the benchmark. */
function counter(env, url) {
  const name = `counter-${next++ % Number(url.searchParams.get('of'))}`;
  return env.COUNTER.get(env.COUNTER.idFromName(name));
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/object':
        return Response.json({ value: await counter(env, url).add() });
      case '/object-read':
        return Response.json({ value: await counter(env, url).read() });
      case '/refresh-bytes': {
        const form = await request.text();
        const reply = await counter(env, url).keep(`${form.length} ${COMMAND}`);
        return new Response(reply && ANSWER, { headers: HEADERS });
      }
      case '/kv-get':
        return Response.json({ value: await env.STORE.get('key') });
      case '/kv-put':
        await env.STORE.put(`key-${next++ % Number(url.searchParams.get('of'))}`, '{"version":1,"generation":1,"live":true}');
        return Response.json({ value: 'put' });
      default:
        return Response.json({ value: 'constant' });
    }
  },
};
