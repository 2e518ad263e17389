import { join, resolve } from 'node:path';
import { checkFree } from '../../apply/files.ts';
import { writeTarget } from '../../artifacts/target.ts';
import { fileFailure, makeFolder } from '../../files/atomic.ts';
import type { FormatName } from '../../export/format-names.ts';
import { FORMATS } from '../../export/formats.ts';
import { readGraph, type Graph } from '../../export/graph.ts';
import { findRun } from '../../history/find.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { formatBytes, printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { runLabel } from './outputs.ts';
import { onlyTraining, trainedResult, type WantedModel } from './trained.ts';

export interface ExportOptions {
  /** The pipeline file, or a run. */
  readonly run: string;
  /** By default the only stage that trains. */
  readonly stage?: string;
  readonly to: FormatName;
  /** The folder to write; by default named after the stage. */
  readonly output?: string;
  readonly overwrite: boolean;
  readonly outputs: string;
}

const MODELS = ['encoder', 'decoder', 'autoencoder'] as const;

/** `hourglass export` */
export async function exportModel(terminal: Terminal, options: ExportOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const places = { outputs, store: storeOf(outputs) };
  const known = await findRun(await runLabel(options.run), places);
  const wanted: WantedModel = {
    run: options.run,
    outputs: options.outputs,
    withStage: (stage) => ['export', options.run, stage, '--to', options.to],
  };
  const stage = options.stage ?? onlyTraining(known, wanted);
  const folder = join((await trainedResult(known, stage, places, wanted)).folder, 'model');
  const format = FORMATS[options.to];
  const target = options.output ?? stage;
  const { overwrite } = options;
  const planned = MODELS.map((name) => `${name}.${format.extension}`);
  await checkFree(target, planned, { sources: [], overwrite });
  const encoded: { readonly file: string; readonly data: Uint8Array }[] = [];
  let inputs: readonly string[] = [];
  for (const name of MODELS) {
    const graph = await readGraph(join(folder, name), name);
    inputs = inputShapes(graph);
    encoded.push({
      file: join(target, `${name}.${format.extension}`),
      data: await format.encode(graph),
    });
  }
  // Only now: a model that cannot be exported leaves nothing behind.
  await makeFolder(resolve(target)).catch((error: unknown) => {
    throw fileFailure(error, target, 'name another folder with `--output`');
  });
  for (const { file, data } of encoded) await writeTarget(file, data);
  const files = encoded.map(({ file, data }) => ({ file, bytes: data.length }));
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', run: known.label, stage, files }, null, 2));
    return EXIT.done;
  }
  for (const { file, bytes } of files) terminal.result(`${printable(file)}  ${formatBytes(bytes)}`);
  if (!terminal.options.quiet) {
    const [images = '', labels] = inputs;
    terminal.note(
      `\nIn Python: ${format.load(files.at(-1)?.file ?? '')}\nIts images are ${images}, with values as in the training data of \`${stage}\`.` +
        (labels === undefined
          ? ''
          : ` Its second input is the class of each image, ${labels}: 1 for its class, 0 for the others.`),
    );
  }
  return EXIT.done;
}

/** As Python writes them: of the images and, for a conditional model, of the labels. */
function inputShapes({ layers, inputs }: Graph): readonly string[] {
  return inputs.map((input) => {
    const shape = layers.find(({ name }) => name === input)?.shape ?? [];
    return `[${['batch', ...shape].join(', ')}]`;
  });
}
