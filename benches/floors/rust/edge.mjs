// The Rust floor's entry: plain texts in and out, as in Willcall's edge.
import wasm from './floor_bg.wasm';
import { authenticate, constant, initSync } from './floor.js';

initSync({ module: wasm });

const HEADERS = { 'content-type': 'application/json' };

export default {
  async fetch(request) {
    if (request.method !== 'POST') return new Response(constant(request.method, request.url), { headers: HEADERS });
    return new Response(authenticate(request.method, request.url, await request.bytes()), { headers: HEADERS });
  },
};
