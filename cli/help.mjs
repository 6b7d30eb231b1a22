import { print } from './terminal.mjs';

const EXITS = 'Exit status: 0 done, 1 refused by the server (or a check failed), 2 wrong usage or not confirmed, 3 server cannot be reached.';

export function showHelp(commands, words = []) {
  const ours = commands.filter((command) => words.every((word, index) => command.words[index] === word));
  const usages = ours.map((command) => ['willcall', ...command.words, ...command.operands].join(' '));
  const column = Math.max(...usages.map((usage) => usage.length));
  print('Manages a Willcall deployment through its operator API.\n');
  ours.forEach((command, index) => print(`  ${usages[index].padEnd(column)}  ${command.summary}`));
  print(`\nFor help with one command: willcall COMMAND --help. ACCOUNT is an account's id or email address.\n${EXITS}`);
}

export function showCommandHelp(command, shared) {
  print(`willcall ${[...command.words, ...command.operands].join(' ')} [OPTIONS]\n\n  ${command.summary}\n`);
  showOptions(command.options);
  showOptions(shared);
  print(`\n${EXITS}`);
}

function showOptions(options) {
  for (const [name, { value, help }] of Object.entries(options)) {
    print(`  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(36)} ${help}`);
  }
}
