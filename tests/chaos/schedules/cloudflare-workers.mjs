// What the Worker imports from the platform.
export class DurableObject {
  constructor(context, env) {
    this.ctx = context;
    this.env = env;
  }
}
