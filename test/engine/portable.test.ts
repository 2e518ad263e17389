/** The portable engine, and machines that cannot have it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from '../../src/engine/load.ts';
import { webAssemblyFeatures } from '../../src/engine/webassembly/module.ts';
import { problemsOf, rig } from '../rig.ts';
import { Machine } from './machine.ts';

const WITHOUT = { NODE_OPTIONS: '--jitless' };

test('it is the same on every machine, and has the requested number of threads', async () => {
  const { identity, threads, executor } = await loadEngine({ choice: 'portable', threads: 3 });
  assert.deepEqual([identity.kind, identity.platform, threads], ['portable', 'any', 3]);
  assert.match(identity.version, /^webassembly [0-9a-f]{12}$/);
  assert.equal(executor?.instance.threads, webAssemblyFeatures().threads ? 3 : 1);
});

test('without WebAssembly it cannot be loaded, and status says why', async (t) => {
  const machine = new Machine(t);
  const { failure } = await machine.draw('portable', WITHOUT);
  assert.equal(failure?.code, 'webassembly-missing');
  const { value } = await machine.status('portable', WITHOUT);
  assert.deepEqual(value?.webassembly, { simd: false, threads: false, relaxedSimd: false });
  assert.match(value.problem ?? '', /WebAssembly/);
});

test('without WebAssembly a stage fails in one line, with no stack', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'p.yaml',
    'name: p\nstages:\n  model:\n    type: model\n    input_shape: [4, 4, 1]\n    encoder: [Flatten]\n    decoder: [{ Reshape: { target_shape: [4, 4, 1] } }]\n',
  );
  const call = ['run', 'p.yaml', '--engine', 'portable'];
  const { code, json } = await rigged.runJson(call, { env: WITHOUT });
  const problems = problemsOf(json);
  assert.deepEqual(
    [code, problems.map((problem) => [problem.code, problem.stage])],
    [1, [['webassembly-missing', 'model']]],
  );
  assert.doesNotMatch(JSON.stringify(problems), /\n|\bat .*:\d+/);
});

test('a batch that needs more memory than WebAssembly has ends only its stage; a smaller one continues', async (t) => {
  const rigged = rig(t);
  // The convolution gives 51 MB for each image.
  rigged.write(
    'p.yaml',
    `name: p
stages:
  mnist: { type: dataset, source: mnist, normalize: minmax, limit: { train: 2, test: 128 } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [{ UpSampling2D: { size: 8 } }, { Conv2D: { filters: 256, kernel_size: 3, padding: same } }, { MaxPooling2D: { pool_size: 8 } }]
    decoder: [{ Conv2D: { filters: 1, kernel_size: 3, padding: same, activation: sigmoid } }]
  trained: { type: train, model: model, data: mnist, loss: mse, epochs: 1, batch_size: 1, validation: none }
  quality: { type: evaluate, model: trained, data: mnist, batch_size: 128 }
`,
  );
  const call = ['run', 'p.yaml', '--engine', 'portable'];
  const large = await rigged.runJson(call);
  assert.equal(large.code, 1);
  const [problem, ...others] = problemsOf(large.json);
  assert.deepEqual([problem?.code, problem?.stage, others], ['model-too-large', 'quality', []]);
  assert.match(problem?.hint ?? '', /batch/);
  const small = await rigged.runJson([...call, '-S', 'stages.quality.batch_size=2']);
  assert.equal(small.code, 0);
  const trained = small.json.stages?.find(({ name }) => name === 'trained');
  assert.equal(trained?.state, 'cached');
});

test('a folder without TensorFlow that the user names once is not remembered', async (t) => {
  const machine = new Machine(t);
  const named = { HOURGLASS_ENGINE_DIR: machine.folder };
  const { value } = await machine.ensure('auto', named);
  assert.equal(value?.identity.kind, 'portable');
  assert.match(value.notice ?? '', /HOURGLASS_ENGINE_DIR/);
  const status = await machine.status('auto');
  assert.doesNotMatch(status.value?.problem ?? '', /HOURGLASS_ENGINE_DIR/);
});
