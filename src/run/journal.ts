/** The files of a run itself: `run.json`, `metrics.json`, `pipeline.yaml`, `resolved.yaml`. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import type { RunRecord, StageRecord, Workspace } from '../artifacts/workspace.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { JsonObject } from '../core/json.ts';
import { packageRoot } from '../core/package-root.ts';
import type { PlannedStage } from '../plan/plan.ts';
import type { StageOutcome } from './run.ts';

/** Keeps the record of a run true at every moment: a killed run leaves what had finished, marked as `running`. */
export class RunJournal {
  readonly #workspace: Workspace;
  readonly #located: LocatedPipeline;
  readonly #engine: JsonObject | undefined;
  readonly #stages = new Map<string, StageRecord>();
  readonly #metrics = new Map<string, Readonly<Record<string, number>>>();
  #previous: RunRecord | undefined;
  /** Writes one after the other: stages finish side by side. */
  #writing: Promise<void> = Promise.resolve();

  constructor(workspace: Workspace, located: LocatedPipeline, engine: JsonObject | undefined) {
    this.#workspace = workspace;
    this.#located = located;
    this.#engine = engine;
  }

  /** Starts from the record of the last run, without stages that are gone. Returns whether any were. */
  async open(): Promise<boolean> {
    this.#previous = await this.#workspace.readRun();
    const metrics = await this.#workspace.readMetrics();
    const gone: string[] = [];
    for (const [name, record] of Object.entries(this.#previous?.stages ?? {})) {
      if (!this.#located.pipeline.stages.has(name)) {
        gone.push(name);
        continue;
      }
      this.#stages.set(name, record);
      const known = metrics[name];
      if (known !== undefined) this.#metrics.set(name, known);
    }
    await this.#workspace.removeStages(gone);
    await this.#workspace.writeText('pipeline.yaml', this.#located.text);
    await this.#workspace.writeText(
      'resolved.yaml',
      stringify(this.#located.resolved, { aliasDuplicateObjects: false }),
    );
    return gone.length > 0;
  }

  /** Hash of what the workspace showed of a stage before this run. */
  previousHash(stage: string): string | undefined {
    return this.#previous?.stages[stage]?.hash;
  }

  /**
   * @param seconds that the stage took when it ran
   * @param highlights its main artifacts, relative to its folder
   */
  async enter(
    stage: PlannedStage,
    outcome: StageOutcome,
    seconds: number,
    highlights: readonly string[],
  ): Promise<void> {
    const finished = outcome.state === 'ran' || outcome.state === 'cached';
    const before = this.#stages.get(stage.name);
    // A stage that failed or was skipped still shows what it showed before, so its earlier hash stays.
    const shown = finished
      ? { hash: stage.hash, key: stage.key as unknown as JsonObject, highlights }
      : shownBy(before);
    this.#stages.set(stage.name, {
      type: stage.type,
      state: outcome.state,
      seconds: Math.round(seconds * 1000) / 1000,
      inputs: stage.inputs,
      ...shown,
    });
    if (finished) this.#metrics.set(stage.name, outcome.metrics);
    if (outcome.state !== 'cached') await this.#write('running');
  }

  async close(status: RunRecord['status']): Promise<void> {
    await this.#write(status);
  }

  #write(status: RunRecord['status']): Promise<void> {
    const { pipeline, overrides } = this.#located;
    // The order of the file, not that in which stages happened to finish.
    const inOrder = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
      Object.fromEntries(
        [...pipeline.stages.keys()].flatMap((name) => {
          const value = map.get(name);
          return value === undefined ? [] : [[name, value]];
        }),
      );
    const record: RunRecord = {
      status,
      pipeline: pipeline.name,
      file: basename(this.#located.file),
      seed: pipeline.seed,
      overrides,
      versions: { hourglass: ownVersion(), node: process.versions.node },
      ...(this.#engine === undefined ? {} : { engine: this.#engine }),
      stages: inOrder(this.#stages),
    };
    const metrics = inOrder(this.#metrics);
    this.#writing = this.#writing.then(async () => {
      await this.#workspace.writeJson('metrics.json', withoutEmpty(metrics));
      await this.#workspace.writeRun(record);
    });
    return this.#writing;
  }
}

function shownBy(record: StageRecord | undefined): Pick<StageRecord, 'hash' | 'key' | 'highlights'> {
  if (record?.hash === undefined || record.key === undefined) return {};
  const { hash, key, highlights = [] } = record;
  return { hash, key, highlights };
}

function withoutEmpty(metrics: Readonly<Record<string, Readonly<Record<string, number>>>>): JsonObject {
  return Object.fromEntries(Object.entries(metrics).filter(([, values]) => Object.keys(values).length > 0));
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
