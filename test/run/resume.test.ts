/** Killed at any moment, started again with the same command: the result is that of a run that was left alone. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Spent } from '../../src/artifacts/checkpoints.ts';
import { isJsonObject } from '../../src/core/json.ts';
import { readSchema } from '../../src/schema/schemas.ts';
import { fingerprint, rig, type Step } from '../rig.ts';

const EPOCHS = 20;

/** Kills of the first optimizer, the others are killed once: what was restored is restored again. */
const KILLS = 3;

/** Names of all optimizers that the language knows. */
function optimizers(): readonly string[] {
  const { definitions } = readSchema('training');
  const spec = isJsonObject(definitions) ? definitions['OptimizerSpec'] : undefined;
  const properties = isJsonObject(spec) ? spec['properties'] : undefined;
  return Object.keys(isJsonObject(properties) ? properties : {});
}

const MODEL = `
  mnist: { type: dataset, source: mnist, limit: { train: 96, test: 32 } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, Dropout: { rate: 0.1 }, Dense: { units: 8, activation: relu }]
    decoder: [Dense: { units: 784, activation: sigmoid }, Reshape: { target_shape: [28, 28, 1] }]
`;

/** One training for each optimizer, under its name in small letters. */
function pipeline(epochs: number, names = optimizers()): string {
  const stages = names.map(
    (name) =>
      `  ${name.toLowerCase()}: { type: train, model: model, data: mnist, loss: mse, optimizer: { ${name}: {} }, ` +
      `epochs: ${epochs}, validation: test, preview: { rows: 2, columns: 2, every: 7 }, early_stopping: { patience: 50 } }`,
  );
  return `name: kills\nseed: 3\nthreads: 1\nstages:${MODEL}${stages.join('\n')}\n`;
}

/** Kills a process, or the worker that it has started, some moments after an epoch. */
function killAfter(stage: string, epoch: number, delay: number, victim: 'run' | 'worker'): Step {
  return {
    when: new RegExp(`${stage}: .*epoch ${epoch}/`),
    act: (pid) => {
      setTimeout(() => {
        const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number);
        try {
          process.kill(victim === 'worker' && worker !== undefined && worker > 0 ? worker : pid, 'SIGKILL');
        } catch {
          // It has come to its end by itself.
        }
      }, delay);
    },
  };
}

test('kill -9 at random moments of every optimizer changes no bit', { timeout: 600_000 }, async (t) => {
  const names = optimizers().map((name) => name.toLowerCase());
  assert.ok(names.length >= 7);
  const undisturbed = rig(t);
  undisturbed.write('kills.yaml', pipeline(EPOCHS));
  assert.equal((await undisturbed.run(['run', 'kills.yaml', '-j', '1'])).code, 0);

  const rigged = rig(t);
  rigged.write('kills.yaml', pipeline(EPOCHS));
  let kills = 0;
  for (const name of names) {
    const parts = name === names[0] ? KILLS : 1;
    for (let part = 0; part < parts; part++) {
      const epoch = 1 + part * Math.floor(EPOCHS / parts) + Math.floor((Math.random() * EPOCHS) / parts / 2);
      const [delay, victim] = [Math.random() * 40, Math.random() < 0.3 ? 'worker' : 'run'] as const;
      const step = killAfter(name, epoch, delay, victim);
      const { code } = await rigged.run(['run', 'kills.yaml', name, '-j', '1'], { steps: [step] });
      if (code !== 0) kills += 1;
    }
  }
  t.diagnostic(`${kills} runs were killed`);
  assert.ok(kills >= 7);
  assert.equal((await rigged.run(['run', 'kills.yaml', '-j', '1'])).code, 0);
  assert.deepEqual(fingerprint(rigged, 'kills'), fingerprint(undisturbed, 'kills'));
});

test('more epochs continue where fewer ended, and the plan says so', { timeout: 120_000 }, async (t) => {
  const text = (epochs: number): string => pipeline(epochs, ['SGD']);
  const grown = rig(t);
  grown.write('kills.yaml', text(5));
  assert.equal((await grown.run(['run', 'kills.yaml', 'sgd'])).code, 0);
  grown.write('kills.yaml', text(9));
  const plan = await grown.runJson(['plan', 'kills.yaml', 'sgd']);
  const stage = plan.json.stages.find(({ name }) => name === 'sgd');
  assert.equal(stage?.action, 'run');
  assert.equal(stage?.resume?.epoch, 5);
  const [lineage = ''] = readdirSync(grown.path('.hourglass/checkpoints'));
  const times = JSON.parse(grown.read(`.hourglass/checkpoints/${lineage}/spent.json`)) as Record<
    string,
    Spent
  >;
  const spent = times['5']?.seconds ?? 0;
  assert.ok(spent > 0);
  assert.equal((await grown.run(['run', 'kills.yaml', 'sgd'])).code, 0);
  assert.match(grown.read('outputs/kills/log.jsonl'), /resumes after epoch 5/);
  const { stages } = JSON.parse(grown.read('outputs/kills/run.json')) as { stages: Record<string, Spent> };
  assert.ok((stages['sgd']?.seconds ?? 0) > spent, 'its time includes that of the first five epochs');

  const anew = rig(t);
  anew.write('kills.yaml', text(9));
  assert.equal((await anew.run(['run', 'kills.yaml', 'sgd'])).code, 0);
  assert.deepEqual(fingerprint(grown, 'kills'), fingerprint(anew, 'kills'));

  // A forced run starts from nothing.
  assert.equal((await grown.run(['run', 'kills.yaml', 'sgd', '--force'])).code, 0);
  assert.doesNotMatch(grown.read('outputs/kills/log.jsonl'), /resumes after/);
  assert.deepEqual(fingerprint(grown, 'kills'), fingerprint(anew, 'kills'));
});

test(
  'Ctrl-C keeps the last finished epoch, even where checkpoints are rarer',
  { timeout: 60_000 },
  async (t) => {
    const rigged = rig(t);
    const text = pipeline(2000, ['SGD']).replace(
      'epochs: 2000,',
      'epochs: 2000, checkpoint: { every: 1000 },',
    );
    rigged.write('kills.yaml', text);
    const stopped = await rigged.run(['run', 'kills.yaml', 'sgd'], {
      steps: [{ when: /sgd: .*epoch 3\//, act: 'SIGTERM' }],
    });
    assert.equal(stopped.code, 143);
    const { json } = await rigged.runJson(['plan', 'kills.yaml', 'sgd']);
    const epoch = json.stages.find(({ name }) => name === 'sgd')?.resume?.epoch ?? 0;
    assert.ok(epoch >= 3 && epoch < 1000, `epoch ${epoch}`);
  },
);
