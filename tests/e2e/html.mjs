// As much of HTML as the tests need to act like a person with a browser: the forms of a page, its
// links, and the words on it.

const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);
const UNSEEN = new Set(['script', 'style', 'template', 'head', 'title']);
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

export function decodeEntities(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return NAMED[name.toLowerCase()] ?? whole;
  });
}

function attributesOf(source) {
  const attributes = {};
  for (const [, name, , double, single, bare] of source.matchAll(/([^\s=/"'>]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)) {
    attributes[name.toLowerCase()] ??= decodeEntities(double ?? single ?? bare ?? '');
  }
  return attributes;
}

/** The page as a flat list: `{open, attributes}`, `{close}` and `{text}`, in order. */
export function tokens(page) {
  const list = [];
  const html = page.replace(/(<(script|style)\b[^>]*>)[\s\S]*?(<\/\2>)/gi, '$1$3'); // what they hold is no HTML
  const pattern = /<!--[\s\S]*?-->|<!doctype[^>]*>|<(\/?)([a-z][a-z0-9-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|([^<]+|<)/gi;
  for (const [, slash, name, rest, text] of html.matchAll(pattern)) {
    if (text !== undefined) list.push({ text: decodeEntities(text) });
    else if (slash) list.push({ close: name.toLowerCase() });
    else if (name) list.push({ open: name.toLowerCase(), attributes: attributesOf(rest) });
  }
  return list;
}

const squeeze = (text) => text.replace(/\s+/g, ' ').trim();

/** The words a person can read, in order, without markup. */
export function visibleText(html) {
  let unseen = 0;
  let text = '';
  for (const token of tokens(html)) {
    if (UNSEEN.has(token.open) && !VOID.has(token.open)) unseen += 1;
    else if (UNSEEN.has(token.close)) unseen = Math.max(0, unseen - 1);
    else if (token.text !== undefined && !unseen) text += token.text;
    else text += ' ';
  }
  return squeeze(text);
}

/** The text inside each element of a name, such as every `h1`. */
export function textsOf(html, element) {
  const texts = [];
  let current = null;
  for (const token of tokens(html)) {
    if (token.open === element) current = '';
    else if (token.close === element && current !== null) {
      texts.push(squeeze(current));
      current = null;
    } else if (token.text !== undefined && current !== null) current += token.text;
  }
  return texts;
}

/** Every element of the page with its attributes, for checks such as "nothing is loaded from elsewhere". */
export function elements(html) {
  return tokens(html).filter((token) => token.open).map(({ open, attributes }) => ({ name: open, attributes }));
}

export function links(html) {
  const found = [];
  let current = null;
  for (const token of tokens(html)) {
    if (token.open === 'a') current = { href: token.attributes.href, text: '' };
    else if (token.close === 'a' && current) {
      found.push({ ...current, text: squeeze(current.text) });
      current = null;
    } else if (token.text !== undefined && current) current.text += token.text;
  }
  return found;
}

function fieldValue({ open, attributes }) {
  if (open !== 'input') return undefined;
  const type = (attributes.type ?? 'text').toLowerCase();
  if (['submit', 'button', 'image', 'reset'].includes(type)) return undefined;
  if (['checkbox', 'radio'].includes(type)) return 'checked' in attributes ? (attributes.value ?? 'on') : undefined;
  return attributes.value ?? '';
}

/** Each form with what a browser would send for it: `{action, method, fields, buttons}`. */
export function forms(html) {
  const found = [];
  let form = null;
  let button = null;
  for (const token of tokens(html)) {
    if (token.open === 'form') {
      form = { action: token.attributes.action ?? '', method: (token.attributes.method ?? 'get').toUpperCase(), fields: [], names: [], buttons: [] };
      found.push(form);
    } else if (token.close === 'form') {
      form = null;
    } else if (token.open === 'button') {
      button = { name: token.attributes.name, value: token.attributes.value ?? '', attributes: token.attributes, text: '' };
    } else if (token.close === 'button' && button) {
      button.text = squeeze(button.text);
      form?.buttons.push(button);
      button = null;
    } else if (token.text !== undefined && button) {
      button.text += token.text;
    } else if (token.open === 'input' && token.attributes.type === 'submit') {
      form?.buttons.push({ name: token.attributes.name, value: token.attributes.value ?? '', attributes: token.attributes, text: token.attributes.value ?? '' });
    } else if (['input', 'select', 'textarea'].includes(token.open) && form && token.attributes.name) {
      form.names.push(token.attributes.name);
      const value = fieldValue(token);
      if (value !== undefined) form.fields.push([token.attributes.name, value]);
    }
  }
  return found;
}
