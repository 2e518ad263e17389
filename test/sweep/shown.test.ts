/** The check, the terminal, JSON and CSV show the values that trials really had. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { loadChecked, type CheckOptions } from '../../src/cli/commands/load.ts';
import { rig, TINY, type Rig } from '../rig.ts';
import { QUICK, readTrials } from './rig.ts';

const TOP = TINY.split('\n').length;

/** Diagnostics, as `code severity line.column` below the line `sweep:`, or of an argument. */
async function checked(rigged: Rig, options: CheckOptions = {}): Promise<readonly string[]> {
  const { diagnostics } = await loadChecked(rigged.path('tiny.yaml'), { trials: true, ...options });
  return diagnostics.map(({ code, severity, range }) => {
    const { line = 0, column = 0 } = range?.start ?? {};
    return `${code} ${severity} ${range?.file.startsWith('-') === true ? line : line - TOP}:${column}`;
  });
}

async function found(t: TestContext, sweep: string, text = TINY): Promise<readonly string[]> {
  const rigged = rig(t);
  rigged.write('tiny.yaml', `${text}sweep:\n${sweep}`);
  return checked(rigged);
}

/** TINY with one more parameter, on an existing line. */
const UNUSED = TINY.replace(/params: \{/, 'params: { nouse: 1,');

test('a parameter without effect gives a warning at its line', async (t) => {
  assert.notEqual(UNUSED, TINY);
  const metric = '  metric: { name: quality.mse, goal: minimize }\n';
  const warned = ['bad-setting warning 2:5'];
  assert.deepEqual(await found(t, `  parameters:\n    nouse: [1, 2]\n${metric}`, UNUSED), warned);
  assert.deepEqual(
    await found(t, '  parameters:\n    nouse: [1, 2]\n    latent_size: [2, 4]\n', UNUSED),
    warned,
  );
  // Cosmetic: the figure's title does not affect any number.
  assert.deepEqual(await found(t, `  parameters:\n    stages.digits.columns: [2, 3]\n${metric}`), warned);
  assert.deepEqual(
    await found(
      t,
      '  parameters:\n    latent_size: [2]\n  include:\n    - nouse: 5\n    - nouse: 7\n',
      UNUSED,
    ),
    ['bad-setting warning 4:7'],
  );
  const random =
    '  method: random\n  run_cap: 5\n  parameters:\n    nouse: { min: 1, max: 9 }\n    latent_size: [2, 4]\n';
  assert.deepEqual(await found(t, random, UNUSED), ['bad-setting warning 4:5']);
});

test('so does a parameter whose value another one replaces', async (t) => {
  const sweep = '  parameters:\n    latent_size: [2, 4]\n    stages.model.encoder.3.Dense.units: [2, 3]\n';
  assert.deepEqual(await found(t, sweep), ['bad-setting warning 2:5']);
});

test('duplicate or equivalent values give a warning at the second place', async (t) => {
  const rigged = rig(t);
  const cases: readonly (readonly [sweep: string, expected: readonly string[]])[] = [
    ['  parameters:\n    latent_size: [2, 4, 2, 2]\n', ['2:25', '2:28']],
    ['  parameters:\n    stages.trained.loss: [mse, mean_squared_error, mae]\n', ['2:32']],
    [
      '  parameters: { latent_size: [2, 4] }\n  include: [{ latent_size: 4 }, { latent_size: 8 }, { latent_size: 8 }]\n',
      ['2:13', '2:53'],
    ],
    ['  method: zip\n  parameters: { latent_size: [2, 2, 2], epochs: [1, 2, 1] }\n', ['2:37']],
    // Sampled twice as often.
    ['  method: random\n  run_cap: 2\n  parameters: { latent_size: [2, 2, 4] }\n', []],
  ];
  for (const [sweep, expected] of cases) {
    rigged.write('tiny.yaml', `${TINY}sweep:\n${sweep}`);
    const warnings = expected.map((place) => `bad-setting warning ${place}`);
    assert.deepEqual(await checked(rigged), warnings, sweep);
  }
  rigged.write('tiny.yaml', TINY);
  assert.deepEqual(await checked(rigged, { over: ['latent_size=2,4,2'] }), ['bad-setting warning 1:17']);
});

test('an override of a swept value is refused at the argument', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'tiny.yaml',
    `${TINY}sweep:
  parameters:
    latent_size: [2, 4]
    stages.trained.optimizer: [{ Adam: { learning_rate: 0.1 } }, { SGD: { learning_rate: 0.1 } }]
    stages.mnist.limit.train: [64, 96]
`,
  );
  const none = ['bad-override error 1:1'];
  assert.deepEqual(await checked(rigged, { sweeps: true, set: ['params.latent_size=7'] }), none);
  assert.deepEqual(
    await checked(rigged, { sweeps: true, set: ['stages.trained.optimizer={Nadam: {}}'] }),
    none,
  );
  assert.deepEqual(
    await checked(rigged, { sweeps: true, set: ['stages.trained.optimizer.Adam.learning_rate=0.3'] }),
    none,
  );
  assert.deepEqual(
    await checked(rigged, { sweeps: true, set: ['stages.mnist.limit={train: 64, test: 8}'] }),
    none,
  );
  assert.deepEqual(
    await checked(rigged, { sweeps: true, set: ['params={latent_size: 3, epochs: 1}'] }),
    none,
  );
  assert.deepEqual(await checked(rigged, { sweeps: true, set: ['stages.mnist.limit={test: 8}'] }), []);
  assert.deepEqual(
    await checked(rigged, { sweeps: true, set: ['params.epochs=3', 'sweep.parameters.latent_size=[8]'] }),
    [],
  );
  // `check` only warns, since `run` accepts it.
  assert.deepEqual(await checked(rigged, { set: ['params.latent_size=8'] }), ['bad-override warning 1:1']);
});

test('rows of `include` and of the grid show the effective values; null is shown as null', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'quick.yaml',
    QUICK.replace(/sweep:[^]*$/, '') +
      `sweep:
  parameters: { params.stddev: [0.2, 0.3] }
  include:
    - { stages.mnist.limit.test: 4, stages.noisy.stddev: 0.7 }
    - { stddev: 0.5, stages.noisy.clip: [0, 1] }
`,
  );
  const { code, stdout, stderr } = await rigged.run(['sweep', 'quick.yaml']);
  assert.equal(code, 0, stderr);
  const trials = readTrials(rigged, 'quick');
  assert.deepEqual(
    trials.map(({ parameters }) => parameters),
    [
      [0.2, 0.2, 8, null],
      [0.3, 0.3, 8, null],
      [0.1, 0.7, 4, null],
      [0.5, 0.5, 8, [0, 1]],
    ].map(([stddev, own, test, clip]) => ({
      'params.stddev': stddev,
      'stages.mnist.limit.test': test,
      'stages.noisy.stddev': own,
      'stages.noisy.clip': clip,
    })),
  );
  assert.match(stdout, /null/);
  const lines = rigged.read('outputs/quick/sweep.csv').trim().split('\n');
  const head = lines[0]?.split(',') ?? [];
  assert.equal(new Set(head).size, head.length);
  assert.match(lines[1] ?? '', /,null,/);
});
