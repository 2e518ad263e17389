/** `--over` and `--metric`: values, ranges, and errors at the argument. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorsOf } from '../../src/core/diagnostic.ts';
import fc from 'fast-check';
import { loadChecked, type CheckOptions, type Checked } from '../../src/cli/commands/load.ts';
import { TINY } from '../rig.ts';

let plain = '';
let swept = '';

before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-over-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  plain = join(folder, 'plain.yaml');
  swept = join(folder, 'swept.yaml');
  writeFileSync(plain, TINY.replace('params: {', 'params: { rate: 0.1,'));
  writeFileSync(
    swept,
    `${TINY.replace('params: {', 'params: { rate: 0.1,')}sweep:
  parameters: { latent_size: [2, 3] }
  include: [{ epochs: 1 }]
  exclude: [{ latent_size: 2 }]
  replicates: 2
  metric: { name: trained.loss, goal: minimize }
`,
  );
});

async function load(options: CheckOptions, file = plain): Promise<Checked> {
  return loadChecked(file, { trials: false, ...options });
}

/** Values of one parameter by an argument. */
async function valuesOf(text: string): Promise<readonly unknown[]> {
  const { trials, diagnostics } = await load({ over: [text], trials: true });
  assert.deepEqual(errorsOf(diagnostics), [], text);
  return (trials ?? []).map(({ parameters }) => Object.values(parameters)[0]);
}

const VALUES: readonly (readonly [text: string, values: readonly unknown[]])[] = [
  ['latent_size=2,4,8', [2, 4, 8]],
  ['params.latent_size=[2, 4]', [2, 4]],
  ['latent_size=2..4', [2, 3, 4]],
  ['latent_size=2..8:3', [2, 5, 8]],
  ['latent_size=2..64:log', [2, 4, 8, 16, 32, 64]],
  ['latent_size=3..100:log', [3, 9, 30, 100]],
  ['latent_size=1..100:log:4', [1, 5, 22, 100]],
  ['latent_size=1..3:log:30', [1, 2, 3]],
  ['latent_size=5..5', [5]],
  ['rate=0.001..0.1:log', [0.001, 0.003, 0.01, 0.03, 0.1]],
  ['rate=1e-3..0.5:log', [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5]],
  ['rate=0.001..0.1:log:3', [0.001, 0.01, 0.1]],
  ['rate=0..0.3:0.1', [0, 0.1, 0.2, 0.3]],
  ['stages.trained.loss=mse,mae', ['mse', 'mae']],
  [
    'stages.trained.optimizer={Adam: {learning_rate: 0.1}},{"SGD": {"learning_rate": 0.2}}',
    [{ Adam: { learning_rate: 0.1 } }, { SGD: { learning_rate: 0.2 } }],
  ],
  ['stages.noisy.clip=null,[0, 1]', [null, [0, 1]]],
];

for (const [text, values] of VALUES) {
  test(`--over ${text}`, async () => assert.deepEqual(await valuesOf(text), values));
}

/** Errors, as `code column` of the argument. */
const ERRORS: readonly (readonly [options: CheckOptions, expected: readonly string[]])[] = [
  [{ over: ['latent_size'] }, ['bad-override 1']],
  [{ over: ['=2'] }, ['bad-override 1']],
  [{ over: ['a..b=2'] }, ['bad-override 1']],
  [{ over: ['__proto__.x=2'] }, ['bad-override 1']],
  [{ over: ['latent_size='] }, ['bad-override 12']],
  [{ over: ['latent_size=8..2'] }, ['bad-override 13']],
  [{ over: ['latent_size=2..x'] }, ['bad-override 13']],
  [{ over: ['latent_size=2..1e999'] }, ['bad-override 13']],
  [{ over: ['latent_size=2..8:2:3'] }, ['bad-override 18']],
  [{ over: ['latent_size=2..8:0'] }, ['bad-override 18']],
  [{ over: ['latent_size=2..8:log:1'] }, ['bad-override 18']],
  [{ over: ['latent_size=2..8:log:x'] }, ['bad-override 18']],
  [{ over: ['latent_size=0..8:log'] }, ['bad-override 13']],
  [{ over: ['latent_size=1,2..4'] }, ['bad-override 15']],
  [{ over: ['rate=0.1..0.2'] }, ['bad-override 6']],
  [{ over: ['latent_size=0..100'] }, ['bad-override 13']],
  [{ over: ['latent_size=1..1000000:1'] }, ['out-of-range 24']],
  [{ over: ['latent_size=[1, 2'] }, ['yaml-syntax']],
  [{ over: ['latent_size=1,2]'] }, ['yaml-syntax']],
  [{ over: ['latent_size=1', 'latent_size=2'] }, ['duplicate-key 1']],
  [{ over: ['latent_sise=1,2'] }, ['unknown-param 1']],
  [{ over: ['seed=1,2'] }, ['bad-setting 1']],
  [{ over: ['latent_size=1,2'], metric: 'quality.mse:lowest' }, ['bad-override 13']],
  [{ over: ['latent_size=1,2'], metric: 'quality.own' }, ['bad-override 1']],
  [{ over: ['latent_size=1,2'], metric: 'quality.pnsr' }, ['bad-override 1']],
  [{ over: ['latent_size=1,2'], metric: 'quality.own:max' }, ['unknown-metric 1']],
];

for (const [options, expected] of ERRORS) {
  test(`refused: ${JSON.stringify(options)}`, async () => {
    const { diagnostics } = await load({ ...options, trials: true });
    const errors = errorsOf(diagnostics);
    assert.ok(
      errors.every(({ range }) => range?.file.startsWith('--') === true),
      JSON.stringify(errors),
    );
    assert.deepEqual(
      errors.map(({ code, range }) => (code === 'yaml-syntax' ? code : `${code} ${range?.start.column}`)),
      expected,
    );
  });
}

test('a value that a stage refuses points at the argument', async () => {
  const { diagnostics } = await load({ over: ['latent_size=2,0'], trials: true });
  const places = diagnostics.flatMap(({ range, related = [] }) => [
    range,
    ...related.map((each) => each.range),
  ]);
  assert.ok(places.some((range) => range?.file.startsWith('--over') && range.start.column === 15));
});

test('--over replaces the parameters of the block; everything else in it stays', async () => {
  const { located, metric } = await load({ over: ['rate=1,2'] }, swept);
  const { sweep } = located?.pipeline ?? {};
  assert.deepEqual(sweep?.parameters, { rate: [1, 2] });
  assert.deepEqual([sweep.include, sweep.exclude, sweep.replicates], [[], [], 2]);
  assert.deepEqual(sweep.metric, { name: 'trained.loss', goal: 'minimize' });
  assert.equal(metric, undefined);
  const other = await load({ metric: 'quality.mse' }, swept);
  assert.deepEqual(other.located?.pipeline.sweep?.metric, { name: 'quality.mse', goal: 'minimize' });
  assert.deepEqual(other.located.pipeline.sweep.parameters, { latent_size: [2, 3] });
  const changed = await load({ over: ['rate=1,2'], set: ['sweep.replicates=3'] }, swept);
  assert.equal(changed.located?.pipeline.sweep?.replicates, 3);
});

test('without a block the only `evaluate` stage decides the metric; without --over there is no sweep', async () => {
  const { located, metric } = await load({ over: ['rate=1,2'] });
  assert.deepEqual(metric, { name: 'quality.mse', goal: 'minimize' });
  assert.deepEqual(located?.pipeline.sweep?.metric, metric);
  const named = await load({ over: ['rate=1,2'], metric: 'trained.loss:max' });
  assert.deepEqual(named.located?.pipeline.sweep?.metric, { name: 'trained.loss', goal: 'maximize' });
  assert.equal(named.metric, undefined);
  assert.equal((await load({ metric: 'quality.mse' })).located?.pipeline.sweep, undefined);
});

test('an override of a value that --over varies is refused', async () => {
  const { diagnostics } = await load({
    over: ['rate=1,2'],
    set: ['params.rate=3'],
    trials: true,
    sweeps: true,
  });
  assert.deepEqual(
    diagnostics
      .map(({ code, range }) => `${code} ${range?.file}`)
      .filter((text) => text.includes('bad-override')),
    ['bad-override -S params.rate=3'],
  );
});

test('ranges have both ends, ascend, and never throw', async () => {
  const number = fc.oneof(
    fc.integer({ min: 1, max: 10_000 }),
    fc.double({ min: 1e-6, max: 1e4, noNaN: true }),
  );
  await fc.assert(
    fc.asyncProperty(number, number, fc.constantFrom(':log', ':log:7'), async (one, other, mode) => {
      const [min, max] = [Math.min(one, other), Math.max(one, other)];
      const { located } = await load({ over: [`rate=${min}..${max}${mode}`] });
      const values = located?.pipeline.sweep?.parameters['rate'];
      assert.ok(Array.isArray(values));
      assert.deepEqual([values[0], values.at(-1)], [min, max]);
      const numbers = values.map(Number);
      assert.deepEqual(
        numbers.toSorted((a, b) => a - b),
        numbers,
      );
      assert.equal(new Set(numbers).size, numbers.length);
    }),
    { numRuns: 15 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 12 }), async (text) => {
      const { diagnostics } = await load({ over: [`rate=${text}`] });
      assert.ok(diagnostics.every(({ code }) => code !== 'internal-error'));
    }),
    { numRuns: 25 },
  );
});

test('a metric that is nearly one that Hourglass knows is suggested', async () => {
  const { diagnostics } = await load({ over: ['latent_size=1,2'], metric: 'quality.pnsr' });
  assert.match(diagnostics[0]?.hint ?? '', /`quality\.psnr`/);
});
