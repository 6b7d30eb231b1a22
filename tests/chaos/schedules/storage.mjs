// A SQLite object's storage, as far as an object uses it: one table, an alarm, and transactions.

/** Rows under text keys, and the time of the alarm; what was written counts once it was flushed. */
export class Storage {
  constructor(rows, operation) {
    this.operation = operation;
    this.rows = new Map(rows);
    this.alarm = undefined;
    this.alarmsSet = 0;
    // Whether the last that was to be set could not be.
    this.alarmFailed = false;
    this.flush();
    this.isDirty = false;
    this.sql = { exec: (text, ...values) => this.exec(text, values) };
  }

  flush() {
    this.flushed = { rows: new Map(this.rows), alarm: this.alarm };
    this.isDirty = false;
  }

  /** What was not flushed is gone with the machine. */
  lose() {
    this.rows = new Map(this.flushed.rows);
    this.alarm = this.flushed.alarm;
    this.isDirty = false;
  }

  transactionSync(work) {
    const before = new Map(this.rows);
    try {
      return work();
    } catch (error) {
      this.rows = before;
      throw error;
    }
  }

  getAlarm() {
    return this.operation('getAlarm', () => this.alarm ?? null);
  }

  /** Kept with the rows that were written in the same turn. */
  setAlarm(at) {
    const before = this.alarm;
    const number = (this.alarmsSet += 1);
    this.alarm = at;
    this.isDirty = true;
    return this.operation('setAlarm', () => { this.alarmFailed = false; }, () => {
      if (number !== this.alarmsSet) return;
      this.alarmFailed = true;
      this.alarm = before;
      this.isDirty = true;
    });
  }

  exec(text, values) {
    if (text.startsWith('insert into record')) {
      for (let at = 0; at < values.length; at += 2) this.rows.set(values[at], values[at + 1]);
      this.isDirty = true;
    } else if (text.startsWith('delete from record')) {
      for (const key of values) this.rows.delete(key);
      this.isDirty = true;
    } else if (text.startsWith('select value')) {
      return cursor([this.rows.get(values[0])].filter((value) => value !== undefined).map((value) => [value]));
    } else if (text.startsWith('select key')) {
      return cursor(this.range(text, values));
    } else if (text.startsWith('select coalesce')) {
      return { one: () => ({ version: 1 }) };
    } else if (!text.startsWith('create table if not exists schema')) {
      throw new Error(`a statement that is not known here: ${text}`);
    }
    return cursor([]);
  }

  range(text, values) {
    const backwards = text.includes('desc');
    const [from, to, most] = backwards ? values : [values[0], values[2], values[3]];
    const after = backwards ? '' : values[1];
    const keys = [...this.rows.keys()].filter((key) => key >= from && key < to && key > after).sort();
    return (backwards ? keys.reverse() : keys).slice(0, most).map((key) => [key, this.rows.get(key)]);
  }
}

const cursor = (rows) => ({ raw: () => rows });
