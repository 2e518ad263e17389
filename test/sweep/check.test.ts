/** Mistakes in a `sweep` block are reported before anything runs, with their line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig, TINY } from '../rig.ts';

/** Diagnostics of TINY with a sweep, as `code line.column` below the line `sweep:`. */
async function found(t: Parameters<typeof rig>[0], sweep: string): Promise<readonly string[]> {
  const rigged = rig(t);
  rigged.write('tiny.yaml', `${TINY}sweep:\n${sweep}`);
  const top = TINY.split('\n').length;
  const { json } = await rigged.runJson(['check', 'tiny.yaml']);
  return json.files.flatMap(({ diagnostics }) =>
    diagnostics.map(({ code, line = 0, column = 0 }) => `${code} ${line - top}:${column}`),
  );
}

const METRIC = '  metric: { name: quality.mse, goal: minimize }\n';

const CASES: readonly (readonly [name: string, sweep: string, expected: readonly string[]])[] = [
  ['a sound sweep', `  parameters: { latent_size: [2, 4] }\n${METRIC}  replicates: 2\n`, []],
  ['an unknown parameter', '  parameters:\n    latent_sise: [2, 4]\n', ['unknown-param 2:5']],
  ['a setting that is no parameter', '  parameters:\n    batch_size: [16, 32]\n', ['unknown-param 2:5']],
  ['a stage without `stages`', '  parameters:\n    trained.batch_size: [16, 32]\n', ['unknown-param 2:5']],
  ['a path that leads nowhere', '  parameters:\n    stages.trained.epoch: [2, 4]\n', ['unknown-key 2:5']],
  ['a stage that is not there', '  parameters:\n    stages.train.epochs: [2, 4]\n', ['bad-override 2:5']],
  [
    'a metric that the stage lacks',
    '  parameters: { epochs: [1] }\n  metric: { name: quality.mae, goal: minimize }\n',
    ['unknown-metric 2:19'],
  ],
  [
    'a metric of no stage',
    '  parameters: { epochs: [1] }\n  metric: { name: qualty.mse, goal: minimize }\n',
    ['unknown-stage 2:19'],
  ],
  [
    'a metric of a stage that measures nothing',
    '  parameters: { epochs: [1] }\n  metric: { name: digits.mse, goal: minimize }\n',
    ['unknown-metric 2:19'],
  ],
  [
    'an invalid value',
    '  parameters:\n    stages.trained.batch_size:\n      - 50\n      - 0\n',
    ['out-of-range 4:9'],
  ],
  [
    'an invalid value in a range',
    '  parameters:\n    stages.trained.batch_size: { min: -1, max: 1, step: 1 }\n',
    ['out-of-range 2:32'],
  ],
  ['a value of another type', '  parameters:\n    stages.trained.loss: [mse, 5]\n', ['wrong-type 2:32']],
  ['the seed', '  parameters: { stages.mnist.limit.train: [64], seed: [1, 2] }\n', ['bad-setting 1:49']],
  ['the same setting twice', '  parameters: { epochs: [1], params.epochs: [2] }\n', ['duplicate-key 1:30']],
  [
    'early stopping without a metric',
    '  parameters: { epochs: [1] }\n  early_stop: { warmup_epochs: 1 }\n',
    ['missing-key 2:3'],
  ],
  ['an unknown key', '  parameters: { epochs: [1] }\n  replicate: 2\n', ['unknown-key 2:3']],
  [
    'valid halving',
    `  method: halving\n  run_cap: 3\n  parameters: { latent_size: { min: 2, max: 9 } }\n${METRIC}`,
    [],
  ],
  [
    'a search without a metric',
    '  method: halving\n  parameters: { latent_size: [2, 4] }\n',
    ['missing-key 1:11'],
  ],
  [
    'a search without a number of trials',
    `  method: bayes\n  parameters: { latent_size: [2, 4] }\n${METRIC}`,
    ['missing-key 1:11'],
  ],
  [
    'halving with early stopping',
    `  method: halving\n  parameters: { latent_size: [2, 4] }\n  early_stop: {}\n${METRIC}`,
    ['bad-setting 3:3'],
  ],
  [
    'halving with swept epochs',
    `  method: halving\n  parameters: { epochs: [2, 4] }\n${METRIC}`,
    ['bad-setting 2:17'],
  ],
  [
    'an end of a range that no startup trial has',
    `  method: bayes\n  run_cap: 2\n  parameters:\n    stages.model.encoder.2.Dropout.rate: { min: 0.001, max: 1.01 }\n  bayes: { startup_trials: 1 }\n${METRIC}`,
    ['out-of-range 4:61'],
  ],
  [
    'combinations in addition to those of a search',
    `  method: bayes\n  run_cap: 2\n  parameters: { latent_size: [2, 4] }\n  include: [{ latent_size: 8 }]\n${METRIC}`,
    ['bad-setting 4:3'],
  ],
  [
    'settings of another method',
    `  parameters: { latent_size: [2, 4] }\n  halving: { eta: 2 }\n${METRIC}`,
    ['bad-setting 2:3'],
  ],
  [
    'lists of unequal length',
    '  method: zip\n  parameters: { epochs: [1], latent_size: [2, 4] }\n',
    ['out-of-range 2:30'],
  ],
];

for (const [name, sweep, expected] of CASES) {
  test(name, async (t) => assert.deepEqual(await found(t, sweep), expected));
}

test('a problem in another stage names the swept value that causes it', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'tiny.yaml',
    `${TINY}sweep:\n  parameters:\n    stages.model.decoder.0.Dense.units: [784, 783]\n`,
  );
  const { stdout } = await rigged.run(['check', 'tiny.yaml']);
  assert.match(stdout, /\[shape-mismatch\]/);
  assert.match(stdout, new RegExp(`tiny.yaml:${TINY.split('\n').length + 2}:47`));
});

test('a pipeline without a sweep says so', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  const { code, json } = await rigged.runJson(['sweep', 'tiny.yaml']);
  assert.equal(code, 2);
  assert.deepEqual(
    json.diagnostics.map((each) => each.code),
    ['missing-key'],
  );
});
