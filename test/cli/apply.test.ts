/** `hourglass apply` on images of the runs themselves, whose results `predict` and `encode` have. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { encodePng } from '../../src/figures/png.ts';
import { decodeImage } from '../../src/formats/decode.ts';
import { readNpy, type NpyData } from '../../src/formats/npy.ts';
import { rig, type Finished } from '../rig.ts';
import { idxImages } from '../submission/pipelines.ts';

/** Every step that `apply` repeats, and some that it leaves out. */
const STEPS = `name: steps
stages:
  own: { type: dataset, source: idx, train_images: data/train.idx, test_images: data/test.idx }
  larger: { type: resize, data: own, size: [6, 5] }
  turned: { type: transform, data: larger, transpose: [1, 0], flip: horizontal }
  scaled: { type: normalize, data: turned, method: standard }
  fewer: { type: subset, data: scaled, count: 6 }
  noisy: { type: noise, data: fewer, kind: gaussian, stddev: 0.5 }
  model:
    type: model
    input_shape: [5, 6, 1]
    encoder: [Flatten, { Dense: { units: 3 } }]
    decoder: [{ Dense: { units: 30 } }, { Reshape: { target_shape: [5, 6, 1] } }]
  denoiser: { type: train, model: model, data: noisy, target: fewer, loss: mse, epochs: 1 }
  outputs: { type: predict, model: denoiser, data: scaled }
  latents: { type: encode, model: denoiser, data: scaled }
`;

/** A conditional model with a quantised latent. */
const CLASSES = `name: classes
stages:
  own: { type: dataset, source: images, path: pictures-of, labels: folder, size: [4, 4], color: gray }
  model:
    type: model
    input_shape: [4, 4, 1]
    condition: labels
    classes: 2
    encoder: [Flatten, { Dense: { units: 4 } }]
    decoder: [{ Dense: { units: 16, activation: sigmoid } }, { Reshape: { target_shape: [4, 4, 1] } }]
  quantized:
    type: model
    input_shape: [4, 4, 1]
    encoder: [Flatten, { Dense: { units: 4 } }, { Reshape: { target_shape: [2, 2] } }, { VectorQuantizer: { codes: 3, commitment: 0.25 } }]
    decoder: [Flatten, { Dense: { units: 16, activation: sigmoid } }, { Reshape: { target_shape: [4, 4, 1] } }]
  told: { type: train, model: model, data: own, loss: mse, epochs: 1 }
  coded: { type: train, model: quantized, data: own, loss: mse, epochs: 1 }
  outputs: { type: predict, model: told, data: own, split: train }
  latents: { type: encode, model: coded, data: own, split: train }
`;

const rigged = rig({ after });
const TRAIN = 8;
const pixels = idxImages(TRAIN).subarray(16);

function picture(index: number): Buffer {
  return encodePng({
    width: 4,
    height: 4,
    channels: 1,
    pixels: pixels.subarray(index * 16, (index + 1) * 16),
  });
}

async function runOk(args: readonly string[]): Promise<Finished> {
  const finished = await rigged.run(args);
  assert.equal(finished.code, 0, `${args.join(' ')}\n${finished.stderr}`);
  return finished;
}

async function valuesOf(file: string): Promise<NpyData> {
  return (await readNpy(rigged.path(file))).data;
}

function assertClose(actual: NpyData, expected: NpyData): void {
  assert.equal(actual.length, expected.length);
  const far = actual.findIndex((value, index) => Math.abs(value - (expected[index] ?? 0)) > 1e-5);
  assert.equal(far, -1, `value ${far} is ${actual[far]}, not ${expected[far]}`);
}

test('apply repeats the steps of the training images: its outputs are those of `predict`, with both engines', async () => {
  rigged.write('data/train.idx', idxImages(TRAIN));
  rigged.write('data/test.idx', idxImages(3));
  rigged.write('steps.yaml', STEPS);
  await runOk(['run', 'steps.yaml', '--engine', 'portable']);
  for (const index of [0, 1, 2]) rigged.write(`mine/${index}.png`, picture(index));
  const expected = await valuesOf('outputs/steps/outputs/test-images.npy');
  for (const engine of ['portable', 'native']) {
    await runOk(['apply', 'steps.yaml', 'mine', '--to', 'npy', '-o', engine, '--engine', engine]);
    assertClose(await valuesOf(`${engine}/outputs.npy`), expected);
  }
  assert.deepEqual(JSON.parse(rigged.read('portable/names.json')), ['0', '1', '2']);
  assert.ok(rigged.exists('portable/comparison.png'));
  // The stored images of the data set are bytes, too.
  const array = 'outputs/steps/own/test-images.npy';
  const options = ['--engine', 'portable', '-o', 'encoded', '--encode'];
  await runOk(['apply', 'steps', 'denoiser', array, ...options]);
  assertClose(
    await valuesOf('encoded/latents.npy'),
    await valuesOf('outputs/steps/latents/test-vectors.npy'),
  );
});

test('pictures of outputs have the values of the data set again, and the names of the images', async () => {
  rigged.write('mine/deeper/2.png', picture(2));
  const { json } = await rigged.runJson(['apply', 'steps', 'mine', '-o', 'pictures', '--engine', 'portable']);
  const { images } = json as unknown as { readonly images: readonly { file: string; mse: number }[] };
  assert.deepEqual(
    images.map(({ file }) => file),
    ['0', '1', '2', 'deeper/2'].map((name) => `pictures/${name}.png`),
  );
  const outputs = await valuesOf('portable/outputs.npy');
  // Black is 0 and white is 255 in the data set, before it is scaled to mean 0 and deviation 1.
  const { mean, standard_deviation: deviation } = (
    JSON.parse(rigged.read('outputs/steps/metrics.json')) as Record<string, Record<string, number>>
  )['scaled'] as { mean: number; standard_deviation: number };
  const decoded = await decodeImage(readFileSync(rigged.path('pictures/1.png')), {
    crop: null,
    size: null,
    color: 'gray',
  });
  assert.deepEqual(decoded.shape, [5, 6, 1]);
  decoded.data.forEach((byte, index) => {
    const value = Math.min(1, Math.max(0, (outputs[30 + index] ?? 0) * deviation + mean)) * 255;
    assert.ok(Math.abs(byte - value) < 0.51, `${byte} for ${value}`);
  });
  assert.equal(images[2]?.mse, images[3]?.mse);
});

test('apply replaces files only with --overwrite', async () => {
  const { json } = await rigged.runJson(['apply', 'steps', 'mine', '-o', 'pictures']);
  assert.equal(json.diagnostics[0]?.code, 'output-not-writable');
  await runOk(['apply', 'steps', 'mine', '-o', 'pictures', '--overwrite', '--engine', 'portable']);
});

test('other images go into the same folder, and replace nothing', async () => {
  const before = readFileSync(rigged.path('pictures/comparison.png'));
  rigged.write('comparison.png', picture(3));
  rigged.write('third.png', picture(3));
  const { json } = await rigged.runJson(['apply', 'steps', 'third.png', '-o', 'pictures']);
  assert.deepEqual(json.files, ['pictures/third.png', 'pictures/comparison-2.png']);
  assert.deepEqual(readFileSync(rigged.path('pictures/comparison.png')), before);
  // An image may have the name of the picture of all images.
  const { json: named } = await rigged.runJson(['apply', 'steps', 'comparison.png', '-o', 'alone']);
  assert.deepEqual(named.files, ['alone/comparison.png', 'alone/comparison-2.png']);
});

test('all pictures that cannot be decoded are named, and what is no file is not called missing', async () => {
  for (const name of ['one', 'two', 'three']) rigged.write(`bad/${name}.png`, 'nothing');
  const { json } = await rigged.runJson(['apply', 'steps', 'bad', '-o', 'none']);
  for (const name of ['one', 'two', 'three'])
    assert.ok(json.diagnostics[0]?.message.includes(`\`${name}.png\``), name);
  const special = await rigged.runJson(['apply', 'steps', '/dev/zero', '-o', 'none']);
  assert.equal(special.json.diagnostics[0]?.code, 'file-unreadable');
});

test('images that look inverted are reported, and inverted on request', async () => {
  const dark = pixels.subarray(0, 16).map((value) => value >> 3);
  const light = dark.map((value) => 255 - value);
  for (const [name, values] of [
    ['ink', dark],
    ['paper', light],
  ] as const)
    rigged.write(`${name}.png`, encodePng({ width: 4, height: 4, channels: 1, pixels: values }));
  const apply = ['apply', 'steps', '--engine', 'portable', '--to', 'npy'];
  const { json } = await rigged.runJson([...apply, 'paper.png', '-o', 'paper']);
  assert.equal(json.diagnostics[0]?.severity, 'warning');
  await runOk([...apply, 'paper.png', '-o', 'turned', '--invert']);
  await runOk([...apply, 'ink.png', '-o', 'ink']);
  assertClose(await valuesOf('turned/outputs.npy'), await valuesOf('ink/outputs.npy'));
});

test('words that name neither a model nor images, and pictures of latents, are refused, with what to do', async () => {
  for (const [words, code] of [
    [['absent.png'], 'file-not-found'],
    [['denoiser'], 'usage'],
    [['mine', '--encode', '--to', 'png'], 'usage'],
    [['own', 'mine'], 'unknown-stage'],
    [['outputs/steps/own/test-images.npy', 'mine'], 'usage'],
  ] as const) {
    const { code: exit, json } = await rigged.runJson(['apply', 'steps', ...words]);
    assert.notEqual(exit, 0, words.join(' '));
    const [problem] = json.diagnostics;
    assert.equal(problem?.code, code, words.join(' '));
    assert.notEqual(problem?.hint, undefined, words.join(' '));
  }
});

test('a conditional model is told the class; codes of a quantised latent are numbers', async () => {
  for (const [index, name] of ['cat', 'cat', 'dog', 'dog'].entries())
    rigged.write(`pictures-of/${name}/${index}.png`, picture(index));
  rigged.write('classes.yaml', CLASSES);
  await runOk(['run', 'classes.yaml', '--engine', 'portable']);
  const apply = ['apply', 'classes', 'told', 'pictures-of/dog', '--to', 'npy', '--engine', 'portable'];
  await runOk([...apply, '--label', 'dog', '-o', 'dogs']);
  const all = await valuesOf('outputs/classes/outputs/train-images.npy');
  assertClose(await valuesOf('dogs/outputs.npy'), all.subarray(32));
  const { json } = await rigged.runJson([...apply, '--label', 'dgo', '-o', 'none']);
  assert.equal(json.diagnostics[0]?.code, 'unknown-value');
  assert.match(json.diagnostics[0]?.hint ?? '', /`dog`/);
  await runOk([
    'apply',
    'classes',
    'coded',
    'pictures-of',
    '--encode',
    '--engine',
    'portable',
    '-o',
    'codes',
  ]);
  const latents = await valuesOf('outputs/classes/latents/train-vectors.npy');
  assertClose(await valuesOf('codes/latents.npy'), latents);
  // Vectors of one code are equal.
  const vectors = new Map<number, string>();
  (await valuesOf('codes/codes.npy')).forEach((code, index) => {
    const vector = latents.subarray(2 * index, 2 * index + 2).join();
    assert.equal(vectors.get(code) ?? vector, vector);
    vectors.set(code, vector);
  });
  assert.equal(new Set(vectors.values()).size, vectors.size);
});

test('without the cache, apply uses the outputs, and refuses those that were changed', async () => {
  rmSync(rigged.path('.hourglass'), { recursive: true });
  const apply = ['apply', 'steps', 'mine/0.png', '--to', 'npy', '--engine', 'portable'];
  await runOk([...apply, '-o', 'kept']);
  const outputs = await valuesOf('outputs/steps/outputs/test-images.npy');
  assertClose(await valuesOf('kept/outputs.npy'), outputs.subarray(0, 30));
  const weights = rigged.path('outputs/steps/denoiser/model/autoencoder/weights.bin');
  const changed = readFileSync(weights);
  changed[0] = (changed[0] ?? 0) ^ 1;
  rmSync(weights);
  writeFileSync(weights, changed);
  const { code, json } = await rigged.runJson([...apply, '-o', 'changed']);
  assert.notEqual(code, 0);
  assert.equal(json.diagnostics[0]?.code, 'no-run');
  assert.ok(!rigged.exists('changed'));
});
