/** Searches: what they choose, independent of timing, and what a sweep records of them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadChecked } from '../../src/cli/commands/load.ts';
import { canonicalJson, type JsonObject } from '../../src/core/json.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { halvingOf } from '../../src/sweep/budget.ts';
import { bayesOf } from '../../src/sweep/expand.ts';
import type { TrialSearch } from '../../src/sweep/adaptive.ts';
import type { Trial } from '../../src/sweep/trial.ts';
import { rig, type Finished, type Rig } from '../rig.ts';
import { childrenOf, fingerprint, readTrials, SMALL } from './rig.ts';

/** A small pipeline with a sweep. */
function withSweep(sweep: string, epochs = 4): string {
  const text = SMALL.replace('epochs: 4', `epochs: ${epochs}`);
  return `${text}sweep:\n${sweep}  metric: { name: quality.mse, goal: minimize }\n`;
}

const BAYES = `  method: bayes
  run_cap: 14
  bayes: { startup_trials: 5, lag: 3 }
  parameters:
    stages.trained.loss: [mse, mae, binary_crossentropy]
    latent_size: { min: 2, max: 40, log: true }
    learning_rate: { min: 0.001, max: 0.1 }
`;

const HALVING = `  method: halving
  run_cap: 9
  parameters: { latent_size: { min: 2, max: 40 } }
  halving: { eta: 3 }
`;

interface Listed {
  readonly trials: readonly Trial[];
  readonly search: () => TrialSearch;
}

async function listed(t: TestContext, text: string): Promise<Listed> {
  const rigged = rig(t);
  rigged.write('tiny.yaml', text);
  const { trials, search, diagnostics } = await loadChecked(rigged.path('tiny.yaml'), { trials: true });
  assert.ok(trials !== undefined && search !== undefined, JSON.stringify(diagnostics));
  return { trials, search };
}

type Loss = (parameters: JsonObject) => number;

/**
 * Plays a sweep without running anything.
 *
 * @param order decides repeatedly which running trial ends next, and whether another one starts first
 */
async function play(
  { trials, search: begin }: Listed,
  loss: Loss,
  { jobs, order }: { readonly jobs: number; readonly order: (choices: number) => number },
): Promise<readonly JsonObject[]> {
  const search = begin();
  const all = [...trials];
  const ended = new Set<number>();
  let begun = 0;
  let exhausted = false;
  for (;;) {
    const place = all.length;
    const isReady = [...Array(search.needs(place)).keys()].every((each) => ended.has(each));
    const running = [...all.keys()].filter((each) => each < begun && !ended.has(each));
    if (begun < all.length && running.length < jobs) begun += 1;
    else if (begun === place && !exhausted && place < search.count && isReady && running.length < jobs) {
      // Running trials have no outcome yet, or an arbitrary one.
      const before = all.map((trial, index) => ({
        trial,
        loss: ended.has(index) ? loss(trial.parameters) : order(2) === 0 ? Infinity : -1e9,
      }));
      const next = await search.next(before);
      if (next === undefined) exhausted = true;
      else all.push(next);
    } else if (running.length > 0) ended.add(running[order(running.length)] ?? 0);
    else return all.map(({ parameters }) => parameters);
  }
}

const smooth: Loss = (parameters) => {
  const size = Math.log(Number(parameters['latent_size']) / 12) ** 2;
  return parameters['stages.trained.loss'] === 'mae' ? Infinity : size;
};

for (const [name, sweep] of [
  ['bayes', BAYES],
  ['bayes with replicates', `${BAYES}  replicates: 2\n`],
  ['halving', HALVING],
  ['halving with replicates', `${HALVING}  replicates: 2\n`],
] as const) {
  test(`${name}: the trials do not depend on how many run in parallel or which ends first`, async (t) => {
    const text = withSweep(sweep, 9);
    const sweepList = await listed(t, text);
    const expected = await play(sweepList, smooth, { jobs: 1, order: () => 0 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.nat()), async (jobs, stream) => {
        const order = (choices: number): number => Number(stream.next().value) % choices;
        assert.deepEqual(await play(sweepList, smooth, { jobs, order }), expected);
      }),
      { numRuns: 3 },
    );
    const combinations = new Set(expected.map((each) => canonicalJson(each)));
    assert.equal(combinations.size * (name.includes('replicates') ? 2 : 1), expected.length);
  });
}

test('halving promotes the best of each rung, and no failed trial', async (t) => {
  const sweepList = await listed(t, withSweep(HALVING, 9));
  const tried = await play(sweepList, smooth, { jobs: 2, order: () => 0 });
  const on = (epochs: number): readonly number[] =>
    tried
      .filter((each) => each['stages.trained.epochs'] === epochs)
      .map((each) => Number(each['latent_size']));
  const [first, second, third] = [on(1), on(3), on(9)];
  assert.deepEqual([first.length, second.length, third.length], [9, 3, 1]);
  const distance = (size: number): number => Math.abs(Math.log(size / 12));
  const best = first.toSorted((a, b) => distance(a) - distance(b)).slice(0, 3);
  assert.deepEqual(new Set(second), new Set(best));
  assert.deepEqual(third, best.slice(0, 1));
  const only: Loss = ({ latent_size: size }) => (size === first[4] ? 1 : Infinity);
  const few = await play(sweepList, only, { jobs: 1, order: () => 0 });
  assert.equal(few.length, 11);
  const none = await play(sweepList, () => Number.NaN, { jobs: 1, order: () => 0 });
  assert.equal(none.length, 9);
});

test('changing the range, seed or history changes later trials; the first ones are random', async (t) => {
  const of = async (text: string, loss = smooth): Promise<readonly JsonObject[]> =>
    play(await listed(t, text), loss, { jobs: 1, order: () => 0 });
  const one = await of(withSweep(BAYES));
  const random = await loadChecked(
    (() => {
      const rigged = rig(t);
      const text = withSweep(BAYES.replace('bayes\n', 'random\n').replace('run_cap: 14', 'run_cap: 5'));
      rigged.write('tiny.yaml', text);
      return rigged.path('tiny.yaml');
    })(),
    { trials: true },
  );
  assert.deepEqual(
    random.trials?.map(({ parameters }) => parameters),
    one.slice(0, 5),
  );
  const other = await of(withSweep(BAYES), (parameters) => -smooth(parameters));
  // With a lag of 3, the fifth and sixth trials depend on the first three and four.
  assert.deepEqual(other.slice(0, 5), one.slice(0, 5));
  assert.notDeepEqual(other, one);
  assert.notDeepEqual(await of(withSweep(BAYES.replace('max: 40', 'max: 41'))), one);
});

test('halving resumes trainings on each rung, gives the results of plain runs, and repeats nothing', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'tiny.yaml',
    withSweep(HALVING.replace('run_cap: 9', 'run_cap: 4').replace('eta: 3', 'eta: 2')),
  );
  const first = await rigged.run(['sweep', 'tiny.yaml']);
  assert.equal(first.code, 0, first.stderr);
  const trials = readTrials(rigged, 'tiny');
  assert.deepEqual(
    trials.map(({ parameters }) => parameters['stages.trained.epochs']),
    [1, 1, 1, 1, 2, 2, 4],
  );
  const record = JSON.parse(rigged.read('outputs/tiny/sweep.json'));
  const [start, middle, end] = record.search.rungs;
  assert.deepEqual(
    [start, middle, end].map((rung) => [rung.epochs, rung.trials.length, rung.promoted.length]),
    [
      [1, 4, 2],
      [2, 2, 1],
      [4, 1, 0],
    ],
  );
  const best = trials.at(-1);
  assert.equal(best?.id, end.trials[0]);
  // The answer uses the value after all epochs, not the smallest value.
  assert.match(record.answer, new RegExp(`latent_size ${best?.parameters['latent_size']}\\b`));
  assert.match(first.stdout, /★ +#7/);
  const size = `params.latent_size=${best?.parameters['latent_size']}`;
  await rigged.run(['run', 'tiny.yaml', '-o', 'one/outputs', '-S', size]);
  assert.deepEqual(
    JSON.parse(rigged.read(`outputs/tiny/trials/${best?.id}/metrics.json`)),
    JSON.parse(rigged.read('one/outputs/tiny/metrics.json')),
  );
  const before = fingerprint(rigged, 'tiny');
  assert.match((await rigged.run(['sweep', 'tiny.yaml'])).stdout, /nothing to do/);
  // From the beginning, and killed on the way.
  const other = ['sweep', 'tiny.yaml', '-o', 'other/outputs', '-j', '1'];
  assert.equal((await killed(rigged, other, /✔ #5/)).code, null);
  assert.equal((await rigged.run(other)).code, 0);
  assert.deepEqual(fingerprint(rigged, 'tiny', 'other/outputs'), before);
  assert.deepEqual(JSON.parse(rigged.read('other/outputs/tiny/sweep.json')).search, record.search);
  assert.match(rigged.read('outputs/tiny/sweep.html'), /4 trials of 1 epoch, 2 of 2, 1 of 4/);
});

test('bayes resumes after Ctrl-C with the same trials for any `-j`', async (t) => {
  const rigged = rig(t);
  const few = BAYES.replace('run_cap: 14', 'run_cap: 6').replace('trials: 5, lag: 3', 'trials: 2, lag: 2');
  const text = withSweep(few, 1);
  rigged.write('tiny.yaml', text);
  assert.match((await rigged.run(['check', 'tiny.yaml'])).stdout, /\b6 trials/);
  const dry = await rigged.runJson(['sweep', 'tiny.yaml', '--dry-run']);
  assert.equal((dry.json as unknown as { trials: readonly unknown[] }).trials.length, 2);
  assert.equal((dry.json as unknown as { later: number }).later, 4);
  const { code } = await rigged.run(['sweep', 'tiny.yaml', '-j', '1'], {
    steps: [{ when: /✔ #3/, act: 'SIGINT' }],
  });
  assert.equal(code, 130);
  const interrupted = readTrials(rigged, 'tiny');
  assert.equal(JSON.parse(rigged.read('outputs/tiny/sweep.json')).status, 'interrupted');
  assert.ok(interrupted.length < 6);
  const status = async (): Promise<readonly [string, Readonly<Record<string, number>>]> => {
    const { stdout } = await rigged.run(['sweep', 'tiny.yaml', '--status', '--json']);
    const { status: state, counts } = JSON.parse(stdout);
    return [state, counts];
  };
  assert.equal((await status())[0], 'interrupted');
  assert.equal((await rigged.run(['report', 'tiny.yaml', '--trial', '6'])).code, 2);
  // Then the sweep is killed, and then a worker of it, which is replaced.
  assert.equal((await killed(rigged, ['sweep', 'tiny.yaml'], /✔ #4/)).code, null);
  const [state, counts] = await status();
  assert.equal(state, 'interrupted');
  assert.ok((counts['done'] ?? 0) >= 4, JSON.stringify(counts));
  const worker = await killed(rigged, ['sweep', 'tiny.yaml'], /✔ #5/, (pid) => childrenOf(pid)[0]);
  assert.equal(worker.code, 0, worker.stderr);
  const whole = readTrials(rigged, 'tiny');
  assert.equal(whole.length, 6);
  assert.deepEqual(
    whole.slice(0, interrupted.length).map(({ id }) => id),
    interrupted.map(({ id }) => id),
  );
  // No value that was drawn: an end of the range.
  assert.match(rigged.read('outputs/tiny/sweep.html'), /\b0\.001 to 0\.1\b/);
  assert.equal((await rigged.run(['sweep', 'tiny.yaml', '-o', 'other/outputs', '-j', '2'])).code, 0);
  assert.deepEqual(
    readTrials(rigged, 'tiny', 'other/outputs').map(({ id, value }) => [id, value]),
    whole.map(({ id, value }) => [id, value]),
  );
});

/** Runs a command, and kills it once its output matches, or a process that it started. */
function killed(
  rigged: Rig,
  args: readonly string[],
  when: RegExp,
  target: (pid: number) => number | undefined = (pid) => pid,
): Promise<Finished> {
  const act = (pid: number): void => {
    const found = target(pid);
    if (found !== undefined) process.kill(found, 'SIGKILL');
  };
  return rigged.run(args, { steps: [{ when, act }] });
}

test("omitted settings have the schema's defaults", () => {
  const sweep = JSON.parse(readFileSync(join(packageRoot, 'schemas', 'sweep.json'), 'utf8')).definitions
    .Sweep;
  const defaultsOf = (name: string): unknown =>
    Object.fromEntries(
      Object.entries<{ readonly default: unknown }>(sweep.properties[name].properties).map(([key, own]) => [
        key,
        own.default,
      ]),
    );
  const plain = { method: 'grid' as const, parameters: {}, include: [], exclude: [], replicates: 1 };
  assert.deepEqual(halvingOf(plain), defaultsOf('halving'));
  assert.deepEqual(bayesOf(plain), defaultsOf('bayes'));
});

test('a search is refused as a job array, with a hint', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', withSweep(HALVING));
  const { code, json } = await rigged.runJson(['sweep', 'tiny.yaml', '--on', 'slurm']);
  assert.equal(code, 2);
  assert.match(JSON.stringify(json.diagnostics), /sbatch/);
});

test('incompatible values fail their trial, and the search continues', async (t) => {
  const parts = `  method: bayes
  run_cap: 4
  bayes: { startup_trials: 1, lag: 1 }
  parameters:
    stages.model.decoder.0.Dense.units: [784, 392]
    stages.model.decoder.1.Reshape.target_shape: [[28, 28, 1], [28, 14, 2]]
`;
  // The second shape has 784 values, too, but is not that of the images.
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const rigged = rig(t);
    rigged.write('tiny.yaml', withSweep(parts).replace('seed: 7', `seed: ${seed}`));
    const { trials = [], search } = await loadChecked(rigged.path('tiny.yaml'), { trials: true });
    // Incompatible values among the first trials are errors of the file.
    if (search === undefined) continue;
    const all = await play({ trials, search }, () => 1, { jobs: 1, order: () => 0 });
    assert.equal(all.length, 4);
    const begun = search();
    const before = trials.map((trial) => ({ trial, loss: 1 }));
    const next = await begun.next(before);
    assert.ok(next?.refused?.some(({ code }) => code === 'shape-mismatch'));
    return;
  }
  assert.fail('no seed begins with what goes together');
});
