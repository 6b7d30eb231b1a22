// What a Worker costs before it does anything of use: the floors that the measurements stand beside.
import { DurableObject } from 'cloudflare:workers';

export class Counter extends DurableObject {
  constructor(context, env) {
    super(context, env);
    context.storage.sql.exec('create table if not exists counter (id integer primary key, value integer not null)');
  }

  add() {
    const { value } = this.ctx.storage.sql
      .exec('insert into counter (id, value) values (1, 1) on conflict (id) do update set value = value + 1 returning value')
      .one();
    return value;
  }
}

let next = 0;

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/object': {
        // As many objects by turns as there are people in the benchmark.
        const name = `counter-${next++ % Number(url.searchParams.get('of'))}`;
        return Response.json({ value: await env.COUNTER.get(env.COUNTER.idFromName(name)).add() });
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
