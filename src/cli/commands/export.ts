import { join, resolve } from 'node:path';
import { standingOf } from '../../artifacts/standing.ts';
import { writeTarget } from '../../artifacts/target.ts';
import { failure } from '../../core/diagnostic.ts';
import { fileFailure, makeFolder } from '../../files/atomic.ts';
import type { FormatName } from '../../export/format-names.ts';
import { FORMATS } from '../../export/formats.ts';
import { readGraph, type Graph } from '../../export/graph.ts';
import { findRun, type KnownRun, type RunPlaces } from '../../history/find.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import { formatBytes, printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { isPipelineFile, runLabel } from './outputs.ts';

export interface ExportOptions {
  /** The pipeline file, or a run. */
  readonly run: string;
  /** By default the only stage that trains. */
  readonly stage?: string;
  readonly to: FormatName;
  /** The folder to write; by default named after the stage. */
  readonly output?: string;
  readonly outputs: string;
}

const MODELS = ['encoder', 'decoder', 'autoencoder'] as const;

/** `hourglass export` */
export async function exportModel(terminal: Terminal, options: ExportOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const places = { outputs, store: storeOf(outputs) };
  const known = await findRun(await runLabel(options.run), places);
  const stage = options.stage ?? onlyTraining(known, options);
  const folder = await modelFolder(known, stage, places, options);
  const format = FORMATS[options.to];
  const target = options.output ?? stage;
  const encoded: { readonly file: string; readonly data: Uint8Array }[] = [];
  let input: readonly number[] = [];
  for (const name of MODELS) {
    const graph = await readGraph(join(folder, name), name);
    input = inputShape(graph);
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
  if (!terminal.options.quiet)
    terminal.note(
      `\nIn Python: ${format.load(files.at(-1)?.file ?? '')}\nIts images are [${['batch', ...input].join(', ')}], with values as in the training data of \`${stage}\`.`,
    );
  return EXIT.done;
}

/** Of the images, without the batch. */
function inputShape({ layers, inputs: [first] }: Graph): readonly number[] {
  return layers.find(({ name }) => name === first)?.shape ?? [];
}

function onlyTraining({ label, record }: KnownRun, { run, to }: ExportOptions): string {
  const training = trainingIn(record.stages);
  const [only, ...more] = training;
  if (only === undefined) throw failure('usage', `no stage of \`${label}\` trains a model`);
  if (more.length === 0) return only;
  throw failure(
    'usage',
    `several stages of \`${label}\` train a model: ${training.join(', ')}`,
    `name one: \`${commandLine(['export', run, only, '--to', to])}\``,
  );
}

function trainingIn(stages: KnownRun['record']['stages']): readonly string[] {
  return Object.entries(stages)
    .filter(([, { type }]) => type === 'train')
    .map(([name]) => name);
}

/** The folder of the models of a stage, in the cache. */
async function modelFolder(
  { label, record }: KnownRun,
  stage: string,
  { store }: RunPlaces,
  { run, outputs }: ExportOptions,
): Promise<string> {
  const found = Object.hasOwn(record.stages, stage) ? record.stages[stage] : undefined;
  if (found?.type !== 'train')
    throw failure(
      'unknown-stage',
      found === undefined
        ? `\`${label}\` has no stage \`${stage}\``
        : `\`${stage}\` is a stage of type \`${found.type}\`, which trains no model`,
      `its stages that train: ${trainingIn(record.stages).join(', ') || 'none'}`,
    );
  // The user's path of the pipeline; its record has only the name.
  const pipeline = isPipelineFile(run) ? run : record.file;
  const standing = standingOf(found.hash, found.wanted);
  const entry = found.hash === undefined ? undefined : await store.lookup(found.hash);
  if (entry === undefined || standing !== 'current' || (await store.findCorruptFile(entry)) !== undefined)
    throw failure(
      'no-run',
      standing === 'outdated'
        ? `the model of \`${stage}\` is one of earlier settings`
        : found.hash === undefined
          ? `\`${label}\` has no trained model of \`${stage}\``
          : `the model of \`${stage}\` is no longer in the cache, or was changed there`,
      `run it: \`${commandLine(callWords('run', { pipeline, stages: [stage], set: record.overrides, outputs }))}\``,
    );
  return join(entry.folder, 'model');
}
