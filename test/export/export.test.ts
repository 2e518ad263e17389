/** Exported models, loaded by Keras 3 and ONNX Runtime, compute what Keras does for each layer of the language. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { packageRoot } from '../../src/core/package-root.ts';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { FORMATS } from '../../src/export/formats.ts';
import { readGraph } from '../../src/export/graph.ts';
import { buildAutoencoder } from '../../src/layers/build.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { saveModel } from '../../src/layers/save.ts';
import { build, kerasCases } from '../layers/keras/check.ts';
import { BATCH, numbers } from '../layers/keras/numbers.ts';
import { denoiser, layer, seedsOf, small } from '../layers/specs.ts';
import { readerPackages } from './python.ts';

interface Loaded {
  readonly keras: readonly number[] | string;
  readonly onnx: readonly number[] | string;
  readonly weights: Readonly<Record<string, readonly number[]>> | string;
}

interface Sample {
  readonly name: string;
  readonly model: tfjs.LayersModel;
  readonly wanted: readonly number[];
}

test('models in every format compute what Keras computes', async (t) => {
  const packages = readerPackages();
  const root = mkdtempSync(join(tmpdir(), 'hourglass-export-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const { tf } = await loadEngine({ choice: 'portable', threads: 1 });
  const samples = [...layersOf(tf), ...modelsOf(tf)];
  const folders: string[] = [];
  const counts: number[] = [];
  for (const [index, { model }] of samples.entries()) {
    const folder = join(root, String(index));
    counts.push(await write(tf, model, folder));
    folders.push(folder);
  }
  const printed = execFileSync('python3', [join(packageRoot, 'test/export/load.py'), ...folders], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: packages },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  const lines = printed.trim().split('\n');
  assert.equal(lines.length, samples.length);
  const problems: string[] = [];
  for (const [index, { name, wanted }] of samples.entries()) {
    const { keras, onnx, weights } = JSON.parse(lines[index] ?? '{}') as Loaded;
    for (const [format, output] of Object.entries({ keras, onnx })) {
      if (typeof output === 'string') problems.push(`${name}, ${format}: ${output}`);
      else if (!isNear(output, wanted)) problems.push(`${name}, ${format}: other numbers`);
    }
    if (typeof weights === 'string') problems.push(`${name}: ${weights}`);
    else if (Object.keys(weights).length !== counts[index]) problems.push(`${name}: other weights`);
  }
  assert.deepEqual(problems, []);
});

/** Of the size of the largest number. */
const TOLERANCE = 1e-5;

function isNear(values: readonly number[], wanted: readonly number[]): boolean {
  const size = Math.max(1, ...wanted.map(Math.abs));
  return (
    values.length === wanted.length &&
    values.every((value, at) => Math.abs(value - (wanted[at] ?? Number.NaN)) <= TOLERANCE * size)
  );
}

function layersOf(tf: Tf): readonly Sample[] {
  return kerasCases.map((each) => ({
    name: `${each.layer} ${JSON.stringify(each.args)} on ${each.input.join('x')}`,
    model: build(tf, each),
    wanted: each.output,
  }));
}

const variational: Architecture = {
  input_shape: [12],
  encoder: [layer('Dense', { units: 6, activation: 'tanh' }), layer('Variational', { units: 3 })],
  decoder: [layer('Dense', { units: 12, activation: 'sigmoid' })],
};

const quantized: Architecture = {
  input_shape: [4, 4, 1],
  encoder: [
    layer('Conv2D', { filters: 3, kernel_size: 3, strides: 2, padding: 'same' }),
    layer('VectorQuantizer', { codes: 5 }),
  ],
  decoder: [layer('Conv2DTranspose', { filters: 1, kernel_size: 3, strides: 2, padding: 'same' })],
};

/** Whole models, against what tfjs computes. */
function modelsOf(tf: Tf): readonly Sample[] {
  return Object.entries({ denoiser, small, variational, quantized }).flatMap(([name, architecture]) => {
    const models = buildAutoencoder(tf, architecture, seedsOf(1));
    return (['encoder', 'decoder', 'autoencoder'] as const).map((part) => {
      const model = models[part];
      const output = model.predict(inputFor(tf, model)) as tfjs.Tensor;
      return { name: `${name} ${part}`, model, wanted: [...output.dataSync()] };
    });
  });
}

function inputFor(tf: Tf, model: tfjs.LayersModel): tfjs.Tensor {
  return numbers(tf, [BATCH, ...(model.inputs[0]?.shape ?? []).slice(1).map(Number)], 3);
}

/** Writes a model in all formats, and an input; returns the number of its weights. */
async function write(tf: Tf, model: tfjs.LayersModel, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const saved = join(folder, 'saved');
  await saveModel(model, saved);
  const graph = await readGraph(saved, 'model');
  for (const { extension, encode } of Object.values(FORMATS))
    writeFileSync(join(folder, `model.${extension}`), await encode(graph));
  const input = inputFor(tf, model);
  writeFileSync(
    join(folder, 'inputs.json'),
    JSON.stringify([{ shape: input.shape, values: [...input.dataSync()] }]),
  );
  return graph.layers.reduce((sum, { weights }) => sum + weights.size, 0);
}
