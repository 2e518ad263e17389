/** A thread that makes the models of a page: the process that writes reports does not load tfjs. */
import { sep } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Failure } from '../../core/diagnostic.ts';
import { loadEngine } from '../../engine/load.ts';
import { DamagedModel } from '../page/damaged.ts';
import { makeContent } from './content.ts';
import type { Candidate } from './choose.ts';

export interface ThreadTask {
  /** The run's outputs. */
  readonly folder: string;
  readonly candidates: readonly Candidate[];
  /** `hourglass.wasm`, packed. */
  readonly wasm: string;
}

/** One for each candidate: the JSON text of its `ExplorerData`, or why there is none. */
export interface ThreadAnswer {
  readonly stage: string;
  readonly json?: string;
  readonly reason?: string;
}

const { folder, candidates, wasm } = workerData as ThreadTask;
const engine = await loadEngine({ choice: 'portable', threads: 1 });
for (const candidate of candidates) parentPort?.postMessage(await answerTo(candidate), []);

async function answerTo(candidate: Candidate): Promise<ThreadAnswer> {
  const { stage } = candidate;
  try {
    return { stage, json: JSON.stringify(await makeContent(engine, folder, candidate, wasm)) };
  } catch (error) {
    const [diagnostic] = error instanceof Failure ? error.diagnostics : [];
    // What a page would refuse: weights that are not finite, for example.
    const refused = error instanceof DamagedModel ? error.reason : undefined;
    const message =
      diagnostic?.message ?? refused ?? (error instanceof Error ? error.message : String(error));
    // A page names files as they are in the run's folder, not where that is.
    return { stage, reason: message.replaceAll(`${folder}${sep}`, '') };
  }
}
