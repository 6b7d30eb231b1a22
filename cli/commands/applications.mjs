import { bodyOf, flag, list as listOf, oneOf, text } from '../arguments.mjs';
import { path } from '../operator-api.mjs';
import { confirmByName, print, record, remark, table } from '../terminal.mjs';
import { MOST, YES, showSecret } from './common.mjs';

const TYPES = ['confidential', 'public'];

const FIELDS = {
  name: text('name', 'TEXT', 'what people call it'),
  description: text('description', 'TEXT', 'what it does, in a sentence'),
  website: text('website', 'URL', 'where people can read about it'),
  'redirect-uri': listOf('redirect_uris', 'URI', 'where people may be sent back to; repeat it for several, "" for none'),
  'require-pkce': flag('require_pkce', 'require PKCE; --no-require-pkce to switch it off'),
};

/** All of it but its secrets, of which there is more to say. */
const described = ({ secrets, secret_id, client_secret, ...rest }) => rest;

const create = {
  words: ['applications', 'create'],
  summary: 'registers an application and prints its secret once',
  operands: [],
  options: { ...FIELDS, type: oneOf('type', TYPES, 'confidential if it can keep a secret (the default), public if not') },
  required: ['name'],
  async run({ api, out, values }) {
    const blank = { description: '', website: '', redirect_uris: [], type: 'confidential' };
    const application = await api.post('/applications', { ...blank, ...bodyOf(create, values) });
    out(application, () => {
      record(described(application));
      if (!application.client_secret) return;
      print();
      showSecret(application);
    });
  },
};

const update = {
  words: ['applications', 'update'],
  summary: 'changes an application; options you leave out keep their value',
  operands: ['CLIENT_ID'],
  options: { ...FIELDS, status: oneOf('status', ['active', 'suspended'], 'suspended: paused at every event') },
  async run({ api, out, values, operands: [clientId] }) {
    const application = await api.patch(path`/applications/${clientId}`, bodyOf(update, values));
    out(application, () => record(described(application)));
  },
};

async function list({ api, out, most }) {
  const applications = await api.items('/applications', { most });
  out(applications, () => table(applications, ['client_id', 'name', 'type', 'status', 'website'], 'There are no applications yet.'));
}

async function show({ api, out, operands: [clientId] }) {
  const application = await api.get(path`/applications/${clientId}`);
  out(application, () => {
    record(described(application));
    print();
    table(application.secrets, ['id', 'created_at', 'last_used_at'], 'It has no secrets.');
  });
}

async function remove({ api, values, operands: [clientId] }) {
  const { name } = await api.get(path`/applications/${clientId}`);
  await confirmByName(values.yes, `This deletes application ${clientId} and ends all its grants and tokens, at every event.`, name);
  await api.delete(path`/applications/${clientId}`);
  remark(`Deleted application ${clientId}.`);
}

async function addSecret({ api, out, operands: [clientId] }) {
  const secret = await api.post(path`/applications/${clientId}/secrets`);
  out(secret, () => showSecret({ client_id: clientId, ...secret }));
}

async function deleteSecret({ api, values, operands: [clientId, secretId] }) {
  const { name } = await api.get(path`/applications/${clientId}`);
  await confirmByName(values.yes, `Programs that still use secret ${secretId} of application ${clientId} will be refused.`, name);
  await api.delete(path`/applications/${clientId}/secrets/${secretId}`);
  remark(`Deleted secret ${secretId}.`);
}

export default [
  { words: ['applications', 'list'], summary: 'lists the applications of the deployment', operands: [], options: MOST, run: list },
  { words: ['applications', 'show'], summary: 'shows an application and the ids of its secrets', operands: ['CLIENT_ID'], options: {}, run: show },
  create,
  update,
  { words: ['applications', 'delete'], summary: 'deletes an application', operands: ['CLIENT_ID'], options: YES, run: remove },
  { words: ['applications', 'add-secret'], summary: 'creates a second secret; the first one stays valid', operands: ['CLIENT_ID'], options: {}, run: addSecret },
  { words: ['applications', 'delete-secret'], summary: 'deletes a secret', operands: ['CLIENT_ID', 'SECRET_ID'], options: YES, run: deleteSecret },
];
