/** Saved models in pages: the browser's results compared with Node's, and damaged files. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import type { LayersModel } from '@tensorflow/tfjs';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Philox } from '../../../src/core/philox.ts';
import { sizeOf } from '../../../src/core/shape.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { decodeModelFile, encodeModelFile } from '../../../src/engine/webassembly/model-file.ts';
import { moduleBytes } from '../../../src/engine/webassembly/module.ts';
import { pageScript } from '../../../src/engine/webassembly/page-script.ts';
import { PageEngine } from '../../../src/engine/webassembly/page.ts';
import { writeModel } from '../../../src/engine/webassembly/portable-model.ts';
import { buildAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { temporaryFolder } from '../../nodes/context.ts';
import { startBrowser, visit, withoutBrowser } from '../../report/browser.ts';

const { tf, executor } = await loadEngine({ choice: 'portable', threads: 2 });

const dense: Architecture = {
  input_shape: [9, 7],
  encoder: ['Flatten', layer('Dense', { units: 33, activation: 'relu' }), layer('Dense', { units: 3 })],
  decoder: [layer('Dense', { units: 63, activation: 'sigmoid' }), layer('Reshape', { target_shape: [9, 7] })],
};

const conv = { kernel_size: 3, padding: 'same' };

const convolutional: Architecture = {
  input_shape: [12, 10, 1],
  encoder: [
    layer('Conv2D', { ...conv, filters: 17 }),
    'BatchNormalization',
    'LeakyReLU',
    layer('MaxPooling2D', { pool_size: 2 }),
    layer('Conv2D', { ...conv, filters: 6, strides: 2, activation: 'gelu' }),
    'LayerNormalization',
  ],
  decoder: [
    layer('Conv2DTranspose', { ...conv, filters: 17, strides: 2, activation: 'relu' }),
    layer('Cropping2D', {
      cropping: [
        [0, 0],
        [0, 1],
      ],
    }),
    layer('UpSampling2D', { size: 2, interpolation: 'bilinear' }),
    layer('Conv2D', { ...conv, filters: 1, activation: 'sigmoid' }),
  ],
};

const BATCH = 4;

/** A model with weights that are not those of its beginning: means are not 0, variances not 1. */
function modelOf(architecture: Architecture): LayersModel {
  const model = buildAutoencoder(tf, architecture, seedsOf(1)).autoencoder;
  const philox = new Philox([5, 0]);
  model.setWeights(
    model.getWeights().map((weight) => {
      const change = new Float32Array(weight.size);
      philox.uniform(change);
      return weight.add(tf.tensor(change, weight.shape).mul(0.2));
    }),
  );
  return model;
}

const models = { dense: modelOf(dense), convolutional: modelOf(convolutional) };

function rowsFor({ inputs: [input] }: LayersModel, count: number): Float32Array {
  const rows = new Float32Array(count * sizeOf((input?.shape ?? []).slice(1).map(Number)));
  new Philox([7, 0]).uniform(rows);
  // As in images, some values are 0.
  return rows.map((value) => Math.max(0, value - 0.3));
}

async function inNode(model: LayersModel, rows: Float32Array, count: number): Promise<Float32Array> {
  assert.ok(executor);
  const shape = (model.inputs[0]?.shape ?? []).slice(1).map(Number);
  const samples = { data: rows, count, shape, scale: 1, offset: 0 };
  return predictAll({ tf, executor }, model, samples, rowNumbers(count), {
    batchSize: BATCH,
    signal: new AbortController().signal,
  });
}

const bits = (numbers: Float32Array): readonly number[] => [
  ...new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length),
];

const base64 = (bytes: ArrayBufferView): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** The script of a page that contains everything it needs. */
function html(file: Uint8Array, rows: Float32Array): string {
  return `<!doctype html><meta charset="utf-8"><title>model</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'">
<script>${pageScript()}
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const outputs = (async () => {
  const engine = await hourglass.PageEngine.start(bytesOf('${base64(moduleBytes())}'));
  const model = engine.open(bytesOf('${base64(file)}'));
  const output = model.predict(new Float32Array(bytesOf('${base64(rows)}').buffer));
  return Array.from(new Uint32Array(output.buffer));
})();
</script>`;
}

test('a page of a file computes the bits that Node computes', { skip: withoutBrowser }, async (t) => {
  const folder = temporaryFolder(t);
  const browser = await startBrowser(t);
  for (const [name, model] of Object.entries(models)) {
    const rows = rowsFor(model, 2 * BATCH);
    const path = join(folder, `${name}.html`);
    writeFileSync(path, html(writeModel(tf, model, BATCH), rows));
    const { page, complaints } = await visit(browser, pathToFileURL(path).href);
    assert.deepEqual(await page.evaluate('outputs'), bits(await inNode(model, rows, 2 * BATCH)), name);
    assert.equal(await page.evaluate('crossOriginIsolated'), false);
    assert.deepEqual(complaints, []);
  }
});

test('models share one engine, take any number of rows, and free their memory', async () => {
  const engine = await PageEngine.start(moduleBytes());
  const files = Object.values(models).map((model) => ({ model, file: writeModel(tf, model, BATCH) }));
  const opened = files.map(({ model, file }) => ({ model, own: engine.open(file) }));
  for (const { model, own } of opened) {
    const rows = rowsFor(model, 2 * BATCH);
    const width = sizeOf(own.inputShape);
    assert.deepEqual(own.outputShape, model.outputs[0]?.shape.slice(1));
    const whole = own.predict(rows);
    assert.deepEqual(bits(whole), bits(await inNode(model, rows, 2 * BATCH)));
    const some = own.predict(rows.subarray(0, 5 * width));
    assert.deepEqual(bits(some), bits(whole.subarray(0, 5 * sizeOf(own.outputShape))));
    assert.equal(own.predict(new Float32Array()).length, 0);
    assert.throws(() => own.predict(rows.subarray(1)), RangeError);
  }
  // A hundred copies of the model would not fit into the memory of one.
  for (const { own } of opened) own.dispose();
  for (let round = 0; round < 100; round++) for (const { file } of files) engine.open(file).dispose();
});

test('a file with bytes that are wrong is refused, or computes in its own memory', async () => {
  const engine = await PageEngine.start(moduleBytes());
  const file = writeModel(tf, models.dense, BATCH);
  const known = engine.open(file);
  const rows = rowsFor(models.dense, BATCH);
  const before = bits(known.predict(rows));
  const end = file.length - decodeModelFile(file).contents.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const refused = (error: unknown): void =>
    assert.ok(
      error instanceof Failure
        ? ['data-corrupt', 'model-too-large'].includes(error.diagnostics[0]?.code ?? '')
        : error instanceof Error && error.name === 'ProgramError',
      String(error),
    );
  const attempt = (bytes: Uint8Array): void => {
    try {
      engine.open(bytes).dispose();
    } catch (error) {
      refused(error);
    }
  };
  const changed = fc.tuple(fc.nat(end - 1), fc.nat(255)).map(([at, byte]) => {
    const copy = file.slice();
    copy[at] = byte;
    return copy;
  });
  fc.assert(fc.property(changed, attempt), { numRuns: 300 });
  fc.assert(
    fc.property(
      fc.nat(file.length - 1).map((length) => file.subarray(0, length)),
      attempt,
    ),
  );
  const { words, ...rest } = decodeModelFile(file);
  for (const wrong of [
    { ...rest, words, memory: 64 },
    { ...rest, words, input: rest.memory - 4 },
    { ...rest, words, output: 2 },
    { ...rest, words: words.subarray(1) },
    { ...rest, words: words.with(2, rest.memory + 4) },
    { ...rest, words, contents: [{ at: rest.memory, bytes: new Uint8Array(4) }] },
  ])
    assert.throws(
      () => engine.open(encodeModelFile(wrong)),
      (error) => (refused(error), true),
    );
  assert.deepEqual(bits(known.predict(rows)), before);
});
