import { bodyOf, names, text } from '../arguments.mjs';
import { path } from '../operator-api.mjs';
import { confirmByName, plain, readPassword, remark, table } from '../terminal.mjs';
import { MOST, YES, accountOf, findAccount, saved } from './common.mjs';

const OPERANDS = ['HOST', 'ACCOUNT'];

const FIELDS = {
  email: text('email', 'EMAIL', 'the address to sign in with'),
  name: text('name', 'TEXT', 'the person\'s name'),
  roles: names('roles', 'the roles at this event; "" for none'),
  permissions: names('permissions', 'extra permissions, besides those of the roles; "" for none'),
  password: { type: 'boolean', help: 'set a password: you are asked for it, or it is the first line of standard input' },
};

async function list({ api, out, most, operands: [host] }) {
  const accounts = await api.items(path`/events/${host}/accounts`, { most });
  out(accounts, () => table(accounts, ['id', 'email', 'name', 'status', 'roles', 'permissions'], 'This event has no accounts.'));
}

async function show({ api, out, operands: [host, account] }) {
  saved(out, await findAccount(api, host, account));
}

async function find({ api, out, operands: [host, email] }) {
  saved(out, await accountOf(api, host, email));
}

async function bodyWithPassword(command, values) {
  return { ...bodyOf(command, values), ...(values.password && { password: await readPassword() }) };
}

const create = {
  words: ['accounts', 'create'],
  summary: 'creates an account',
  operands: ['HOST'],
  options: FIELDS,
  required: ['email', 'name'],
  async run({ api, out, values, operands: [host] }) {
    const remarkOnRoles = await rolesOf(api, host, values);
    saved(out, await api.post(path`/events/${host}/accounts`, await bodyWithPassword(create, values)));
    remarkOnRoles();
  },
};

const update = {
  words: ['accounts', 'update'],
  summary: 'changes an account; a new password signs the person out everywhere',
  operands: OPERANDS,
  options: { ...FIELDS, ...YES },
  async run({ api, out, values, operands: [host, account] }) {
    const there = await findAccount(api, host, account);
    const body = bodyOf(update, values);
    const taken = ['roles', 'permissions'].flatMap((field) => there[field].filter((name) => body[field]?.includes(name) === false));
    if (taken.length > 0) await confirmByName(values.yes, takenFrom(there, taken), there.email);
    const remarkOnRoles = await rolesOf(api, host, values);
    saved(out, await api.patch(path`/events/${host}/accounts/${there.id}`, await bodyWithPassword(update, values)));
    remarkOnRoles();
  },
};

const takenFrom = ({ email }, taken) => `This takes ${taken.map(plain).join(', ')} from ${plain(email)}. Applications that they authorized lose what `
  + 'depends on it when they next renew their access. Giving it back does not bring that back.';

/** What remarks on those of the roles that do not exist: such a one gives nothing, and is most likely a slip. */
async function rolesOf(api, host, values) {
  const { roles = [] } = bodyOf(create, values);
  const known = roles.length > 0 ? (await api.items(path`/events/${host}/roles`)).map(({ name }) => name) : [];
  return () => {
    for (const role of roles.filter((name) => !known.includes(name))) {
      remark(`${host} has no role "${plain(role)}". It gives nothing, unless such a role is created.`);
    }
  };
}

async function disable({ api, out, values, operands: [host, account] }) {
  const { id, email } = await findAccount(api, host, account);
  await confirmByName(values.yes, `This ends every session and grant of ${email}. Enabling the account again does not bring them back.`, email);
  saved(out, await api.patch(path`/events/${host}/accounts/${id}`, { status: 'disabled' }));
}

async function enable({ api, out, operands: [host, account] }) {
  const { id } = await findAccount(api, host, account);
  saved(out, await api.patch(path`/events/${host}/accounts/${id}`, { status: 'active' }));
}

async function remove({ api, values, operands: [host, account] }) {
  const { id, email } = await findAccount(api, host, account);
  await confirmByName(values.yes, `This erases the account ${id} and ends all its sessions, grants and tokens.`, email);
  await api.delete(path`/events/${host}/accounts/${id}`);
  remark(`Deleted ${id}.`);
}

export default [
  { words: ['accounts', 'list'], summary: 'lists the accounts of an event', operands: ['HOST'], options: MOST, run: list },
  { words: ['accounts', 'show'], summary: 'shows an account', operands: OPERANDS, options: {}, run: show },
  { words: ['accounts', 'find'], summary: 'shows the account with this email address', operands: ['HOST', 'EMAIL'], options: {}, run: find },
  create,
  update,
  { words: ['accounts', 'disable'], summary: 'locks an account, signs the person out and ends all grants', operands: OPERANDS, options: YES, run: disable },
  { words: ['accounts', 'enable'], summary: 'unlocks a disabled account', operands: OPERANDS, options: {}, run: enable },
  { words: ['accounts', 'delete'], summary: 'erases an account', operands: OPERANDS, options: YES, run: remove },
];
