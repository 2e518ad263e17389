/** Deterministic failures are not tried again; others are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiagnosticCode } from '../../src/core/diagnostic.ts';
import { repeats } from '../../src/sweep/failures.ts';
import { rig } from '../rig.ts';
import { readTrials, SMALL } from './rig.ts';

/** Without the sigmoid, some kernels of which make a number of NaN. */
const DIVERGES = `${SMALL.replace(', activation: sigmoid', '')}sweep:
  parameters: { learning_rate: [0.01, 1.0e+38] }
  metric: { name: quality.mse, goal: minimize }
`;

test('a trial with a NaN loss runs once, is not run at the next start, and shows reason and place', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', DIVERGES);
  /** By the last start. */
  const started = (): number =>
    rigged.read('outputs/tiny/log.jsonl').match(/"event":"trial-started"/g)?.length ?? 0;
  const first = await rigged.run(['sweep', 'tiny.yaml']);
  assert.equal(first.code, 1);
  assert.doesNotMatch(first.stderr, /is retried/);
  assert.equal(started(), 2);
  assert.deepEqual(
    readTrials(rigged, 'tiny').map(({ state }) => state),
    ['done', 'failed'],
  );
  // Added lines move its place.
  rigged.write('tiny.yaml', `# moved\n${DIVERGES}`);
  const second = await rigged.runJson(['sweep', 'tiny.yaml']);
  assert.equal(second.code, 1);
  assert.equal(started(), 0);
  const line = `# moved\n${DIVERGES}`.split('\n').findIndex((each) => each.startsWith('  trained:')) + 1;
  const [problem] = second.json.diagnostics;
  assert.equal(problem?.code, 'not-finite');
  assert.equal(problem?.line, line);
  assert.deepEqual(
    readTrials(rigged, 'tiny').map(({ state }) => state),
    ['kept', 'failed'],
  );
  await rigged.run(['sweep', 'tiny.yaml', '--retry-failed']);
  assert.equal(started(), 1);
  // Other settings are another stage.
  await rigged.run(['sweep', 'tiny.yaml', '-S', 'stages.trained.batch_size=4']);
  assert.equal(started(), 2);
});

test('temporary failures are tried again', () => {
  const of = (code: DiagnosticCode): boolean => repeats([{ code, severity: 'error', message: '' }]);
  for (const code of ['not-finite', 'shape-mismatch', 'pair-mismatch', 'bad-setting'] as const)
    assert.equal(of(code), true, code);
  for (const code of [
    'worker-died',
    'disk-full',
    'stage-failed',
    'data-missing',
    'data-corrupt',
    'output-not-writable',
    'interrupted',
    'internal-error',
    'engine-missing',
    'cache-corrupt',
  ] as const)
    assert.equal(of(code), false, code);
  assert.equal(repeats([]), false);
  assert.equal(
    repeats([
      { code: 'not-finite', severity: 'error', message: '' },
      { code: 'worker-died', severity: 'error', message: '' },
    ]),
    false,
  );
});
