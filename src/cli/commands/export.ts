import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { standingOf } from '../../artifacts/standing.ts';
import { writeTarget } from '../../artifacts/target.ts';
import { failure } from '../../core/diagnostic.ts';
import { exists, fileFailure } from '../../files/atomic.ts';
import type { FormatName } from '../../export/format-names.ts';
import { FORMATS } from '../../export/formats.ts';
import { readGraph } from '../../export/graph.ts';
import { findRun, parseRunName, type KnownRun, type RunPlaces } from '../../history/find.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { commandLine } from '../program.ts';
import { formatBytes, printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { outputsName } from './outputs.ts';

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
  const { run, trial } = parseRunName(options.run);
  const isFile = run === undefined && trial === undefined && (await exists(options.run));
  const known = await findRun(isFile ? await outputsName(options.run) : options.run, places);
  const stage = options.stage ?? onlyTraining(known);
  const folder = await modelFolder(known, stage, places);
  const format = FORMATS[options.to];
  const target = options.output ?? stage;
  const files: { readonly file: string; readonly bytes: number }[] = [];
  for (const name of MODELS) {
    const data = await format.encode(await readGraph(join(folder, name), name));
    const file = join(target, `${name}.${format.extension}`);
    await mkdir(target, { recursive: true }).catch((error: unknown) => {
      throw fileFailure(error, target, 'name another folder with `--output`');
    });
    await writeTarget(file, data);
    files.push({ file, bytes: data.length });
  }
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', run: known.label, stage, files }, null, 2));
    return EXIT.done;
  }
  for (const { file, bytes } of files) terminal.result(`${printable(file)}  ${formatBytes(bytes)}`);
  if (!terminal.options.quiet)
    terminal.note(
      `\nIn Python: ${format.load(files.at(-1)?.file ?? '')}\nImages are [batch, height, width, channels], with values as in the training data of \`${stage}\`.`,
    );
  return EXIT.done;
}

function onlyTraining({ label, record }: KnownRun): string {
  const training = trainingIn(record.stages);
  const [only, ...more] = training;
  if (only !== undefined && more.length === 0) return only;
  throw failure(
    'usage',
    only === undefined ? `no stage of \`${label}\` trains a model` : 'several stages train: name one',
    only === undefined ? undefined : `its stages that train: ${training.join(', ')}`,
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
  const standing = standingOf(found.hash, found.wanted);
  const entry = found.hash === undefined ? undefined : await store.lookup(found.hash);
  if (entry === undefined || standing !== 'current' || (await store.findCorruptFile(entry)) !== undefined)
    throw failure(
      'no-run',
      standing === 'outdated'
        ? `the model of \`${stage}\` is one of earlier settings`
        : `\`${label}\` has no trained model of \`${stage}\``,
      `run it: \`${commandLine(['run', record.file, stage])}\``,
    );
  return join(entry.folder, 'model');
}
