/** Results of an earlier sweep are not shown together with trials of another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import { expectedNumbers, numbersIn, writeNumbers } from '../run/numbers.ts';

const SWEEP = `sweep:
  parameters: { b: [1, 2, 3] }
`;

/** Numbers of the stages that depend on `b`, for one value. */
function numbersFor(b: number, a: number): readonly number[] {
  const stages = {
    first: { value: a },
    long: { data: 'first', value: b, steps: 3 },
    measured: { data: 'long', value: 7 },
    other: { data: 'first', value: 1 },
  };
  return Object.values(expectedNumbers({ stages }));
}

test('an interrupted sweep with other settings shows no numbers or figures of the previous one', async (t) => {
  const rigged = rig(t);
  const write = (a: number): void => {
    writeNumbers(rigged.folder, { a, b: 1, c: 1 }, 'other');
    rigged.write('p.yaml', rigged.read('p.yaml') + SWEEP);
  };
  const args = ['sweep', 'p.yaml', '--allow-plugins', '-j', '1'];
  write(1);
  assert.equal((await rigged.run(args)).code, 0);
  // Like the figure of a sweep with a metric.
  rigged.write('outputs/numbers/sweep-metric.png', '');
  write(2);
  const stopped = await rigged.run([...args, '-S', 'stages.measured.does=wait', '-v'], {
    steps: [{ when: /started/, act: (pid) => setTimeout(() => process.kill(pid, 'SIGINT'), 1500) }],
  });
  assert.equal(stopped.code, 130);
  assert.ok(!rigged.exists('outputs/numbers/sweep-metric.png'));
  const known = new Set([1, 2, 3].flatMap((b) => numbersFor(b, 2)));
  const compared = await rigged.run(['compare', 'numbers', '--csv']);
  for (const text of [rigged.read('outputs/numbers/sweep.csv'), compared.stdout])
    for (const number of numbersIn(text)) assert.ok(known.has(number), text);

  // A file with the same name is reported before its trials replace these.
  rigged.write('second.yaml', rigged.read('p.yaml'));
  const { json } = await rigged.runJson(['sweep', 'second.yaml', '--allow-plugins', '-j', '1']);
  assert.ok(json.diagnostics.some(({ code }) => code === 'name-in-use'));
  const after = numbersIn(rigged.read('outputs/numbers/sweep.csv'));
  assert.ok(after.length > 0 && after.every((number) => known.has(number)));
});
