/**
 * The earlier runs of a pipeline. Each run that did something leaves one file in the cache, with what it takes to show it, to
 * compare it with others, and to bring its outputs back: `.hourglass/runs/<name>/<number>.json`.
 */
import { join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import { makeFolder, writeFileAtomic } from '../files/atomic.ts';
import { namesIn, readPresent } from '../files/present.ts';
import { RUNS, type Store } from './store.ts';
import {
  isBaseFile,
  isMetrics,
  isRunRecord,
  type BaseFile,
  type Metrics,
  type RunRecord,
} from './run-record.ts';

/** A run, as its outputs were when it ended. */
export interface PastRun {
  /** Counts the runs of a pipeline, from 1. */
  readonly number: number;
  /** ISO 8601, in UTC. */
  readonly started: string;
  readonly seconds: number;
  /** The words of the command line after the name of the program. */
  readonly command: readonly string[];
  /** `run.json`, without the keys of its stages, which the cache has. `running`, if the run was killed. */
  readonly record: RunRecord;
  readonly metrics: Metrics;
  /** `pipeline.yaml`, `resolved.yaml` and the files that the pipeline extends. */
  readonly pipeline: string;
  readonly resolved: string;
  readonly bases: readonly BaseFile[];
}

export interface History {
  /** The oldest first. */
  readonly runs: readonly PastRun[];
  /** Numbers of runs whose files cannot be read. */
  readonly unreadable: readonly number[];
}

const FILE = /^([1-9]\d{0,8})\.json$/;

/** Names of stages, which become names of folders. */
const STAGE = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/;

/** The runs of one pipeline. */
export class RunHistory {
  readonly #folder: string;

  /** @param folder `store.runsFolder(…)` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(): Promise<History> {
    const runs: PastRun[] = [];
    const unreadable: number[] = [];
    for (const number of await this.#numbers()) {
      const run = await this.#readRun(number);
      if (run === undefined) unreadable.push(number);
      else runs.push(run);
    }
    return { runs, unreadable };
  }

  /** The number of the next run. Whoever writes a run holds the lock of its pipeline, so that no other takes the number. */
  async next(): Promise<number> {
    return ((await this.#numbers()).at(-1) ?? 0) + 1;
  }

  /** Writes a run, or replaces what was written of it before. */
  async write(run: PastRun): Promise<void> {
    await makeFolder(this.#folder);
    const stages = Object.entries(run.record.stages).map(([name, { key: _key, ...stage }]) => [name, stage]);
    const record = { ...run.record, stages: Object.fromEntries(stages) as RunRecord['stages'] };
    await writeFileAtomic(
      join(this.#folder, `${run.number}.json`),
      `${JSON.stringify({ ...run, record }, null, 1)}\n`,
    );
  }

  async #numbers(): Promise<readonly number[]> {
    const names = await namesIn(this.#folder);
    return names
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async #readRun(number: number): Promise<PastRun | undefined> {
    const text = await readPresent(join(this.#folder, `${number}.json`));
    try {
      const value: unknown = JSON.parse(text ?? '');
      return isPastRun(value) && value.number === number ? value : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Hashes of all results that the known runs of a store had when they ended. */
export async function resultsOfRuns(store: Store): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  const folder = join(store.folder, RUNS);
  for (const name of await namesIn(folder)) {
    const { runs } = await new RunHistory(join(folder, name)).read();
    for (const { record } of runs)
      for (const { hash } of Object.values(record.stages)) if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}

function isPastRun(value: unknown): value is PastRun {
  if (!isJsonObject(value)) return false;
  const { number, started, seconds, command, record, metrics, pipeline, resolved, bases } = value;
  return (
    typeof number === 'number' &&
    typeof started === 'string' &&
    !Number.isNaN(Date.parse(started)) &&
    typeof seconds === 'number' &&
    Array.isArray(command) &&
    command.every((word) => typeof word === 'string') &&
    isRunRecord(record) &&
    Object.entries(record.stages).every(
      ([name, { hash }]) => STAGE.test(name) && (hash === undefined || HASH.test(hash)),
    ) &&
    isMetrics(metrics) &&
    typeof pipeline === 'string' &&
    typeof resolved === 'string' &&
    Array.isArray(bases) &&
    bases.every(isBaseFile)
  );
}
