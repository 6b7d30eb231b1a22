import bearer from '../doctor/bearer.mjs';
import { Failed, NotChecked } from '../doctor/check.mjs';
import { clientChecks } from '../doctor/client.mjs';
import metadata from '../doctor/metadata.mjs';
import pages from '../doctor/pages.mjs';
import { PATHS, Site } from '../doctor/site.mjs';
import tokenEndpoint from '../doctor/token-endpoint.mjs';
import transport from '../doctor/transport.mjs';
import { EXIT, Fault, wrongUsage } from '../fault.mjs';
import { readOrigin, readSecretFile } from '../settings.mjs';
import { plain, print } from '../terminal.mjs';

const MARK = { pass: 'pass', fail: 'FAIL', skip: '  - ' };

async function run({ values, operands: [url], out }) {
  const site = new Site(readOrigin(url, 'URL'));
  const checks = [...transport, ...metadata, ...tokenEndpoint, ...bearer, ...pages, ...withCredentials(values)];
  // Nothing can be said of a host that does not answer at all.
  await site.get(PATHS.health);

  const results = [];
  for (const { section, rule, remedy, run: examine } of checks) results.push({ section, rule, ...await outcomeOf(examine, site, remedy) });
  out(results, () => show(results, site));
  return results.some(({ outcome }) => outcome === 'fail') ? EXIT.refused : EXIT.ok;
}

function withCredentials({ 'client-id': id, 'client-secret-file': file }) {
  if ((id === undefined) !== (file === undefined)) throw wrongUsage('Give --client-id and --client-secret-file together.');
  return id === undefined ? [] : clientChecks({ id, secret: readSecretFile(file, '--client-secret-file') });
}

async function outcomeOf(examine, site, remedy) {
  try {
    await examine(site);
    return { outcome: 'pass' };
  } catch (error) {
    if (error instanceof NotChecked) return { outcome: 'skip', why: error.message };
    if (error instanceof Failed || error instanceof Fault) return { outcome: 'fail', seen: error.message, remedy };
    throw error;
  }
}

function show(results, site) {
  const sections = [...new Set(results.map((each) => each.section))];
  for (const section of sections.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))) {
    print(section);
    for (const { rule, outcome, seen, remedy, why } of results.filter((each) => each.section === section)) {
      print(`  ${MARK[outcome]}  ${rule}${why ? ` (not checked: ${why})` : ''}`);
      if (outcome === 'fail') print(`        seen:  ${plain(seen)}\n        to do: ${remedy}`);
    }
  }
  const count = (wanted) => results.filter(({ outcome }) => outcome === wanted).length;
  print(`\n${site.issuer}: ${count('pass')} passed, ${count('fail')} failed, ${count('skip')} not checked`);
}

export default {
  words: ['doctor'],
  summary: 'checks a running host from outside, without credentials',
  operands: ['URL'],
  options: {
    'client-id': { value: 'ID', help: 'also check as this application' },
    'client-secret-file': { value: 'FILE', help: 'a file with the secret of that application' },
  },
  needsNoDeployment: true,
  run,
};
