#!/usr/bin/env node
// `npx willcall …`: a deployment's operator API, for people. It is JavaScript, not Rust, because whoever
// operates Willcall has Node and npm already, for wrangler; and Rust only on the machine that builds.

import { findCommand, readArguments } from './arguments.mjs';
import accounts from './commands/accounts.mjs';
import applications from './commands/applications.mjs';
import apply from './commands/apply.mjs';
import { readMost } from './commands/common.mjs';
import doctor from './commands/doctor.mjs';
import events from './commands/events.mjs';
import integrations from './commands/integrations.mjs';
import records from './commands/records.mjs';
import { EXIT, Fault, wrongUsage } from './fault.mjs';
import { showCommandHelp, showHelp } from './help.mjs';
import { OperatorApi } from './operator-api.mjs';
import { deploymentOrigin, operatorToken } from './settings.mjs';
import { plain, print, remark } from './terminal.mjs';

const COMMANDS = [...events, ...applications, ...integrations, ...accounts, ...records, apply, doctor];

const EVERYWHERE = {
  json: { type: 'boolean', help: 'print JSON, for programs' },
  help: { type: 'boolean', help: 'show this help' },
};

const DEPLOYMENT = {
  url: { value: 'URL', help: 'the address of the deployment; or set WILLCALL_URL' },
  'token-file': { value: 'FILE', help: 'a file with the operator token; or set OPERATOR_TOKEN' },
};

async function main(argv) {
  const command = findCommand(COMMANDS, argv);
  if (!command) return help(argv);
  const shared = command.needsNoDeployment ? EVERYWHERE : { ...DEPLOYMENT, ...EVERYWHERE };
  const { values, operands } = readArguments(command, shared, argv);
  if (values.help) return showCommandHelp(command, shared);
  return command.run({
    values,
    operands,
    most: readMost(values, command.most),
    // Asynchronous if `show` is: what it asks for first, JSON does without.
    out: (value, show) => (values.json ? print(JSON.stringify(value, null, 2)) : show()),
    ...(!command.needsNoDeployment && { api: operatorApi(values) }),
  });
}

/** `willcall`, `willcall help`, `willcall --help`, and the same with the first word of some commands. */
function help(argv) {
  const group = argv.filter((word) => word !== 'help' && word !== '--help');
  const known = COMMANDS.some((command) => command.words[0] === group[0]);
  if (group.length > 1 || (group.length === 1 && !known)) {
    throw wrongUsage('There is no such command.', 'To list the commands: willcall --help. Put the command first and its options after it.');
  }
  showHelp(COMMANDS, group);
}

function operatorApi(values) {
  const origin = deploymentOrigin(values, process.env);
  return new OperatorApi(origin, operatorToken(values, process.env, origin, process.cwd()));
}

// `willcall … | head` ends the output early; that is no fault.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});

try {
  process.exitCode = await main(process.argv.slice(2)) ?? EXIT.ok;
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  remark(`willcall: ${error.message.split('\n').map(plain).join('\n')}`);
  if (error.advice) remark(error.advice);
  process.exitCode = error.exit;
}
