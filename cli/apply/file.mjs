// The description of an event that `willcall apply` takes: YAML, or JSON, which is YAML too. Every
// fault is found before anything is asked of the server, and named by its path in the file.

import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { wrongUsage } from '../fault.mjs';

/** Reads the description in `path`; a section that is not there is undefined. */
export function readDescription(path) {
  const faults = [];
  const description = FILE(parse(path), '', faults);
  if (faults.length === 0) checkReferences(description, faults);
  refuse(path, faults);
  return description;
}

/** Ends with these faults, if there are any. */
export function refuse(path, faults) {
  if (faults.length > 0) throw wrongUsage([`${path} cannot be applied:`, ...faults].join('\n  '));
}

function parse(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrongUsage(`${path} cannot be read (${error.code}).`);
  }
  const document = parseDocument(text, { prettyErrors: true });
  refuse(path, [...document.errors, ...document.warnings].map((error) => error.message.trimEnd()));
  try {
    return document.toJS();
  } catch (error) {
    throw wrongUsage(`${path} cannot be read: ${error.message}`);
  }
}

// -- What may be where --------------------------------------------------------------------------
//
// A kind takes a value, its path and a list of faults to add to; it answers with the value as it is meant.

const fits = (what, holds) => (value, at, faults) => {
  if (!holds(value)) faults.push(`${at} must be ${what}.`);
  return value;
};

const text = fits('text', (value) => typeof value === 'string');
const flag = fits('true or false', (value) => typeof value === 'boolean');
const number = fits('a whole number', Number.isSafeInteger);
const orNull = (kind) => (value, at, faults) => (value === null ? null : kind(value, at, faults));
const oneOf = (...words) => fits(words.join(' or '), (value) => words.includes(value));

const clientId = (value, at, faults) => {
  // 7 is a number to YAML, and the id "7" to whoever wrote it.
  const id = Number.isSafeInteger(value) ? String(value) : value;
  return fits('a client_id (a decimal number)', (given) => typeof given === 'string' && /^\d+$/.test(given))(id, at, faults);
};

const host = (value, at, faults) => {
  const name = text(value, at, faults);
  return typeof name === 'string' ? name.toLowerCase() : name;
};

const list = (kind, key) => (value, at, faults) => {
  if (!Array.isArray(value)) {
    faults.push(`${at} must be a list.`);
    return [];
  }
  const items = value.map((item, index) => kind(item, `${at}[${index}]`, faults));
  const keys = items.map((item) => (key ? item?.[key] : item));
  keys.forEach((each, index) => {
    if (each !== undefined && keys.indexOf(each) < index) faults.push(`${at}[${index}] is repeated: ${each}`);
  });
  return items;
};

const object = (kinds, required = []) => (value, at, faults) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    faults.push(`${at || 'The file'} must have keys and values.`);
    return {};
  }
  const inside = (key) => (at ? `${at}.${key}` : key);
  const read = {};
  for (const [key, each] of Object.entries(value)) {
    if (Object.hasOwn(kinds, key)) read[key] = kinds[key](each, inside(key), faults);
    else faults.push(`${inside(key)} is unknown. Allowed here: ${Object.keys(kinds).join(', ')}.`);
  }
  for (const key of required) if (!Object.hasOwn(value, key)) faults.push(`${inside(key)} is missing.`);
  return read;
};

const STATUS = oneOf('active', 'suspended');

const FILE = object({
  event: object({
    host,
    name: text,
    retry_window: number,
    refresh_idle_days: orNull(number),
    pat_max_days: orNull(number),
    accent: orNull(text),
  }, ['host']),
  scopes: list(object({
    name: text,
    title: text,
    description: text,
    sensitive: flag,
    modes: list(oneOf('obo', 'service')),
    permission: orNull(text),
  }, ['name']), 'name'),
  roles: list(object({ name: text, title: text, permissions: list(text) }, ['name']), 'name'),
  applications: list(object({
    name: text,
    client_id: clientId,
    description: text,
    website: orNull(text),
    redirect_uris: list(text),
    type: oneOf('confidential', 'public'),
    require_pkce: flag,
    status: STATUS,
  }, ['name']), 'name'),
  integrations: list(object({
    application: text,
    client_id: clientId,
    obo_scopes: list(text),
    service_scopes: list(text),
    service_refresh_tokens: flag,
    status: STATUS,
  })),
}, ['event']);

/** Each integration is of one application: one of this file, by name, or any, by client_id. */
function checkReferences({ applications = [], integrations = [] }, faults) {
  const seen = new Set();
  integrations.forEach((integration, index) => {
    const at = `integrations[${index}]`;
    const { application: name, client_id } = integration;
    if ((name === undefined) === (client_id === undefined)) {
      faults.push(`${at} needs either application (the name of an application in this file) or client_id.`);
      return;
    }
    const application = applications.find((each) => (name === undefined ? each.client_id === client_id : each.name === name));
    if (name !== undefined && !application) faults.push(`${at}.application: no application in this file is named ${name}.`);
    const key = application ?? client_id;
    if (seen.has(key)) faults.push(`${at} is for the same application as another integration.`);
    seen.add(key);
  });
}
