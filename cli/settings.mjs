// Where the deployment is, and the operator's token for it. What is imported here is Node's own or has no
// dependencies either: `npm start` loads this before anything is installed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wrongUsage } from './fault.mjs';
import { isLoopback } from './http.mjs';

/** The origin in `text`, as a URL: https, or http where nobody else can listen. */
export function readOrigin(text, what = '--url') {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw wrongUsage(`${what} is not a URL.`, 'Give an address such as https://reg.mybigevent.org');
  }
  if (url.username || url.password) throw wrongUsage(`${what} must not contain a user name or password.`);
  if (url.pathname !== '/' || url.search || url.hash) {
    throw wrongUsage(`${what} must be an address without a path: ${url.origin}`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw wrongUsage(`${what} must be https: over http, anybody on the way could read what is sent.`, `Try https://${url.host}`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrongUsage(`${what} must be https.`);
  return url;
}

export function deploymentOrigin(values, env) {
  const text = values.url ?? env.WILLCALL_URL;
  if (!text) {
    throw wrongUsage('It is not clear which deployment you mean.', 'Give --url https://…, or set WILLCALL_URL. For a local one (npm start), use http://localhost:8787');
  }
  return readOrigin(text, values.url ? '--url' : 'WILLCALL_URL');
}

const WHERE_TOKENS_COME_FROM = 'Set OPERATOR_TOKEN in the environment, or give --token-file FILE. '
  + 'The token cannot be given on the command line, because other users of this machine could read it.';

/** The operator's token: of a file, of the environment, or of the local server's own secrets. */
export function operatorToken(values, env, origin, directory) {
  const token = values['token-file'] !== undefined
    ? readSecretFile(values['token-file'], '--token-file')
    : env.OPERATOR_TOKEN || (isLoopback(origin.hostname) && devVar('OPERATOR_TOKEN', directory));
  if (!token) throw wrongUsage('There is no operator token.', WHERE_TOKENS_COME_FROM);
  if (!/^[\x21-\x7e]+$/.test(token)) throw wrongUsage('The operator token contains characters that a token cannot have.', WHERE_TOKENS_COME_FROM);
  return token;
}

export function readSecretFile(path, option) {
  let text;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw wrongUsage(`${option}: ${path} cannot be read (${error.code}).`);
  }
  if (!text) throw wrongUsage(`${option}: ${path} is empty.`);
  return text;
}

/** The value of a line `NAME=value` of the `.dev.vars` that `npm start` and `wrangler dev` use, quotes taken off. */
export function devVar(name, directory) {
  let text;
  try {
    text = readFileSync(join(directory, '.dev.vars'), 'utf8');
  } catch {
    return undefined;
  }
  const line = text.split(/\r?\n/).find((each) => each.trim().startsWith(`${name}=`));
  return line?.trim().slice(name.length + 1).trim().replace(/^(["'`])(.*)\1$/, '$2');
}
