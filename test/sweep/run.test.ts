/** Sweeps on this machine: shared stages, repeatability, and what a killed sweep keeps. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { problemsOf, rig } from '../rig.ts';
import { childrenOf, fingerprint, QUICK, readTrials, storeEntries, TRAINED } from './rig.ts';

test('trials give the results of plain runs, share stages, and are bit-identical for any `-j`', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TRAINED);
  const first = await rigged.runJson(['sweep', 'tiny.yaml']);
  assert.equal(first.code, 0, JSON.stringify(first.json, null, 1));
  const trials = readTrials(rigged, 'tiny');
  assert.deepEqual(
    trials.map(({ state }) => state),
    Array(4).fill('done'),
  );
  assert.deepEqual(
    trials.map(({ parameters }) => parameters['latent_size']),
    [2, 4, 2, 4],
  );
  assert.equal(new Set(trials.map(({ seed }) => seed)).size, 2);
  // One data set in all, one noise stage for each seed, one model for each size.
  const keys = (stage: string): number => new Set(trials.map(({ stages }) => stages[stage])).size;
  assert.deepEqual([keys('mnist'), keys('noisy'), keys('model'), keys('trained')], [1, 2, 4, 4]);
  const all = new Set(trials.flatMap(({ stages }) => Object.values(stages)));
  assert.deepEqual([...storeEntries(rigged)].sort(), [...all].sort());

  const last = trials[3];
  await rigged.run([
    'run',
    'tiny.yaml',
    '-o',
    'one/outputs',
    '-S',
    'params.latent_size=4',
    '-S',
    `seed=${last?.seed}`,
  ]);
  const plain = JSON.parse(rigged.read('one/outputs/tiny/metrics.json'));
  assert.deepEqual(JSON.parse(rigged.read(`outputs/tiny/trials/${last?.id}/metrics.json`)), plain);
  assert.equal(last?.value, plain.quality.mse);

  // All learning curves, and a page for each trial with a link back.
  for (const name of ['sweep-curves.png', 'sweep-curves.svg'])
    assert.ok(rigged.exists(`outputs/tiny/${name}`));
  const sweepHtml = rigged.read('outputs/tiny/sweep.html');
  for (const { id } of trials) {
    assert.ok(sweepHtml.includes(`href="./trials/${id}/report.html"`));
    assert.ok(rigged.read(`outputs/tiny/trials/${id}/report.html`).includes('href="../../sweep.html"'));
  }
  const page = `outputs/tiny/trials/${trials[2]?.id}/report.html`;
  rmSync(rigged.path(page));
  assert.equal((await rigged.run(['report', 'tiny.yaml', '--trial', '3'])).stdout.trim(), page);
  assert.ok(rigged.exists(page));
  assert.equal((await rigged.run(['report', 'tiny', '--trial', '5'])).code, 2);

  const before = fingerprint(rigged, 'tiny');
  const again = await rigged.run(['sweep', 'tiny.yaml']);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /nothing to do/);
  assert.deepEqual(fingerprint(rigged, 'tiny'), before);

  assert.equal((await rigged.run(['sweep', 'tiny.yaml', '-o', 'other/outputs', '-j', '1'])).code, 0);
  assert.deepEqual(fingerprint(rigged, 'tiny', 'other/outputs'), before);
});

test('new trials run, finished ones are kept, and removed ones leave the outputs', async (t) => {
  const rigged = rig(t);
  rigged.write('quick.yaml', QUICK);
  assert.equal((await rigged.run(['sweep', 'quick.yaml'])).code, 0);
  const before = readTrials(rigged, 'quick').map(({ id }) => id);
  for (const id of before) rigged.write(`outputs/quick/trials/${id}/notes.txt`, 'mine');
  rigged.write('quick.yaml', QUICK.replace('min: 0.1, max: 0.6', 'min: 0.2, max: 0.7'));
  assert.equal((await rigged.run(['sweep', 'quick.yaml'])).code, 0);
  const after = readTrials(rigged, 'quick');
  const kept = after.filter(({ id }) => before.includes(id));
  assert.equal(kept.length, 10);
  assert.ok(kept.every(({ state }) => state === 'kept'));
  assert.equal(after.filter(({ state }) => state === 'done').length, 2);
  const gone = before.filter((id) => !after.some((trial) => trial.id === id));
  assert.equal(gone.length, 2);
  assert.ok(gone.every((id) => !rigged.exists(`outputs/quick/trials/${id}/run.json`)));
  assert.ok(before.every((id) => rigged.exists(`outputs/quick/trials/${id}/notes.txt`)));
  // Only results that no trial links to may be removed.
  await rigged.run(['clean', '--cache']);
  assert.deepEqual(
    [...storeEntries(rigged)].sort(),
    [...new Set(after.flatMap(({ stages }) => Object.values(stages)))].sort(),
  );
});

/** Two trials, each with its own image file. */
const FILES = `name: files
params: { file: a.idx }
stages:
  images: { type: dataset, source: idx, train_images: "\${params.file}" }
  scaled: { type: normalize, data: images, method: standard }
sweep: { parameters: { file: [a.idx, b.idx] } }
`;

/** IDX, of 2x2. */
const ONE_IMAGE = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);
/** All values are equal, so they cannot be scaled. Only the run finds this. */
const FLAT_IMAGE = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 7, 7, 7, 7]);

test('a trial that fails because of its data runs once and is reported; others finish, and new data are tried', async (t) => {
  const rigged = rig(t);
  rigged.write('files.yaml', FILES);
  writeFileSync(rigged.path('a.idx'), FLAT_IMAGE);
  writeFileSync(rigged.path('b.idx'), ONE_IMAGE);
  const failed = await rigged.run(['sweep', 'files.yaml']);
  assert.equal(failed.code, 1);
  assert.doesNotMatch(failed.stderr, /is retried/);
  assert.match(failed.stderr, /\[bad-setting\]/);
  assert.deepEqual(
    readTrials(rigged, 'files').map(({ state }) => state),
    ['failed', 'done'],
  );
  writeFileSync(rigged.path('a.idx'), ONE_IMAGE);
  assert.equal((await rigged.run(['sweep', 'files.yaml'])).code, 0);
  assert.deepEqual(
    readTrials(rigged, 'files').map(({ state }) => state),
    ['done', 'kept'],
  );
});

test('a missing file of one trial is an error before any trial runs, at its place in the sweep', async (t) => {
  const rigged = rig(t);
  rigged.write('files.yaml', FILES);
  rigged.write('a.idx', ONE_IMAGE);
  for (const command of ['check', 'sweep']) {
    const { code, json } = await rigged.runJson([command, 'files.yaml']);
    assert.notEqual(code, 0);
    const problem = problemsOf(json).find(({ code: name }) => name === 'data-missing');
    assert.deepEqual([problem?.line, problem?.column], [6, 38], command);
  }
  assert.ok(!rigged.exists('outputs'));
});

test('a killed worker costs one attempt', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TRAINED.replace('replicates: 2', 'replicates: 1'));
  let parent = 0;
  const { code, stderr } = await rigged.run(['sweep', 'tiny.yaml', '-j', '1', '-v'], {
    onStart: (pid) => (parent = pid),
    steps: [
      {
        when: /: started/,
        act: () => {
          const timer = setInterval(() => {
            const [worker] = childrenOf(parent);
            if (worker === undefined) return;
            clearInterval(timer);
            process.kill(worker, 'SIGKILL');
          }, 20);
          t.after(() => clearInterval(timer));
        },
      },
    ],
  });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /is retried/);
});

test('the median rule stops a trial that learns nothing, and the next start does not repeat it', async (t) => {
  const rigged = rig(t);
  const rates = TRAINED.replace('loss: mse', 'optimizer: { Adam: { learning_rate: 0.01 } }\n    loss: mse')
    .replace('epochs: 2 }', 'epochs: 3 }')
    .replace(/sweep:[^]*$/, '');
  rigged.write(
    'tiny.yaml',
    `${rates}sweep:
  parameters: { stages.trained.optimizer.Adam.learning_rate: [0.01, 0.02, 1.0e-9] }
  metric: { name: quality.mse, goal: minimize }
  early_stop: { warmup_epochs: 1, min_trials: 2, lag: 1 }
`,
  );
  const states = (): readonly string[] => readTrials(rigged, 'tiny').map(({ state }) => state);
  const { code, stdout } = await rigged.run(['sweep', 'tiny.yaml']);
  assert.equal(code, 0);
  assert.match(stdout, /stopped/);
  assert.deepEqual(states(), ['done', 'done', 'stopped']);
  const again = await rigged.run(['sweep', 'tiny.yaml']);
  assert.match(again.stdout, /nothing to do/);
  assert.deepEqual(states(), ['kept', 'kept', 'stopped']);
});

test('Ctrl-C keeps finished trials; a second sweep of the same pipeline is refused meanwhile', async (t) => {
  const rigged = rig(t);
  rigged.write('quick.yaml', QUICK);
  let other: Promise<{ readonly code: number | null; readonly stderr: string }> | undefined;
  const { code } = await rigged.run(['sweep', 'quick.yaml', '-j', '1'], {
    steps: [
      { when: /✔/, act: () => void (other = rigged.run(['sweep', 'quick.yaml'])) },
      { when: /✔/, act: 'SIGINT' },
    ],
  });
  assert.equal(code, 130);
  const states = readTrials(rigged, 'quick').map(({ state }) => state);
  assert.ok(states.includes('done') && states.includes('pending'), states.join());
  await other;
  assert.equal((await rigged.run(['sweep', 'quick.yaml'])).code, 0);
});

test('the log lists trials that start, end, and fail with the reason, and is kept if nothing has to run', async (t) => {
  const rigged = rig(t);
  rigged.write('files.yaml', FILES);
  rigged.write('a.idx', FLAT_IMAGE);
  rigged.write('b.idx', ONE_IMAGE);
  const { code } = await rigged.run(['sweep', 'files.yaml']);
  assert.equal(code, 1);
  const lines: readonly Record<string, unknown>[] = rigged
    .read('outputs/files/log.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (event: string): readonly Record<string, unknown>[] =>
    lines.filter((line) => line['event'] === event);
  assert.equal(of('sweep-started').length, 1);
  assert.equal(of('trial-started').length, 2);
  assert.equal(of('trial-retried').length, 0);
  const ended = new Map(of('trial-finished').map((line) => [line['state'], line]));
  assert.equal(ended.get('failed')?.['level'], 50);
  assert.equal(typeof ended.get('failed')?.['reason'], 'string');
  assert.ok(ended.has('done'));
  assert.equal(of('sweep-finished').length, 1);
  rigged.write('a.idx', ONE_IMAGE);
  assert.equal((await rigged.run(['sweep', 'files.yaml'])).code, 0);
  const log = rigged.read('outputs/files/log.jsonl');
  assert.match((await rigged.run(['sweep', 'files.yaml'])).stdout, /nothing to do/);
  assert.equal(rigged.read('outputs/files/log.jsonl'), log);
});

test('a sweep without parameters repeats the pipeline with other seeds', async (t) => {
  const rigged = rig(t);
  rigged.write('quick.yaml', QUICK.replace(/ {2}parameters:.*\n/, ''));
  const { code } = await rigged.runJson(['sweep', 'quick.yaml']);
  assert.equal(code, 0);
  const trials = readTrials(rigged, 'quick');
  assert.deepEqual(
    trials.map(({ parameters, state }) => [parameters, state]),
    [
      [{}, 'done'],
      [{}, 'done'],
    ],
  );
  assert.equal(trials[0]?.seed, 3);
  assert.notEqual(trials[1]?.seed, 3);
  const { stdout } = await rigged.run(['compare', 'quick.yaml']);
  assert.match(stdout, /2/);
  assert.ok(rigged.exists('outputs/quick/sweep.html'));
});
