/** The trained models of a run for its page. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RunRecord } from '../../artifacts/run-record.ts';
import { formatBytes } from '../../core/format.ts';
import { moduleBytes } from '../../engine/webassembly/module.ts';
import { candidatesIn, type Candidate } from './choose.ts';
import { packBytes } from './pack.ts';
import type { ThreadAnswer, ThreadTask } from './thread.ts';

export interface PageModels {
  /** In the order of the file, each as the JSON text of an `ExplorerData`. */
  readonly models: readonly { readonly stage: string; readonly json: string }[];
  /** `hourglass.wasm`, packed. */
  readonly wasm: string;
  /** Models that are not there; the reason is a sentence for the reader. */
  readonly absent: readonly { readonly stage: string; readonly reason: string }[];
}

export interface PageModelsOptions {
  /** Stages with a result of the run's settings. */
  readonly current: ReadonlySet<string>;
  /** Whether models are there however large they are. */
  readonly large: boolean;
  /** What a reader types to get a page with large models. */
  readonly command: string;
}

/** What one model, and all together, may take of a page, in bytes. */
const MOST_OF_ONE = 3e6;
const MOST_OF_ALL = 5.5e6;
/** With large ones: what a browser can still open. */
const MOST_OF_LARGE = 200e6;

/** Rounded weights, compressed and in base64, take about 2.4 bytes each. Larger models are not even tried. */
const LEAST_SHARE = 2 / 4;

/**
 * Makes what a page contains of the trained models of a run. The last ones come first if there is not enough room for all.
 *
 * @param folder of the run's outputs
 * @returns undefined if the run has no trained model
 */
export async function pageModels(
  folder: string,
  run: RunRecord,
  { current, large, command }: PageModelsOptions,
): Promise<PageModels | undefined> {
  const candidates = candidatesIn(run, current);
  if (candidates.length === 0) return undefined;
  const most = large ? MOST_OF_LARGE : MOST_OF_ONE;
  const wasm = packBytes(moduleBytes());
  const sizes = await Promise.all(candidates.map((candidate) => weightBytes(folder, candidate)));
  const tried = candidates.filter((_, index) => (sizes[index] ?? 0) * LEAST_SHARE <= most);
  const answers = await inThread({ folder, candidates: tried, wasm });
  const made = new Map(answers.map((answer) => [answer.stage, answer]));
  const models: { readonly stage: string; readonly json: string }[] = [];
  const absent: { readonly stage: string; readonly reason: string }[] = [];
  let left = large ? MOST_OF_LARGE : MOST_OF_ALL;
  for (const [index, { stage }] of [...candidates.entries()].reverse()) {
    const { json, reason = 'it could not be read' } = made.get(stage) ?? {};
    const bytes = json?.length ?? (tried.some((each) => each.stage === stage) ? 0 : (sizes[index] ?? 0));
    if (bytes > most || bytes > left) {
      absent.push({ stage, reason: tooLarge(bytes, large ? undefined : command) });
    } else if (json === undefined) {
      absent.push({ stage, reason });
    } else {
      models.push({ stage, json });
      left -= bytes;
    }
  }
  return { models: models.reverse(), wasm, absent: absent.reverse() };
}

function tooLarge(bytes: number, command: string | undefined): string {
  const size = `it would take ${formatBytes(bytes)} of this page`;
  return command === undefined ? size : `${size}; \`${command}\` includes it`;
}

/** Bytes of a model's weights as they are saved; 0 if there are none. */
async function weightBytes(folder: string, { stage }: Candidate): Promise<number> {
  const files = ['encoder', 'decoder'].map((name) => join(folder, stage, 'model', name, 'weights.bin'));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const THREAD = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** One answer for each candidate; fewer if the thread ends before, for lack of memory for example. */
function inThread(task: ThreadTask): Promise<readonly ThreadAnswer[]> {
  if (task.candidates.length === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const answers: ThreadAnswer[] = [];
    const worker = new Worker(THREAD, { workerData: task, execArgv: [] });
    worker.on('message', (answer: ThreadAnswer) => answers.push(answer));
    worker.on('error', () => undefined);
    worker.on('exit', () => resolve(answers));
  });
}
