// Who is using the application: kept in memory, so that a restart signs everybody out.
import { randomBytes } from 'node:crypto';

const COOKIE = 'badge-buddy';
const MOST = 10_000;

export class Sessions {
  #all = new Map();

  find(request) {
    const cookies = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
    const id = cookies.find(([name]) => name === COOKIE)?.[1];
    return this.#all.get(id);
  }

  /** A session under a fresh id, in place of the one before if there was one. */
  start(response, before, content) {
    this.#all.delete(before?.id);
    const session = { id: randomBytes(24).toString('base64url'), ...content };
    this.#all.set(session.id, session);
    if (this.#all.size > MOST) this.#all.delete(this.#all.keys().next().value);
    response.setHeader('Set-Cookie', `${COOKIE}=${session.id}; Path=/; HttpOnly; SameSite=Lax`);
    return session;
  }

  end(response, session) {
    this.#all.delete(session?.id);
    response.setHeader('Set-Cookie', `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`);
  }
}
