// A run's figures as Markdown tables, for the terminal and for docs/performance.md.
import { judge, kvShare } from './goals.mjs';

function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ text }) => (text ? '---' : '---:'))),
    ...rows.map((row) => line(row)),
  ].join('\n');
}

const number = (title) => ({ title });
const text = (title) => ({ title, text: true });
const whole = (value) => value.toFixed(0);

function goalsTable(rows) {
  return table([text('path'), text('compared with'), number('ratio'), number('at most'), text('reached')],
    judge(rows).map(({ what, against, ratio, most, reached }) => [what, against, ratio.toFixed(2), String(most), reached ? 'yes' : '**no**']));
}

function pathsTable(rows) {
  const cpu = (id) => rows.find((row) => row.id === id).cpu;
  const columns = [
    text('path'), number('requests a round'), number('CPU µs/request'), number('lowest–highest'), number('× constant'), number('× object'),
    number('requests/s'), number('p50 ms'), number('p99 ms'),
  ];
  return table(columns, rows.map((row) => [
    row.label, String(row.requests), whole(row.cpu), `${whole(row.cpuLow)}–${whole(row.cpuHigh)}`,
    (row.cpu / cpu('floor/js')).toFixed(2), (row.cpu / cpu('floor/object')).toFixed(2), whole(row.perSecond), row.p50.toFixed(1), row.p99.toFixed(1),
  ]));
}

function kvTable(rows) {
  const NAMES = { refresh: 'refresh', exchange: 'code exchange with PKCE' };
  return table([text('path'), number('all in'), number('one KV put here'), number('all in, less one put'), number('run with the writes dropped')],
    kvShare(rows).map(({ path, allIn, put, lessPut, dropped }) => [NAMES[path], ...[allIn, put, lessPut, dropped].map(whole)]));
}

function growthTable(deployments) {
  const [base, ...grown] = deployments;
  const columns = [text('path'), number(base.words), ...grown.map(({ words }) => number(words))];
  return table(columns, base.rows.map((row) => [
    row.label, `${whole(row.cpu)} (${whole(row.cpuLow)}–${whole(row.cpuHigh)})`,
    ...grown.map(({ rows }) => {
      const other = rows.find(({ id }) => id === row.id);
      return `${whole(other.cpu)} (× ${(other.cpu / row.cpu).toFixed(2)})`;
    }),
  ]));
}

function madeOn({ machine, versions, rounds, requests, people, connections, growthRounds, day, minutes }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    `Made on ${day}: ${machine.cores} cores of ${machine.cpu}, ${machine.system}; ${packages}.`,
    `${rounds} rounds (growth: ${growthRounds}), ${requests} requests of a path in a round, ${people} people, ${connections} connections; `
      + `storage on ${machine.storage}. It took ${minutes} minutes.`,
  ].join(' ');
}

/** The tables by name; a run without growth has none of it. */
export function tables(run) {
  return {
    made: madeOn(run),
    goals: goalsTable(run.rows),
    paths: pathsTable(run.rows),
    kv: kvTable(run.rows),
    ...(run.growth && { growth: growthTable(run.growth) }),
  };
}
