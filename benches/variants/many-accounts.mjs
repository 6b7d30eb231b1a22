// Willcall as it is built, with a quick way to a large event: an account called "fill A B" brings accounts A to
// B along. Each goes through the event's own command, row by row and note by note; only the objects of those
// accounts are not made, as nobody of them is measured and a hundred thousand files are of no use.
import worker, { AccountObject, EventObject as Event, PlatformObject, ThrottleObject } from './worker.mjs';

export class EventObject extends Event {
  async call(command) {
    const [, from, to] = /"name":"fill (\d+) (\d+)"/.exec(command) ?? [];
    if (from !== undefined) {
      this.filling = true;
      for (let at = Number(from); at <= Number(to); at += 1) {
        const patch = { email: `guest-${at}@example.org`, name: `Guest ${at}` };
        const reply = await super.call(JSON.stringify({ create_account: { fresh_id: `acc_${String(at).padStart(20, '0')}`, patch } }));
        if (!reply.startsWith('{"account"')) throw new Error(`not filled: ${reply}`);
      }
      this.filling = false;
    }
    return super.call(command);
  }

  carryOut(effect) {
    return this.filling && effect.do === 'tell' ? undefined : super.carryOut(effect);
  }
}

export { AccountObject, PlatformObject, ThrottleObject };

export default worker;
