// A whole deployment on a platform on which nothing goes wrong: scenes are set there, and commands are heard on their way.
import { Storage } from './storage.mjs';
import { Timers } from './timers.mjs';

const SECRETS = {
  WILLCALL_SECRET: 'deployment-secret-of-the-schedules-0123456789abcdef',
  OPERATOR_TOKEN: 'operator-token-of-the-schedules-0123456789abcdef',
};
const CLASSES = {
  ACCOUNT_OBJECT: 'AccountObject', EVENT_OBJECT: 'EventObject', PLATFORM_OBJECT: 'PlatformObject', THROTTLE_OBJECT: 'ThrottleObject',
};

export const HOST = 'con.test';

export class Calm extends Timers {
  constructor(built) {
    super(Date.UTC(2026, 10, 1));
    this.built = built;
    this.kv = new Map();
    this.objects = new Map();
    // What was asked of objects, since somebody listened.
    this.heard = [];
    globalThis.platform = this;
  }

  environment() {
    const namespace = (name) => ({
      get: async (key) => this.kv.get(`${name} ${key}`) ?? null,
      put: async (key, value) => { this.kv.set(`${name} ${key}`, value); },
    });
    const objects = (Class) => ({
      idFromName: (name) => name,
      get: (name) => ({
        call: (command, ...rest) => {
          this.heard.push({ Class, name, text: command });
          return this.object(Class, name).loaded.call(command, ...rest);
        },
      }),
    });
    return {
      ...SECRETS, DIRECTORY: namespace('DIRECTORY'), REFRESH_TOKENS: namespace('REFRESH_TOKENS'),
      ...Object.fromEntries(Object.entries(CLASSES).map(([binding, Class]) => [binding, objects(Class)])),
    };
  }

  object(Class, name) {
    const key = `${Class} ${name}`;
    if (!this.objects.has(key)) {
      const storage = new Storage([], async (_, work) => work());
      this.objects.set(key, { storage, loaded: new this.built[Class]({ storage, id: { name } }, this.environment()) });
    }
    return this.objects.get(key);
  }

  async send(path, { method = 'POST', form, json, headers = {} } = {}) {
    const body = form ? new URLSearchParams(form).toString() : json && JSON.stringify(json);
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
    const request = new Request(`https://${HOST}${path}`, {
      method, body, headers: { ...headers, ...(body && { 'content-type': type, 'content-length': String(body.length) }) },
    });
    const response = await this.built.default.fetch(request, this.environment(), { waitUntil: (promise) => promise.catch(() => {}) });
    const text = await response.text();
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  operate(method, path, json) {
    return this.send(`/api/admin${path}`, { method, json, headers: { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` } });
  }

  /** Lets timers and alarms ring until so much time has passed. */
  async pass(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      await new Promise((resolve) => { setImmediate(resolve); });
      const alarms = [...this.objects.values()].filter(({ storage }) => storage.alarm !== undefined)
        .map(({ storage, loaded }) => ({ at: storage.alarm, run: () => { storage.alarm = undefined; return loaded.alarm(); } }));
      const timers = this.timers.map((timer) => ({ at: timer.at, run: () => { this.clearTimer(timer); return timer.work(); } }));
      const [next] = [...alarms, ...timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.now = Math.max(this.now, next.at);
      await next.run();
    }
    this.now = end;
  }

  /**
   * A scene around one object as it is now: clients that ask it, in turn, what `scripts` ask the deployment for. That is
   * done here, and of the object's commands those named so are taken along.
   */
  async scene(Class, scripts) {
    await this.pass(120_000);
    const rows = new Map([...this.objects].map(([key, { storage }]) => [key, new Map(storage.rows)]));
    const kv = new Map(this.kv);
    const { now } = this;
    const taken = [];
    let key;
    for (const script of scripts) {
      const commands = [];
      for (const { name, command, ask } of script) {
        this.heard = [];
        await ask();
        const asked = this.heard.find((each) => each.Class === Class && each.text.startsWith(`{"${command}"`));
        if (!asked) throw new Error(`nothing that begins with ${command}, but ${this.heard.map(({ text }) => text)}`);
        key = `${Class} ${asked.name}`;
        commands.push({ name, text: asked.text });
        await this.pass(5000);
      }
      taken.push(commands);
    }
    return { Class: this.built[Class], rows: rows.get(key), kv, scripts: taken, now };
  }
}
