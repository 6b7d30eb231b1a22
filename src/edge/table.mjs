// An object's rows, between Rust and SQLite.

// Schema versions of an object's table, oldest first; a deployed object is brought up step by step.
const MIGRATIONS = [
  'create table record (key text primary key, value text not null) without rowid',
];

const MOST_KNOWN_ROWS = 200;

// The platform takes 100 values in a statement.
const ROWS_AT_ONCE = 50;

const marks = (count, mark) => Array(count).fill(mark).join(', ');

/** A statement for so many rows, its text made once. */
const statementFor = (text) => {
  const made = [];
  return (rows) => (made[rows] ??= text(rows));
};
const PUT = statementFor((rows) =>
  `insert into record (key, value) values ${marks(rows, '(?, ?)')} on conflict (key) do update set value = excluded.value`);
const REMOVE = statementFor((rows) => `delete from record where key in (${marks(rows, '?')})`);

/** An object's one table, as Rust sees it. Changes are gathered and written together. */
export class Table {
  constructor(sql) {
    this.sql = sql;
    // Rows read or written lately: nobody else writes them, so they stay true until a rollback.
    this.known = new Map();
    // What is to be written; undefined: removed.
    this.changed = new Map();
    // How many statements have written.
    this.written = 0;
    sql.exec('create table if not exists schema (version integer not null)');
    const { version } = sql.exec('select coalesce(max(version), 0) as version from schema').one();
    for (let next = version; next < MIGRATIONS.length; next += 1) {
      sql.exec(MIGRATIONS[next]);
      sql.exec('insert into schema (version) values (?)', next + 1);
    }
  }

  get(key) {
    if (this.changed.has(key)) return this.changed.get(key);
    if (this.known.has(key)) return this.known.get(key);
    const [row] = this.sql.exec('select value from record where key = ?', key).raw();
    this.know(key, row?.[0]);
    return row?.[0];
  }

  put(key, value) {
    this.changed.set(key, value);
  }

  remove(key) {
    this.changed.set(key, undefined);
  }

  know(key, value) {
    if (this.known.size >= MOST_KNOWN_ROWS) this.known.clear();
    this.known.set(key, value);
  }

  /** The statements that write what was changed, and their values. From here on it counts as written. */
  statements() {
    const put = [];
    const removed = [];
    for (const [key, value] of this.changed) {
      this.know(key, value);
      if (value === undefined) removed.push(key);
      else put.push(key, value);
    }
    this.changed.clear();
    const statements = [];
    for (let at = 0; at < put.length; at += 2 * ROWS_AT_ONCE) {
      const values = put.slice(at, at + 2 * ROWS_AT_ONCE);
      statements.push([PUT(values.length / 2), values]);
    }
    for (let at = 0; at < removed.length; at += ROWS_AT_ONCE) {
      const keys = removed.slice(at, at + ROWS_AT_ONCE);
      statements.push([REMOVE(keys.length), keys]);
    }
    this.written += statements.length;
    return statements;
  }

  /** Forgets what is not written. */
  forget() {
    this.changed.clear();
    this.known.clear();
  }

  scan(prefix, after, backwards, limit) {
    // Keys are ASCII, so everything with a prefix lies between it and it with the last character after it.
    const end = `${prefix}\u{10ffff}`;
    const changed = [...this.changed].filter(([key]) => key.startsWith(prefix) && (after === undefined || (backwards ? key < after : key > after)));
    const most = limit + changed.length;
    const found = backwards
      ? this.sql.exec('select key, value from record where key >= ? and key < ? order by key desc limit ? + 0', prefix, after ?? end, most)
      : this.sql.exec('select key, value from record where key >= ? and key > ? and key < ? order by key limit ? + 0', prefix, after ?? '', end, most);
    if (changed.length === 0) return [...found.raw()].flat();
    const rows = new Map(found.raw());
    for (const [key, value] of changed) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    const sorted = [...rows].sort(([one], [other]) => (one < other ? -1 : 1));
    return (backwards ? sorted.reverse() : sorted).slice(0, limit).flat();
  }
}
