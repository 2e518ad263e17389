/** Forgeries by someone who knows Hourglass well: all hashes, copies and figures match. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadPipeline } from '../../src/config/load.ts';
import type { LocatedPipeline } from '../../src/config/pipeline.ts';
import { measuresOf, writeHistory, type EpochRecord } from '../../src/nodes/train/history.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { planPipeline } from '../../src/run/plan.ts';
import { WorkerPool } from '../../src/run/workers.ts';
import { checkArchive, type CheckOptions, type Findings } from '../../src/submission/check.ts';
import type { Environment, Manifest } from '../../src/submission/generated/types.ts';
import { inspectionOf } from '../../src/submission/inspection.ts';
import { toText } from '../../src/submission/manifest.ts';
import { withThreads } from '../../src/submission/outputs.ts';
import { rerun } from '../../src/submission/rerun.ts';
import { forgeFiles, zipOf, type Files } from './archives.ts';

/** Contents to write; `null` removes a file. */
export type Changes = Readonly<Record<string, string | Buffer | null>>;

export class Forger {
  readonly #folder: string;
  /** Workers shared by all checks, since starting a process with an engine takes longer than its work. */
  readonly #pool = new WorkerPool();
  #count = 0;

  constructor(t: { after(each: () => void): unknown }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'hourglass-forger-'));
    t.after(() => {
      this.#pool.close();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  #newFolder(): string {
    this.#count += 1;
    const folder = join(this.#folder, String(this.#count));
    mkdirSync(folder);
    return folder;
  }

  async check(files: Files, options: Partial<CheckOptions> = {}): Promise<Findings> {
    const work = this.#newFolder();
    const archive = join(work, 'forged.zip');
    writeFileSync(archive, await zipOf(files));
    const checked = { archive, level: 'hashes', allowPlugins: false, work, ...options } as const;
    const found = await checkArchive(checked, this.#pool);
    rmSync(work, { recursive: true, force: true });
    return found;
  }

  /** The pipeline of an archive, loaded from a separate folder. */
  async #load(files: Files): Promise<{ readonly folder: string; readonly located: LocatedPipeline }> {
    const folder = this.#newFolder();
    for (const [path, data] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), data);
    }
    const { pipeline } = manifestOf(files);
    const options = { overrides: pipeline.overrides, stageTypes: stageTypes(false) };
    const { located, diagnostics } = await loadPipeline(join(folder, pipeline.file), options);
    assert.ok(located, JSON.stringify(diagnostics));
    return { folder, located };
  }

  /** The archive with stage hashes that match its pipeline and environment. */
  async rekeyed(files: Files): Promise<Files> {
    const { folder, located } = await this.#load(files);
    const { pipeline } = manifestOf(files);
    const { engine } = environmentOf(files);
    const options = { outputs: join(folder, 'none'), targets: [], force: false, engine: 'auto' } as const;
    const { plan } = await planPipeline(withThreads(located, pipeline.threads), options, engine);
    const hashes = new Map(plan?.stages.map(({ name, hash }) => [name, hash]));
    return edited(files, {}, (manifest) => ({
      ...manifest,
      stages: manifest.stages.map((stage) => ({ ...stage, hash: hashes.get(stage.name) ?? stage.hash })),
    }));
  }

  /** Recomputes everything that depends on the archive's trained models, up to the end of the history. */
  async madeToFit(files: Files): Promise<Files> {
    const { folder, located } = await this.#load(files);
    const submission = { located, folder, manifest: manifestOf(files), environment: environmentOf(files) };
    const { stages } = await rerun(submission, {
      useModels: true,
      inspect: true,
      work: join(folder, 'again'),
      pool: this.#pool,
    });
    const changes: Record<string, Buffer> = {};
    const numbers = new Map<string, Readonly<Record<string, number>>>();
    for (const stage of stages) {
      const { name } = stage.planned;
      const trained = name.endsWith('.inspection') ? name.slice(0, -'.inspection'.length) : undefined;
      if (stage.isSubmitted) continue;
      if (trained === undefined) numbers.set(name, stage.metrics);
      for (const path of stage.files.keys()) {
        const target = `outputs/${trained ?? name}/${path}`;
        if (files.has(target)) changes[target] = readFileSync(join(stage.folder, path));
      }
    }
    const arrays = new Map(stages.map((stage) => [stage.planned.name, stage.files]));
    const fitted = edited(files, changes, (manifest) => ({
      ...manifest,
      stages: manifest.stages.map((stage) => ({
        ...stage,
        metrics: Object.entries(numbers.get(stage.name) ?? {}).map(([name, value]) => ({ name, value })),
        files: stage.files.map((file) =>
          files.has(`outputs/${stage.name}/${file.path}`)
            ? file
            : { ...file, sha256: arrays.get(stage.name)?.get(file.path) ?? file.sha256 },
        ),
      })),
    }));
    const inspection = stages.find(({ planned }) => planned.name === inspectionOf('trained'));
    return withMetricsFile(
      await this.withHistory(fitted, (history) => {
        for (const column of ['val_loss']) {
          const list = history[column];
          if (list !== undefined) list[list.length - 1] = inspection?.metrics[column] ?? NaN;
        }
      }),
    );
  }

  /** The archive with another history of `trained`, in all files and numbers that depend on it. */
  async withHistory(files: Files, edit: (history: Record<string, number[]>) => void): Promise<Files> {
    const history = JSON.parse(String(files.get('outputs/trained/history.json'))) as Record<string, number[]>;
    edit(history);
    const { epoch = [], loss = [], val_loss: validation = [] } = history;
    const folder = this.#newFolder();
    const records = epoch.map((number, index): EpochRecord => ({
      epoch: number,
      training: { loss: loss[index] ?? NaN },
      validation: { loss: validation[index] ?? NaN },
    }));
    await writeHistory(folder, records, measuresOf('plain', []), true);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      files.has(`outputs/trained/${name}`),
    );
    const changes = Object.fromEntries(
      names.map((name) => [`outputs/trained/${name}`, readFileSync(join(folder, name))]),
    );
    const last = { loss: loss.at(-1) ?? 0, val_loss: validation.at(-1) ?? 0 };
    const best = validation.indexOf(Math.min(...validation)) + 1;
    return withMetricsFile(
      withMetrics(edited(files, changes), 'trained', { ...last, epochs: epoch.length, best_epoch: best }),
    );
  }
}

export const manifestOf = (files: Files): Manifest =>
  JSON.parse(String(files.get('manifest.json'))) as Manifest;

export const environmentOf = (files: Files): Environment =>
  JSON.parse(String(files.get('environment.json'))) as Environment;

export function edited(files: Files, changes: Changes, manifest?: (before: Manifest) => Manifest): Files {
  return forgeFiles(files, { files: changes, ...(manifest === undefined ? {} : { manifest }) });
}

export const withEnvironment = (files: Files, edit: (before: Environment) => Environment): Files =>
  edited(files, { 'environment.json': toText(edit(environmentOf(files)) as never) });

/** An archive that claims to be from another processor. */
export const elsewhere = (files: Files): Files =>
  withEnvironment(files, (before) => ({ ...before, processor: { ...before.processor, model: 'Other' } }));

/** The numbers of a stage in the manifest. */
export function withMetrics(files: Files, name: string, metrics: Readonly<Record<string, number>>): Files {
  return edited(files, {}, (manifest) => ({
    ...manifest,
    stages: manifest.stages.map((stage) =>
      stage.name === name
        ? { ...stage, metrics: Object.entries(metrics).map(([metric, value]) => ({ name: metric, value })) }
        : stage,
    ),
  }));
}

/** `metrics.json`, made from the manifest as by `pack`. */
export function withMetricsFile(files: Files): Files {
  const shown = JSON.parse(String(files.get('outputs/metrics.json'))) as Record<string, unknown>;
  for (const { name, metrics } of manifestOf(files).stages) {
    if (shown[name] === undefined) continue;
    shown[name] = Object.fromEntries(metrics.map((metric) => [metric.name, metric.value]));
  }
  return edited(files, { 'outputs/metrics.json': toText(shown as never) }, (manifest) => manifest);
}

/** Replaces the outputs of some stages, with their numbers, by those of another archive. */
export function takeStages(files: Files, other: Files, names: readonly string[]): Files {
  const isTaken = (path: string): boolean => names.some((name) => path.startsWith(`outputs/${name}/`));
  const changes: Record<string, Buffer | null> = {};
  for (const path of new Set([...files.keys(), ...other.keys()])) {
    if (isTaken(path)) changes[path] = other.get(path) ?? null;
  }
  const theirs = new Map(manifestOf(other).stages.map((stage) => [stage.name, stage]));
  return withMetricsFile(
    edited(files, changes, (manifest) => ({
      ...manifest,
      stages: manifest.stages.map((stage) =>
        names.includes(stage.name) ? { ...stage, ...theirs.get(stage.name), hash: stage.hash } : stage,
      ),
    })),
  );
}
