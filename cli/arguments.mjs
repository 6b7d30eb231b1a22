// Which command the words name, and its options as they were declared. What was typed is not repeated
// in an error: it may have been a secret in the wrong place.

import { parseArgs } from 'node:util';
import { wrongUsage } from './fault.mjs';

const NEVER_SECRETS = 'Secrets cannot be given on the command line, because other users of this machine could read them: '
  + 'set OPERATOR_TOKEN or give --token-file for the operator token, and enter a password when asked or through standard input.';

/** The command that the first words name, `words` long, or undefined. */
export function findCommand(commands, argv) {
  return commands.find(({ words }) => words.every((word, index) => argv[index] === word));
}

/** The operands and options of `command`, from what follows its words. */
export function readArguments(command, shared, argv) {
  const options = { ...command.options, ...shared };
  let parsed;
  try {
    parsed = parseArgs({
      args: argv.slice(command.words.length),
      options: Object.fromEntries(Object.entries(options).map(([name, { type = 'string', multiple = false }]) => [name, { type, multiple }])),
      allowPositionals: true,
      allowNegative: true,
    });
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    const option = /'(?:-\w, )?(--?[\w-]+)/.exec(error.message)?.[1];
    throw wrongUsage(optionFault(error.code, option), seeHelp(command));
  }
  const { values, positionals } = parsed;
  if (!values.help && positionals.length !== command.operands.length) {
    const takes = command.operands.length === 0 ? 'only options' : command.operands.join(' ');
    throw wrongUsage(`${name(command)} takes ${takes}. Values given: ${positionals.length}.`, seeHelp(command));
  }
  for (const required of values.help ? [] : command.required ?? []) {
    if (values[required] === undefined) throw wrongUsage(`${name(command)} needs --${required}.`, seeHelp(command));
  }
  return { values, operands: positionals };
}

function optionFault(code, option) {
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return /^--(token|password|secret|client-secret)$/.test(option) ? NEVER_SECRETS : `This command has no option ${option}.`;
  }
  return `${option} ${code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' ? 'has a value but takes none, or needs a value and has none.' : 'cannot be read.'}`;
}

const seeHelp = (command) => `See: willcall ${command.words.join(' ')} --help`;

const name = (command) => `willcall ${command.words.join(' ')}`;

/** The fields of a request's body that were given as options: each is read by its option's own `read`. */
export function bodyOf(command, values) {
  const body = {};
  for (const [option, { field, read }] of Object.entries(command.options)) {
    if (field && values[option] !== undefined) body[field] = read(values[option], option);
  }
  return body;
}

// -- Kinds of options ---------------------------------------------------------------------------

export const text = (field, value, help) => ({ field, value, help, read: (given) => given });

export const flag = (field, help) => ({ field, help, type: 'boolean', read: (given) => given });

/** Several names in one value, separated by spaces as scopes are everywhere in OAuth; "" is none. */
export const names = (field, help) => ({ field, value: '"A B"', help, read: (given) => given.split(/[\s,]+/).filter(Boolean) });

/** May be given several times; a single "" is none at all. */
export const list = (field, value, help) => ({ field, value, help, multiple: true, read: (given) => given.filter(Boolean) });

export function integer(given, option) {
  if (!/^\d{1,15}$/.test(given)) throw wrongUsage(`--${option} needs a whole number.`);
  return Number(given);
}

export const number = (field, help) => ({ field, value: 'N', help, read: integer });

/** A value for which one word stands for null. */
export const nullable = (word, option) => ({
  ...option,
  value: `${option.value}|${word}`,
  read: (given, name) => (given === word ? null : option.read(given, name)),
});

export function oneOf(field, choices, help) {
  return {
    field,
    value: choices.join('|'),
    help,
    read: (given, option) => {
      if (!choices.includes(given)) throw wrongUsage(`--${option} must be ${choices.join(' or ')}.`);
      return given;
    },
  };
}
