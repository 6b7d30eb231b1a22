// Puts a run's figures where readers find them: docs/performance.json, docs/images/performance.svg, and the tables
// of docs/performance.md between their markers.
//
//   node benches/publish.mjs [FILE]     FILE: a run's JSON; benches/results/latest.json if left out
//   node benches/publish.mjs --check    fails if picture and tables are not those of docs/performance.json
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, main, root, say } from '../scripts/run.mjs';
import { plot } from './plot.mjs';
import { tables } from './report.mjs';

const dataFile = join(root, 'docs', 'performance.json');
const plotFile = join(root, 'docs', 'images', 'performance.svg');
const pageFile = join(root, 'docs', 'performance.md');

/** The page with each table between `<!-- NAME -->` and `<!-- /NAME -->`. */
function filled(page, run) {
  let text = page;
  for (const [name, table] of Object.entries(tables(run))) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = text.indexOf(start);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Fault(`docs/performance.md has no place for the table ${name}.`);
    text = `${text.slice(0, from + start.length)}\n${table}\n${text.slice(to)}`;
  }
  return text;
}

await main(import.meta.url, ([argument = join(root, 'benches', 'results', 'latest.json')]) => {
  const check = argument === '--check';
  const data = readFileSync(check ? dataFile : argument, 'utf8');
  const run = JSON.parse(data);
  if (!run.growth) throw new Fault('This run has no growth section: the page needs one.');
  const page = readFileSync(pageFile, 'utf8');
  const picture = plot(run.rows);
  if (check) {
    if (filled(page, run) !== page || readFileSync(plotFile, 'utf8') !== picture) {
      throw new Fault('docs/performance.md or its picture is not made from docs/performance.json: run node benches/publish.mjs docs/performance.json');
    }
    return;
  }
  writeFileSync(dataFile, data);
  writeFileSync(plotFile, picture);
  writeFileSync(pageFile, filled(page, run));
  say('docs/performance.json, docs/performance.md and docs/images/performance.svg are those of this run.');
});
