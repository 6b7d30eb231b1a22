// `npm run example`: starts the example application as the demo's Badge Buddy,
// with the credentials that `npm start` has left for it.

import { join } from 'node:path';
import { install } from './install.mjs';
import { readAllDemos } from './local-files.mjs';
import { Fault, main, npm, root } from './run.mjs';

export const exampleDirectory = join(root, 'examples', 'badge-buddy');

await main(import.meta.url, async () => {
  const demo = await firstRunning(readAllDemos());
  if (!demo) {
    throw new Fault('The demo event is not running. Start it in another terminal with npm start, and leave it running.');
  }
  await install(exampleDirectory);
  // Ctrl-C reaches the application too, and ends it; there is nothing to stop here.
  process.on('SIGINT', () => {});
  const { code } = await npm(['start'], {
    cwd: exampleDirectory,
    env: {
      WILLCALL_ISSUER: demo.issuer,
      CLIENT_ID: demo.client_id,
      CLIENT_SECRET: demo.client_secret,
      PORT: new URL(demo.redirect_uri).port,
    },
    tolerate: true,
  });
  process.exitCode = code;
});

async function firstRunning(demos) {
  for (const demo of demos) {
    if (await isUp(demo.issuer)) return demo;
  }
  return undefined;
}

async function isUp(issuer) {
  try {
    return (await fetch(`${issuer}/healthz`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
