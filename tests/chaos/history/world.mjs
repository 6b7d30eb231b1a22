// The deployment as a history sees it: locations that take requests, and a time that it moves.

const START_MS = Date.UTC(2026, 10, 1);

export class World {
  constructor(env) {
    this.env = env;
    this.locations = env.LOCATIONS;
    this.time = START_MS;
    this.skews = Object.fromEntries(this.locations.map((name) => [name, 0]));
    this.objectSkew = 0;
    this.requests = 0;
    this.peopleMade = 0;
    this.secrets = [env.WILLCALL_SECRET];
    this.secretsMade = 0;
  }

  /** The objects' time, in milliseconds. */
  get objectTime() {
    return this.time + this.objectSkew;
  }

  /** Plain objects in and out, whichever request of the driver asks. */
  at(env) {
    this.env = env;
    return this;
  }

  async advance(milliseconds) {
    this.time += milliseconds;
    await this.env.CORE.advance(this.time);
    await this.tellLocations();
  }

  tellLocations() {
    return Promise.all(this.locations.map((name) => this.env[`${name}_CONTROL`].set(this.time, this.skews[name])));
  }

  /** A new deployment secret; those before still verify. */
  async rotateSecret() {
    this.secretsMade += 1;
    await this.#keepSecrets([`secret-${this.secretsMade}-of-the-chaos-tests-0123456789abcdef`, ...this.secrets]);
  }

  /** Those before verify no more: whoever signed in by them has to sign in again. */
  async dropOldSecrets() {
    await this.#keepSecrets(this.secrets.slice(0, 1));
  }

  async #keepSecrets(secrets) {
    this.secrets = secrets;
    const [current, ...previous] = secrets;
    const given = { WILLCALL_SECRET: current, ...(previous.length > 0 && { WILLCALL_SECRET_PREVIOUS: previous.join(',') }) };
    for (const name of this.locations) await this.env[`${name}_CONTROL`].give(given);
  }

  async skewLocation(name, milliseconds) {
    this.skews[name] = milliseconds;
    await this.tellLocations();
  }

  async skewObjects(milliseconds) {
    this.objectSkew = milliseconds;
    await this.env.CORE.skew(milliseconds);
  }

  /** One request at a location. `plan` says which of its calls of objects fail, and how. */
  async send(location, host, path, { method, form, json, headers = {}, plan, ip = '192.0.2.1' } = {}) {
    this.requests += 1;
    const sent = { 'CF-Connecting-IP': ip, ...headers };
    let body;
    if (form) {
      body = new URLSearchParams(Object.entries(form).filter(([, value]) => value !== undefined)).toString();
      sent['Content-Type'] = 'application/x-www-form-urlencoded';
    } else if (json !== undefined) {
      body = JSON.stringify(json);
      sent['Content-Type'] = 'application/json';
    }
    if (plan) sent['x-chaos'] = JSON.stringify(plan);
    const response = await this.env[location].fetch(`https://${host}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'), body, headers: sent, redirect: 'manual',
    });
    return new Reply(response, await response.text());
  }

  /** A call of the operator API. */
  operator(location, method, path, body, options = {}) {
    return this.send(location, 'operator.test', `/api/admin${path}`, {
      ...options, method, json: body, headers: { Authorization: `Bearer ${this.env.OPERATOR_TOKEN}` },
    });
  }

  async mustOperate(location, method, path, body) {
    const reply = await this.operator(location, method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.status === 204 ? undefined : reply.json;
  }
}

export class Reply {
  constructor(response, text) {
    this.status = response.status;
    this.headers = response.headers;
    this.text = text;
    this.met = JSON.parse(response.headers.get('x-chaos') ?? '[]');
  }

  get json() {
    return JSON.parse(this.text);
  }

  get location() {
    return this.headers.get('location');
  }

  /** What befell the calls of one kind of object. */
  faults(kind) {
    return this.met.filter((each) => each.kind === kind && each.fault).map((each) => each.fault);
  }
}
