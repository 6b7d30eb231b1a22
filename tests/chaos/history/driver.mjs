// The entry of the Worker that runs histories, beside the locations and in the same process.
import { SCENARIOS } from '../scenarios/index.mjs';
import { play } from './history.mjs';
import { Event } from './parties.mjs';
import { World } from './world.mjs';

const RETRY_WINDOWS = { 'strict.test': 0, 'usual.test': 10, 'patient.test': 60 };

let world;
let events;

async function begin(env) {
  world = new World(env);
  await world.advance(0);
  events = [];
  for (const [host, window] of Object.entries(RETRY_WINDOWS)) events.push(await new Event(host, window).create(world));
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const { seed, name, ...options } = await request.json();
    if (!world) await begin(env);
    world.at(env);
    if (pathname === '/play') return Response.json(await play(world, events, seed, options));
    if (pathname !== '/scenario') return new Response(null, { status: 404 });
    try {
      return Response.json({ told: await SCENARIOS[name](world, options) });
    } catch (error) {
      return Response.json({ fault: String(error.stack ?? error) });
    }
  },
};
