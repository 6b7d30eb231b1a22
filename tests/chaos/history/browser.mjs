// A person's browser: cookies, redirects on the event's own host, and forms.
import { forms } from '../html.mjs';

export class Browser {
  constructor(world, host, ip) {
    this.world = world;
    this.host = host;
    this.ip = ip;
    this.cookies = new Map();
  }

  /** One request at a location; no redirect is followed. */
  async request(location, path, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie && { Cookie: cookie }), ...options.headers };
    const reply = await this.world.send(location, this.host, path, { ip: this.ip, ...options, headers });
    for (const line of reply.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (value === '' || attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return reply;
  }

  /** Follows redirects while they stay on the event's host; `departure` is where one led elsewhere. */
  async open(location, path, options) {
    let reply = await this.request(location, path, options);
    for (let hops = 0; reply.status === 303 && hops < 6; hops += 1) {
      const url = new URL(reply.location, `https://${this.host}${path}`);
      if (url.host !== this.host) return { reply, departure: url };
      reply = await this.request(location, url.pathname + url.search);
    }
    return { reply };
  }

  /** Submits the form with this action, with the fields it holds and those given. */
  submit(location, page, action, filled, plan) {
    const form = forms(page).find((each) => each.action === action);
    if (!form) throw new Error(`no form for ${action} on: ${page.slice(0, 300)}`);
    return this.open(location, action, { form: { ...Object.fromEntries(form.fields), ...filled }, headers: { Origin: 'null' }, plan });
  }

  async signIn(location, { email, password }) {
    const { reply } = await this.open(location, '/login');
    const done = await this.submit(location, reply.text, '/login', { email, password });
    if (done.reply.status !== 200 || done.reply.text.includes('name="password"')) throw new Error(`not signed in: ${done.reply.status}`);
  }
}
