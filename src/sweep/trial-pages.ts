/** The pages of a sweep's trials: each is the report of its run, with a link back to the page of the sweep. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../core/diagnostic.ts';
import type { ModelsInPage } from '../report/read.ts';
import { writeReport } from '../report/write.ts';
import type { SweepEvent } from './event.ts';
import { trialsFolder } from './plan.ts';
import { trialNumbers, type SweepRecord } from './record.ts';

/** When a file was written, in milliseconds; 0 if it does not exist. */
async function modified(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

/** The page of a trial, relative to the workspace. */
export function trialPage(id: string): string {
  return `trials/${id}/report.html`;
}

/** Writes the page of one trial. */
export async function writeTrialPage(
  workspace: string,
  pipeline: string,
  { id, number, models }: { readonly id: string; readonly number: number; readonly models: ModelsInPage },
): Promise<void> {
  await writeReport(join(trialsFolder(workspace), id), {
    models,
    sweep: { name: pipeline, number, page: '../../sweep.html' },
  });
}

/** Writes pages while the sweep runs, each when its trial ends, so that they need not all be written at the end. */
export class TrialPages {
  readonly #workspace: string;
  readonly #pipeline: string;
  /** Stops all writing when aborted, since another run may own the workspace then. */
  readonly #signal: AbortSignal;
  readonly #numbers: Map<string, number>;
  /** Trial numbers that pages of an earlier start may show. */
  readonly #earlier: ReadonlyMap<string, number>;
  readonly #written = new Set<string>();
  /** Trials that have ended but have no page. */
  readonly #waiting: string[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(
    workspace: string,
    { pipeline, trials }: Pick<SweepRecord, 'pipeline' | 'trials'>,
    { previous, signal }: { readonly previous: SweepRecord | undefined; readonly signal: AbortSignal },
  ) {
    this.#workspace = workspace;
    this.#pipeline = pipeline;
    this.#signal = signal;
    this.#numbers = new Map(trialNumbers(trials));
    this.#earlier = trialNumbers(previous?.trials ?? []);
  }

  follow(event: SweepEvent): void {
    if (event.type === 'trial-chosen' && !this.#numbers.has(event.trial))
      this.#numbers.set(event.trial, this.#numbers.size + 1);
    // Pages are written while workers are busy, since writing between two trials would delay the next one.
    if (event.type === 'trial-event' && event.event.type === 'stage-started') this.#writeWaiting();
    if (event.type === 'trial-finished' && event.outcome.state !== 'left')
      this.#waiting.push(event.outcome.id);
  }

  #writeWaiting(): void {
    for (const id of this.#waiting.splice(0)) this.#last = this.#last.then(() => this.#write(id));
  }

  /** Writes pending pages, and pages that are missing, older than their run, or show another number. */
  async finish(): Promise<void> {
    this.#writeWaiting();
    await this.#last;
    for (const [id, number] of this.#numbers) {
      if (this.#signal.aborted) return;
      if (this.#written.has(id)) continue;
      const page = await modified(join(this.#workspace, trialPage(id)));
      const run = await modified(join(trialsFolder(this.#workspace), id, 'run.json'));
      if (page < run || (this.#earlier.get(id) ?? number) !== number) await this.#write(id);
    }
  }

  /** If a page cannot be written, the sweep still succeeds. A trial that never started has no page. */
  async #write(id: string): Promise<void> {
    const number = this.#numbers.get(id);
    if (number === undefined || this.#signal.aborted) return;
    try {
      // Models would take a second of each trial; `report --trial` writes the page with them.
      await writeTrialPage(this.#workspace, this.#pipeline, { id, number, models: 'none' });
      this.#written.add(id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}
