// Whole flows with the `oauth2` crate and its default settings: tests/clients is the program.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { run, step } from '../../scripts/run.mjs';
import { Program, follow } from '../clients/program.mjs';
import { EVERYDAY, Willcall, projectRoot, scopeSet } from './harness.mjs';

const MANIFEST = path.join(projectRoot, 'tests/clients/Cargo.toml');
const TARGET = path.join(projectRoot, 'target/clients');
const PROGRAM = path.join(TARGET, 'debug/oauth2-client');

let willcall;
let event;
let robin;

before(async () => {
  await step('Building the Rust client', () => run('cargo', ['build', '--quiet', '--locked', '--manifest-path', MANIFEST, '--target-dir', TARGET]));
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  robin = await event.person({ name: 'Robin Example' });
});

after(() => willcall?.stop());

/** The program, which asks https addresses of the port that stands for them here. */
function start(t, client, secret = client.client_secret) {
  const issuer = event.issuer.replace('http:', 'https:');
  const connect = `http://127.0.0.1:${willcall.port}`;
  const env = secret === undefined ? {} : { CLIENT_SECRET: secret };
  const program = new Program(PROGRAM, [issuer, connect, client.client_id, client.redirectUri], env);
  t.after(() => program.end());
  return program;
}

async function authorize(program, scope = EVERYDAY) {
  const { url } = await program.ask(`authorize ${scope}`);
  return program.ask(`come-back ${await follow(robin, url)}`);
}

for (const kind of ['confidential', 'public']) {
  test(`a ${kind} client: authorize with PKCE, call, refresh, revoke`, async (t) => {
    const program = start(t, await event.application({ type: kind }));
    const issued = await authorize(program);
    assert.deepEqual({ ...issued, scope: scopeSet(issued.scope) }, { token_type: 'bearer', expires_in: 3600, scope: scopeSet(EVERYDAY), refresh_token: true });
    assert.deepEqual(await program.ask('call'), { status: 200, body: { id: robin.id, name: 'Robin Example' } });

    assert.equal((await program.ask('refresh')).refresh_token, true);
    assert.equal((await program.ask('refresh')).refresh_token, true);
    assert.equal((await program.ask('call')).status, 200);

    assert.deepEqual(await program.ask('revoke'), { revoked: true });
    assert.equal((await program.ask('refresh')).error, 'invalid_grant');
  });
}

test('a confidential client introspects its token until it is revoked', async (t) => {
  const client = await event.application();
  const program = start(t, client);
  await authorize(program);
  const { expires, ...seen } = await program.ask('introspect');
  assert.deepEqual(seen, { active: true, sub: robin.id, client_id: client.client_id });
  const left = expires - (await willcall.now());
  assert.ok(left > 3500 && left <= 3600, `${left} s left`);
  await program.ask('revoke');
  assert.equal((await program.ask('introspect')).active, false);
});

test('a service: client_credentials, introspect, revoke', async (t) => {
  const client = await event.application({ approval: { obo_scopes: [], service_scopes: ['stats:read', 'report:read'] } });
  const program = start(t, client);
  assert.deepEqual(scopeSet((await program.ask('service')).scope), ['report:read', 'stats:read']);
  const issued = await program.ask('service report:read');
  assert.deepEqual(issued, { token_type: 'bearer', expires_in: 3600, scope: 'report:read', refresh_token: false });
  assert.equal((await program.ask('introspect')).sub, client.client_id);
  await program.ask('revoke');
  assert.equal((await program.ask('introspect')).active, false);
});

test('a service whose organiser switched refresh tokens on refreshes', async (t) => {
  const approval = { obo_scopes: [], service_scopes: ['report:read'], service_refresh_tokens: true };
  const program = start(t, await event.application({ approval }));
  assert.equal((await program.ask('service')).refresh_token, true);
  assert.equal((await program.ask('refresh')).scope, 'report:read');
  await program.ask('revoke');
  assert.equal((await program.ask('refresh')).error, 'invalid_grant');
});

test('a refusal is understood: at the token endpoint and behind the redirect', async (t) => {
  const client = await event.application();
  const program = start(t, client);
  assert.equal((await authorize(program, 'no:such')).error, 'invalid_scope');
  assert.equal((await program.ask('service')).error, 'invalid_scope');
  const stranger = start(t, client, 'wrong');
  assert.equal((await stranger.ask('service')).error, 'invalid_client');
});
