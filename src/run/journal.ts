/** The files about the run as a whole: `run.json`, `metrics.json`, `pipeline.yaml`, `resolved.yaml`. */
import { basename } from 'node:path';
import { parse, stringify } from 'yaml';
import type { EntryRecord } from '../artifacts/entry.ts';
import { standingOf, type StageChange } from '../artifacts/standing.ts';
import type { HeldLock } from '../files/lock.ts';
import type { Store } from '../artifacts/store.ts';
import type { RunHistory } from '../artifacts/run-history.ts';
import {
  makerOf,
  recordedVersion,
  type BaseFile,
  type Metrics as AllMetrics,
  type RunRecord,
  type StageRecord,
} from '../artifacts/run-record.ts';
import type { Workspace } from '../artifacts/workspace.ts';
import type { SourceFile } from '../core/diagnostic.ts';
import { canonicalJson, sha256, type Json, type JsonObject } from '../core/json.ts';
import { packageVersion } from '../core/package-root.ts';
import { causesOf, withMaker } from '../plan/changes.ts';
import type { Plan, PlannedStage, WantedStage } from '../plan/plan.ts';
import { otherMaker } from './other-version.ts';
import type { StageOutcome, StageStanding } from './types.ts';
import { sourcePath } from './source.ts';

type Metrics = Readonly<Record<string, number>>;

/** What is told of the result in a stage's folder. */
type ShownResult = Pick<EntryRecord, 'seconds' | 'highlights' | 'hourglass'>;

/** The run that a journal describes, and its folder. */
export interface JournalPlace {
  readonly workspace: Workspace;
  readonly plan: Plan;
  readonly store: Store;
  readonly engine: JsonObject | undefined;
  /** Nothing is written once it is lost. */
  readonly lock: HeldLock;
  /** Where the run is remembered, and the words of its command line; absent for runs that are not. */
  readonly memory?: { readonly history: RunHistory; readonly command: readonly string[] };
}

/**
 * Keeps the record of a run correct at every moment: a killed run leaves a record of what had finished, marked as `running`.
 *
 * `metrics.json` contains only numbers that the settings in `resolved.yaml` beside it produced.
 * So outdated numbers are removed before new settings are written, and new numbers are added afterwards.
 */
export class RunJournal {
  readonly #workspace: Workspace;
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #engine: JsonObject | undefined;
  readonly #lock: HeldLock;
  readonly #memory: JournalPlace['memory'];
  readonly #started = new Date();
  /** Its place in the history, once it did something. */
  #number: number | undefined;
  readonly #resolved: string;
  readonly #stages = new Map<string, StageRecord>();
  readonly #metrics = new Map<string, Metrics>();
  #previous: RunRecord | undefined;
  /** Writes in sequence: stages finish in parallel. */
  #writing: Promise<void> = Promise.resolve();

  constructor({ workspace, plan, store, engine, lock, memory }: JournalPlace) {
    this.#workspace = workspace;
    this.#plan = plan;
    this.#store = store;
    this.#engine = engine;
    this.#lock = lock;
    this.#memory = memory;
    this.#resolved = stringify(plan.located.resolved, { aliasDuplicateObjects: false });
  }

  /**
   * Compares the last run's results with the settings of this run, and records the difference before any stage runs.
   *
   * @returns whether the settings, or the state of any result, differ from the last record
   */
  async open(): Promise<boolean> {
    const { located, stages, all } = this.#plan;
    this.#previous = await this.#workspace.readRun();
    const earlier = await this.#workspace.readMetrics();
    const selected = new Set(stages.map(({ name }) => name));
    /** Numbers that are valid for the last settings and for these. */
    const lasting = new Map<string, Metrics>();
    for (const stage of all) {
      const record = await this.#recordBefore(stage, selected.has(stage.name));
      this.#stages.set(stage.name, record);
      if (record.result !== 'current') continue;
      const isLasting = this.#previous?.stages[stage.name]?.wanted === stage.hash;
      const known = isLasting ? earlier[stage.name] : undefined;
      const metrics = known ?? (await this.#storedMetrics(stage.hash));
      if (metrics !== undefined) this.#metrics.set(stage.name, metrics);
      if (known !== undefined) lasting.set(stage.name, known);
    }
    const gone = Object.keys(this.#previous?.stages ?? {}).filter((name) => !this.#stages.has(name));
    const before = await this.#workspace.readText('resolved.yaml');
    const isOther = recordedVersion(this.#previous) !== packageVersion;
    const isTouched = gone.length > 0 || isOther || this.#differs() || !isSameYaml(before, located.resolved);
    const isIdle = !isTouched && before === this.#resolved && this.#previous?.status === 'done';
    const writes = !isIdle || stages.some(({ action }) => action === 'run');
    await this.#lock.check();
    if (writes) await this.#workspace.writeJson('metrics.json', withoutEmpty(this.#inOrder(lasting)));
    await this.#workspace.writeText('pipeline.yaml', located.text);
    await this.#workspace.writeBases(basesOf(located.bases));
    if (writes) {
      await this.#workspace.removeStages(gone);
      await this.#workspace.writeText('resolved.yaml', this.#resolved);
      await this.#write('running');
    }
    return isTouched;
  }

  /** Hash of a stage's result that the workspace contained before this run. */
  previousHash(stage: string): string | undefined {
    return this.#previous?.stages[stage]?.hash;
  }

  /** The content of each stage's folder, compared with the settings. */
  standings(): readonly StageStanding[] {
    return Object.entries(this.#inOrder(this.#stages)).map(([name, { hash, wanted, changes = [] }]) => ({
      name,
      result: standingOf(hash, wanted),
      changes,
    }));
  }

  /** Called before the content of a stage's folder is replaced. Until `enter`, the record says nothing about it. */
  async leave(stage: PlannedStage): Promise<void> {
    const before = this.#stages.get(stage.name);
    if (before?.hash === undefined || before.hash === stage.hash) return;
    this.#stages.set(stage.name, this.#recordOf(stage, before, { seconds: 0 }));
    this.#metrics.delete(stage.name);
    await this.#write('running');
  }

  /**
   * @param shown the result of the stage; of one without a result, how long it took
   */
  async enter(
    stage: PlannedStage,
    { state, epochsKept, metrics }: StageOutcome,
    { seconds, highlights, hourglass }: ShownResult,
  ): Promise<void> {
    const before = this.#stages.get(stage.name);
    if (state === 'ran' || state === 'cached') {
      const madeBy = hourglass === undefined ? {} : { madeBy: hourglass };
      const shown = { hash: stage.hash, key: stage.key as unknown as JsonObject, ...madeBy, highlights };
      this.#stages.set(stage.name, this.#recordOf(stage, { state }, { seconds, ...shown }));
      this.#metrics.set(stage.name, metrics);
    } else {
      // Its folder still has the previous content.
      const shown = shownBy(before, before?.madeBy);
      const own = shown.hash === undefined ? seconds : (before?.seconds ?? 0);
      const kept = epochsKept === undefined ? {} : { epochsKept };
      const changes = before?.changes ?? [];
      this.#stages.set(
        stage.name,
        this.#recordOf(stage, { state, changes, ...kept }, { seconds: own, ...shown }),
      );
    }
    // If the content of the folder did not change, there is nothing new to record.
    if (state !== 'cached' || before?.hash !== stage.hash) await this.#write('running');
  }

  async close(status: RunRecord['status']): Promise<void> {
    await this.#write(status);
  }

  /** What is known about a stage before this run does anything. */
  async #recordBefore(stage: WantedStage, isSelected: boolean): Promise<StageRecord> {
    const record = this.#previous?.stages[stage.name];
    const hasFolder = await this.#workspace.hasStage(stage.name);
    const shown = hasFolder ? shownBy(record, makerOf(this.#previous, stage.name)) : {};
    const isOutdated = standingOf(shown.hash, stage.hash) === 'outdated';
    const changes = isOutdated && shown.key !== undefined ? await this.#changesOf(stage, shown.key) : [];
    const epochsKept = stage.resume?.epoch;
    return this.#recordOf(
      stage,
      {
        state: isSelected ? 'waiting' : 'unselected',
        changes,
        ...(epochsKept === undefined ? {} : { epochsKept }),
      },
      { seconds: shown.hash === undefined ? 0 : (record?.seconds ?? 0), ...shown },
    );
  }

  #recordOf(
    { type, inputs, hash: wanted }: WantedStage,
    { state, changes = [], epochsKept }: Pick<StageRecord, 'state' | 'changes' | 'epochsKept'>,
    { seconds, ...shown }: Pick<StageRecord, 'seconds' | 'hash' | 'key' | 'madeBy' | 'highlights'>,
  ): StageRecord {
    const result = standingOf(shown.hash, wanted);
    return {
      type,
      state,
      seconds: Math.round(seconds * 1000) / 1000,
      inputs,
      result,
      ...(wanted === undefined ? {} : { wanted }),
      ...shown,
      ...(result === 'outdated' ? { changes } : {}),
      ...(epochsKept === undefined ? {} : { epochsKept }),
    };
  }

  async #changesOf(stage: WantedStage, shown: JsonObject): Promise<readonly StageChange[]> {
    const known = new Map(
      Object.values(this.#previous?.stages ?? {}).flatMap(({ hash, key }) =>
        hash === undefined || key === undefined ? [] : [[hash, key]],
      ),
    );
    const keyOf = async (hash: string): Promise<JsonObject | undefined> =>
      known.get(hash) ?? (await this.#store.lookup(hash))?.record.key;
    const causes = await causesOf(this.#plan, stage, shown, keyOf);
    return causes
      .slice(0, MOST_CHANGES)
      .map(({ range: _range, ...change }) => withMaker(change, otherMaker(this.#previous, change.stage)));
  }

  async #storedMetrics(hash: string | undefined): Promise<Metrics | undefined> {
    return hash === undefined ? undefined : (await this.#store.lookup(hash))?.record.metrics;
  }

  /** Whether any stage or its folder differs from the last record. */
  #differs(): boolean {
    const claims = (stages: Readonly<Record<string, StageRecord>>): string =>
      canonicalJson(
        Object.entries(stages).map(([name, { type, inputs, hash, wanted }]) => [
          name,
          type,
          inputs,
          hash ?? '',
          wanted ?? '',
        ]),
      );
    return claims(this.#inOrder(this.#stages)) !== claims(this.#previous?.stages ?? {});
  }

  /** By stage, in the order of the file, not in the order in which stages finished. */
  #inOrder<T>(map: ReadonlyMap<string, T>): Record<string, T> {
    return Object.fromEntries(
      [...this.#plan.located.pipeline.stages.keys()].flatMap((name) => {
        const value = map.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  #write(status: RunRecord['status']): Promise<void> {
    const { pipeline, overrides, file } = this.#plan.located;
    const record: RunRecord = {
      status,
      pipeline: pipeline.name,
      file: basename(file),
      source: sourcePath(this.#plan.located, this.#workspace.folder),
      resolved: sha256(this.#resolved),
      seed: pipeline.seed,
      overrides,
      versions: { hourglass: packageVersion, node: process.versions.node },
      ...(this.#engine === undefined ? {} : { engine: this.#engine }),
      stages: this.#inOrder(this.#stages),
    };
    const metrics = this.#inOrder(this.#metrics);
    this.#writing = this.#writing.then(async () => {
      await this.#lock.check();
      await this.#workspace.writeJson('metrics.json', withoutEmpty(metrics));
      await this.#workspace.writeRun(record);
      await this.#remember(record, withoutEmpty(metrics) as AllMetrics);
    });
    return this.#writing;
  }

  /** A run that only ends, without a record of it as running, did nothing. */
  async #remember(record: RunRecord, metrics: AllMetrics): Promise<void> {
    if (this.#memory === undefined) return;
    const { history, command } = this.#memory;
    if (record.status === 'running') this.#number ??= await history.next();
    if (this.#number === undefined) return;
    const { text, bases } = this.#plan.located;
    await history.write({
      number: this.#number,
      started: this.#started.toISOString(),
      seconds: Math.round(Date.now() - this.#started.getTime()) / 1000,
      command,
      record,
      metrics,
      pipeline: text,
      resolved: this.#resolved,
      bases: basesOf(bases),
    });
  }
}

/** Recorded differences of one stage. */
const MOST_CHANGES = 20;

function basesOf(bases: readonly SourceFile[]): readonly BaseFile[] {
  return bases.map(({ name, text }) => ({ file: name, text }));
}

/** Whether a YAML text contains this data. */
function isSameYaml(text: string | undefined, data: JsonObject): boolean {
  try {
    return text !== undefined && canonicalJson(parse(text) as Json) === canonicalJson(data);
  } catch {
    return false;
  }
}

function shownBy(
  record: StageRecord | undefined,
  madeBy: string | undefined,
): Pick<StageRecord, 'hash' | 'key' | 'madeBy' | 'highlights'> {
  if (record?.hash === undefined || record.key === undefined) return {};
  const { hash, key, highlights = [] } = record;
  return { hash, key, ...(madeBy === undefined ? {} : { madeBy }), highlights };
}

function withoutEmpty(metrics: Readonly<Record<string, Readonly<Record<string, number>>>>): JsonObject {
  return Object.fromEntries(Object.entries(metrics).filter(([, values]) => Object.keys(values).length > 0));
}
