/**
 * A separate program: stock tfjs as in a browser, without Hourglass's fixes. Loads saved models and prints the results of each,
 * one JSON object a line.
 *
 *     node stock-process.js <folder>…
 *     {"output":[0.5, …]}
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tf } from '../../../src/engine/engine.ts';
import { BATCH, numbers } from './numbers.ts';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs') as Tf;
const folders = process.argv.slice(2);
await tf.setBackend('cpu');
await tf.ready();

for (const folder of folders) {
  const description = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    readonly modelTopology: object;
    readonly weightsManifest: readonly [{ readonly weights: never[] }];
  };
  const weights = readFileSync(join(folder, 'weights.bin'));
  let line: object;
  try {
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: description.modelTopology,
        weightSpecs: description.weightsManifest[0].weights,
        weightData: new Uint8Array(weights).buffer,
      }),
    );
    const [shape = [], labels] = model.inputs.map((input) => input.shape.slice(1).map(Number));
    const images = numbers(tf, [BATCH, ...shape], 3);
    const classes = labels?.[0];
    const output = model.predict(
      // Images of the classes 0, 1, …
      classes === undefined ? images : [images, tf.oneHot(tf.range(0, BATCH, 1, 'int32'), classes)],
    );
    if (Array.isArray(output)) throw new TypeError('a model of several outputs');
    line = { output: [...output.dataSync()] };
  } catch (error) {
    line = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
