import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  completeCase,
  hasConvolutions,
  placedLayers,
  type BenchCase,
} from '../../../scripts/bench/bench-case.ts';
import { CASES, GROUPS, withSteps } from '../../../scripts/bench/cases.ts';
import { rowsOf } from '../../../scripts/bench/data.ts';
import { enginesOf } from '../../../scripts/bench/engines.ts';
import { flopsOf } from '../../../scripts/bench/flops.ts';
import {
  denseBlocks,
  denseModel,
  poolingModel,
  stridedModel,
  withClasses,
  withPenalty,
} from '../../../scripts/bench/models.ts';
import { taskOf } from '../../../scripts/bench/protocol.ts';
import { sizeOf } from '../../../src/core/shape.ts';

const WRITTEN = {
  name: 'mine',
  model: denseModel({ widths: [512, 256, 128, 64] }),
  optimizer: 'adam',
  loss: 'mse',
  data: 'mnist',
  batch: 32,
  steps: 10,
} as const;

for (const benchCase of CASES) {
  test(`${benchCase.name}: the layers fit together, and a stretch is within an epoch of whole batches`, () => {
    const { input_shape: input } = benchCase.architecture;
    assert.deepEqual(placedLayers(benchCase).at(-1)?.output, input);
    assert.ok(benchCase.steps * benchCase.batch <= rowsOf(benchCase));
    assert.ok(Number.isInteger(benchCase.steps));
    // MNIST has one shape.
    if (benchCase.data !== 'uniform') assert.deepEqual(input, [28, 28, 1]);
  });
}

test('names are unique, and the core is a part of all', () => {
  const names = CASES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name } of GROUPS.core) assert.ok(names.includes(name), name);
  assert.ok(GROUPS.core.length < CASES.length);
});

test('the schemas fill in the arguments of layers and optimizers', () => {
  const { optimizer, architecture } = completeCase({ ...WRITTEN, optimizer: { SGD: { momentum: 0.9 } } });
  assert.deepEqual(optimizer, { SGD: { learning_rate: 0.01, momentum: 0.9, nesterov: false } });
  const [flatten, dense] = architecture.encoder;
  assert.equal(flatten, 'Flatten');
  assert.ok(typeof dense === 'object' && 'Dense' in dense);
  assert.equal(dense.Dense.kernel_initializer, 'glorot_uniform');
});

test('a case that the schemas refuse is refused', () => {
  assert.throws(() => completeCase({ ...WRITTEN, optimizer: 'adaam' }), TypeError);
  const model = { ...WRITTEN.model, encoder: [{ Dense: { unit: 3 } }] };
  assert.throws(() => completeCase({ ...WRITTEN, model }), TypeError);
});

test('a task names all layers, with their arguments and shapes', () => {
  const model = poolingModel();
  const { layers, rows, threads } = taskOf(completeCase({ ...WRITTEN, model }), 'images', 2);
  assert.equal(layers.length, model.encoder.length + model.decoder.length);
  assert.deepEqual(layers[1], {
    name: 'MaxPooling2D',
    args: { pool_size: 2, strides: null, padding: 'valid' },
    input: [28, 28, 32],
    output: [14, 14, 32],
  });
  assert.deepEqual([rows, threads], [60_000, 2]);
});

test('a penalty is on one layer, and a task says which layers a block adds to', () => {
  const sparse = completeCase({ ...WRITTEN, model: withPenalty(WRITTEN.model) });
  const penalised = taskOf(sparse, 'images', 2).layers.filter(({ args }) => 'activity_regularizer' in args);
  assert.deepEqual(
    penalised.map(({ name, args }) => [name, args['units']]),
    [['Dense', 512]],
  );
  const [plain, residual] = [false, true].map((isResidual) =>
    taskOf(completeCase({ ...WRITTEN, model: denseBlocks(isResidual) }), 'images', 2),
  );
  assert.ok(plain !== undefined && residual !== undefined);
  const blocks = residual.layers.filter(({ inside }) => inside !== undefined);
  assert.deepEqual(
    blocks.map(({ name, inside }) => [name, inside]),
    Array.from({ length: 4 }, () => ['Residual', 2]),
  );
  assert.deepEqual(
    residual.layers.filter(({ name }) => name !== 'Residual'),
    plain.layers,
  );
});

test('a case is compared with one of the same training that lacks what it adds', () => {
  const pairs = CASES.flatMap((each) => {
    const other = CASES.find(({ name }) => name === each.without);
    assert.equal(other === undefined, each.without === undefined, each.name);
    return other === undefined ? [] : [[each, other] as const];
  });
  assert.ok(pairs.length >= 6);
  const trainingOf = ({ loss, data, batch, steps, optimizer }: BenchCase) => [
    loss,
    data,
    batch,
    steps,
    optimizer,
  ];
  for (const [one, other] of pairs) {
    assert.deepEqual(trainingOf(one), trainingOf(other));
    assert.notDeepEqual(one.architecture, other.architecture);
  }
});

test('a conditional model gets labels, which the peers do not have', () => {
  const conditional = completeCase({ ...WRITTEN, model: withClasses(WRITTEN.model) });
  assert.equal(conditional.architecture.classes, 10);
  const names = enginesOf(conditional, { peers: true, engines: [] });
  assert.ok(names.length > 0 && names.every(({ isPeer }) => !isPeer));
  assert.ok(enginesOf(completeCase(WRITTEN), { peers: true, engines: [] }).some(({ isPeer }) => isPeer));
});

test('larger images are fewer', () => {
  const model = stridedModel({ input: [56, 28, 2] });
  assert.equal(rowsOf(completeCase({ ...WRITTEN, model, data: 'uniform' })), 15_000);
});

test('stretches can be shortened, and lengthened up to an epoch', () => {
  const benchCase = completeCase(WRITTEN);
  assert.equal(withSteps(benchCase, 5).steps, 5);
  assert.equal(withSteps(benchCase).steps, 10);
  assert.equal(withSteps({ ...benchCase, batch: 512 }, 1000).steps, 117);
});

test('a step of dense layers takes two operations a weight and sample, three times but in the first', () => {
  const benchCase = completeCase(WRITTEN);
  const halves = [784, 512, 256, 128, 64, 32];
  const weights = 2 * halves.slice(1).reduce((sum, size, index) => sum + size * (halves[index] ?? 0), 0);
  assert.equal(flopsOf(benchCase), 32 * (6 * weights - 2 * 784 * 512));
  assert.equal(flopsOf({ ...benchCase, batch: 64 }), 2 * flopsOf(benchCase));
  assert.equal(hasConvolutions(benchCase), false);
});

test('a convolution takes them for every pixel of the smaller image', () => {
  const model = stridedModel({ filters: [8], latent: 2 });
  const benchCase = completeCase({ ...WRITTEN, model, batch: 1 });
  const small = sizeOf([14, 14]);
  const products = small * 9 * 8 + 2 * (2 * small * 8) + small * 9 * 8 * 8 + 28 * 28 * 9 * 8;
  assert.equal(flopsOf(benchCase), 6 * products - 2 * small * 9 * 8);
  assert.equal(hasConvolutions(benchCase), true);
});
