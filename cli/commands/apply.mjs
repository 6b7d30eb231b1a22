import { consequencesOf, pauseInstead } from '../approval.mjs';
import { readDescription, refuse } from '../apply/file.mjs';
import { planOf } from '../apply/plan.mjs';
import { readState } from '../apply/state.mjs';
import { Fault } from '../fault.mjs';
import { confirm, confirmByName, plain, print, remark } from '../terminal.mjs';
import { YES, showSecret } from './common.mjs';

const GO_ON = 'The changes listed before it may already be done. Fix the problem and apply the file again: it continues from there.';

async function run({ api, values, operands: [file] }) {
  const description = readDescription(file);
  const { host } = description.event;
  const plan = planOf(description, await readState(api, host), values.prune);
  refuse(file, plan.faults);

  // With --json the one thing on standard output is the JSON.
  const say = values.json ? remark : print;
  showPlan(say, plan, `${host} at ${api.origin}`);
  const registered = new Registered(values.json);
  let applied = false;
  try {
    if (plan.changes.length > 0 && !values['dry-run']) {
      await carryOut(api, plan, values, registered);
      applied = true;
      say(`Applied to ${host}.`);
    }
  } finally {
    // Here too when it failed half-way: a secret that was made and not shown would be lost.
    if (values.json) print(JSON.stringify({ changes: plan.changes, applied, applications: registered.all }, null, 2));
  }
}

function showPlan(say, { host, changes, kept, guessed, narrowed }, where) {
  for (const { name, client_id } of guessed) {
    remark(`Application ${client_id} was matched to "${plain(name)}" by its name alone. If it is the right one, add this to the file: client_id: "${client_id}"`);
  }
  if (kept.length > 0) remark(`Not in the file, but kept (--prune removes it): ${kept.map(plain).join(', ')}`);
  if (changes.length === 0) {
    say('Nothing to change.');
    return;
  }
  say(`Changes to ${where}:\n`);
  for (const { sign, what, details } of changes) {
    say(`${sign} ${plain(what)}`);
    for (const detail of details) say(`    ${plain(detail)}`);
  }
  say();
  if (narrowed.length === 0) return;
  remark('This takes away what was approved:');
  for (const { what, taken } of narrowed) remark(`  ${plain(what)}: ${taken.map((each) => plain(each.what)).join(', ')}`);
  for (const consequence of consequencesOf(narrowed.flatMap(({ taken }) => taken))) remark(consequence);
  for (const { clientId } of narrowed) remark(pauseInstead(host, clientId));
  remark();
}

async function carryOut(api, plan, values, registered) {
  const deletes = plan.changes.some(({ sign }) => sign === '-');
  const lost = [
    ...(deletes ? ['Everything marked "-" is deleted, and grants that depend on it end or lose part of what they allow.'] : []),
    ...plan.ended,
    ...(plan.narrowed.length > 0 ? ['What is taken away comes back only with a new authorization.'] : []),
  ];
  if (lost.length > 0) await confirmByName(values.yes, lost.join('\n'), plan.host);
  else await confirm(values.yes, 'Apply this?');
  try {
    for (const step of plan.steps) await step(api, registered);
  } catch (error) {
    if (error instanceof Fault) error.advice = [error.advice, GO_ON].filter(Boolean).join('\n');
    throw error;
  }
}

/** The applications registered on the way. Each one's secret is shown at once, lest a later fault lose it. */
class Registered {
  constructor(quiet) {
    this.all = [];
    this.quiet = quiet;
  }

  add(application) {
    this.all.push(application);
    if (this.quiet) return;
    print(`Registered ${plain(application.name)} as application ${application.client_id}.`);
    if (application.client_secret) showSecret(application);
    print();
  }

  idOf(name) {
    return this.all.find((application) => application.name === name).client_id;
  }
}

export default {
  words: ['apply'],
  summary: 'sets up an event as a YAML or JSON file describes it, after showing what would change',
  operands: ['FILE'],
  options: {
    'dry-run': { type: 'boolean', help: 'only show what would change' },
    prune: { type: 'boolean', help: 'delete scopes, roles and integrations that are not in the file' },
    ...YES,
  },
  run,
};
