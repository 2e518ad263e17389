/** The whole of Hourglass on a tiny pipeline: from YAML to figures, twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint, rig, TINY } from './rig.ts';

const STAGES = [
  'mnist',
  'noisy',
  'model',
  'trained',
  'quality',
  'denoised',
  'digits',
  'comparison',
  'curves',
];

test('a run makes everything, a second has nothing to do, a forced one gives the same bits', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  const first = await rigged.runJson(['run', 'tiny.yaml']);
  assert.equal(first.code, 0, JSON.stringify(first.json, null, 1));
  assert.equal(first.json.status, 'done');
  assert.deepEqual(first.json.stages.map(({ name }) => name).sort(), [...STAGES].sort());
  for (const path of [
    'mnist/summary.json',
    'noisy/train-images.npy',
    'model/summary.txt',
    'trained/model/autoencoder/model.json',
    'trained/best/encoder/weights.bin',
    'trained/history.csv',
    'trained/previews/epoch-001.png',
    'trained/previews/epoch-002.png',
    'denoised/test-images.npy',
    'digits/figure.svg',
    'comparison/figure.png',
    'curves/figure.png',
    'log.jsonl',
    'resolved.yaml',
  ]) {
    assert.ok(rigged.exists(`outputs/tiny/${path}`), path);
  }
  const metrics = JSON.parse(rigged.read('outputs/tiny/metrics.json'));
  assert.ok(metrics.quality.mse > 0 && metrics.quality.mse < 0.3);
  assert.ok(Number.isFinite(metrics.trained.val_loss));
  for (const line of rigged.read('outputs/tiny/log.jsonl').trim().split('\n')) JSON.parse(line);
  const before = fingerprint(rigged, 'tiny');

  const second = await rigged.run(['run', 'tiny.yaml']);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /nothing to do/);
  assert.deepEqual(fingerprint(rigged, 'tiny'), before);

  const forced = await rigged.runJson(['run', 'tiny.yaml', '--force', '-j', '1']);
  assert.ok(forced.json.stages.every(({ state }) => state === 'ran'));
  assert.deepEqual(fingerprint(rigged, 'tiny'), before);
});

test('a changed setting runs only the stages that depend on it, and the plan says why', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  assert.equal((await rigged.run(['run', 'tiny.yaml'])).code, 0);
  const changed = ['tiny.yaml', '-S', 'params.latent_size=3'];
  const { json: plan } = await rigged.runJson(['plan', ...changed]);
  const actions = new Map(plan.stages.map(({ name, action }) => [name, action]));
  assert.deepEqual(Object.fromEntries(actions), {
    mnist: 'cached',
    noisy: 'cached',
    model: 'run',
    trained: 'run',
    quality: 'run',
    denoised: 'run',
    digits: 'cached',
    comparison: 'run',
    curves: 'run',
  });
  assert.match((await rigged.run(['plan', ...changed])).stdout, /latent_size 4 -> 3/);
  const { json: result } = await rigged.runJson(['run', ...changed]);
  for (const { name, state } of result.stages)
    assert.equal(state, actions.get(name) === 'run' ? 'ran' : 'cached', name);
  const { json: back } = await rigged.runJson(['run', 'tiny.yaml']);
  assert.ok(back.stages.every(({ state }) => state === 'cached'));
});

test("an added stage does not change the others' random numbers", async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  await rigged.run(['run', 'tiny.yaml', 'quality']);
  const before = JSON.parse(rigged.read('outputs/tiny/metrics.json'));
  rigged.write(
    'tiny.yaml',
    TINY.replace('stages:\n', 'stages:\n  more: { type: noise, data: mnist, kind: gaussian, stddev: 1 }\n'),
  );
  await rigged.run(['run', 'tiny.yaml', 'quality', 'more', '--force']);
  const { more, ...after } = JSON.parse(rigged.read('outputs/tiny/metrics.json'));
  assert.ok(more.train_mse > 0.9);
  assert.deepEqual(after, before);
});

test('the portable engine runs the same pipeline', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  const { code, json } = await rigged.runJson(['run', 'tiny.yaml', '--engine', 'portable']);
  assert.equal(code, 0, JSON.stringify(json, null, 1));
  const portable = JSON.parse(rigged.read('outputs/tiny/metrics.json'));
  assert.equal(JSON.parse(rigged.read('outputs/tiny/run.json')).engine.kind, 'portable');
  await rigged.run(['run', 'tiny.yaml']);
  const native = JSON.parse(rigged.read('outputs/tiny/metrics.json'));
  // The same weights, shuffles, dropout and noise: only the last digits of sums differ.
  assert.ok(Math.abs(portable.quality.mse - native.quality.mse) < 1e-4);
  assert.deepEqual(portable.noisy, native.noisy);
});
