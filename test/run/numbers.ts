/** A tiny pipeline in which every number encodes its settings, for tests of which result is shown with which settings. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, sha256, type JsonObject } from '../../src/core/json.ts';

/**
 * A stage measures one number, made from its `value` and its inputs' numbers. `does` is no part of its key, so that the same
 * settings can fail, wait for Ctrl-C or work. The number of a `steps` stage takes several epochs, with checkpoints.
 */
export const PLUGIN = `
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
const properties = {
  type: { type: 'string' }, data: { type: 'string' }, value: { type: 'integer' },
  does: { enum: ['work', 'fail', 'wait'], default: 'work' },
  steps: { type: 'integer', default: 1 },
};
const numberOf = (...parts) =>
  100000000 + (parseInt(createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8), 16) % 899999999);
export default {
  type: 'count', version: 1, outputs: 'images', draws: false, engine: false,
  inputs: { data: { accepts: ['images'], optional: true } },
  cosmetic: ['does'], resumesBy: 'steps',
  schema: { type: 'object', additionalProperties: false, required: ['type', 'value'], properties },
  analyze: () => ({ kind: 'images', splits: ['train'] }),
  async run({ settings, inputs, folder, signal, progress, checkpoints }) {
    const { value, steps, does } = settings;
    const before = inputs.data ? Number(readFileSync(inputs.data.folder + '/value.txt', 'utf8')) : 0;
    const kept = await checkpoints.restore(steps, folder, () => undefined);
    let sum = kept?.notes.sum ?? 0;
    for (let epoch = (kept?.epoch ?? 0) + 1; epoch <= steps; epoch += 1) {
      sum = numberOf(value, before, epoch, sum);
      writeFileSync(folder + '/value.txt', String(sum));
      await checkpoints.save({ epoch, arrays: [], notes: { sum }, files: [] }, folder);
      progress({ epoch, epochEnd: true });
      if (does === 'fail') throw new Error('as asked');
      if (does === 'wait') {
        await new Promise((resolve) => signal.aborted ? resolve() : signal.addEventListener('abort', resolve));
        throw new Error('stopped');
      }
    }
    writeFileSync(folder + '/value.txt', String(sum));
    return { metrics: { sum }, highlights: ['value.txt'] };
  },
};`;

/** Writes the plugin, and the pipeline with some parameters. */
export function writeNumbers(
  folder: string,
  params: Readonly<Record<string, number>>,
  last: string,
  file = 'p.yaml',
): void {
  writeFileSync(join(folder, 'count.mjs'), PLUGIN);
  writeFileSync(
    join(folder, file),
    `name: numbers
seed: 1
threads: 1
params: ${JSON.stringify(params)}
plugins: [./count.mjs]
stages:
  first: { type: count, value: "\${params.a}" }
  long: { type: count, data: first, value: "\${params.b}", steps: 3 }
  measured: { type: count, data: long, value: 7 }
  ${last}: { type: count, data: first, value: "\${params.c}" }
`,
  );
}

function numberOf(...parts: readonly number[]): number {
  return 100000000 + (parseInt(sha256(JSON.stringify(parts)).slice(0, 8), 16) % 899999999);
}

/** The number that each stage of some resolved settings must have. */
export function expectedNumbers(resolved: JsonObject): Readonly<Record<string, number>> {
  const stages = isJsonObject(resolved['stages']) ? resolved['stages'] : {};
  const number = (name: string): number => {
    const stage = stages[name];
    if (!isJsonObject(stage)) throw new Error(`no stage ${name}`);
    const before = typeof stage['data'] === 'string' ? number(stage['data']) : 0;
    let sum = 0;
    for (let epoch = 1; epoch <= Number(stage['steps'] ?? 1); epoch += 1)
      sum = numberOf(Number(stage['value']), before, epoch, sum);
    return sum;
  };
  return Object.fromEntries(Object.keys(stages).map((name) => [name, number(name)]));
}

/** All such numbers in a text, written with separators or without. */
export function numbersIn(text: string): readonly number[] {
  return [...text.matchAll(/(?<![\w.])\d{3},?\d{3},?\d{3}(?![\w.])/g)].map(([digits]) =>
    Number(digits.replaceAll(',', '')),
  );
}

/** The content of a stage's folder; undefined if it is missing. */
export function numberShown(workspace: string, stage: string): number | undefined {
  try {
    return Number(readFileSync(join(workspace, stage, 'value.txt'), 'utf8'));
  } catch {
    return undefined;
  }
}
