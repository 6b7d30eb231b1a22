// A reporter for `node --test`: one line of JSON for each test that ended, with its
// outcome, and its time if it is not part of another's.

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const time = data.nesting === 0 ? data.details.duration_ms : 0;
    yield `${JSON.stringify({ file: data.file, outcome: outcome(type, data), time })}\n`;
  }
}

function outcome(type, data) {
  if (data.details.type === 'suite') return undefined;
  // A file in which there is no test is reported as if it were one.
  if (type === 'test:pass' && data.nesting === 0 && data.name === data.file) return undefined;
  if (data.skip !== undefined || data.todo !== undefined) return 'skipped';
  return type === 'test:pass' ? 'passed' : 'failed';
}
