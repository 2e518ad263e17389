/** Compares the claims of an archive with the results of running its pipeline again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { BasisRecord, Closeness } from './basis.ts';
import {
  compareMetrics,
  formatTolerance,
  type ComparedMetric,
  type Comparison,
  type FoundBy,
} from './compare.ts';
import { artifactPath, mismatch } from './manifest.ts';
import { stageOf, type Rerun, type RerunStage, type Submission } from './rerun.ts';
import { isDrawingOf, similarFloats, similarJson, similarPng, similarSvg } from './similar.ts';

/** Why something was not compared. */
export const WHY = {
  nothing: 'nothing was run',
  training: 'made during training, which only `--level full` repeats',
  hash: 'not in the archive, and low-order bits differ on another platform',
  layout: 'rounding changes t-SNE and UMAP layouts; only an equal platform repeats them',
  unknown: 'it can only be compared bit by bit, and the platform differs',
} as const;

/** The results of two runs of a submission. */
export class Judgement {
  readonly basis: BasisRecord;
  readonly metrics: ComparedMetric[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly submission: Submission;
  readonly comparison: Comparison;
  readonly #claimed: ReadonlySet<string>;
  readonly #different: string[] = [];

  constructor(submission: Submission, comparison: Comparison, basis: BasisRecord) {
    this.basis = basis;
    this.submission = submission;
    this.comparison = comparison;
    this.#claimed = new Set(submission.manifest.files.map(({ path }) => path));
  }

  /** Compares everything recomputed from the submitted models, or without any model. */
  async compareMeasured({ stages, diagnostics }: Rerun): Promise<void> {
    this.diagnostics.push(...diagnostics);
    const computed = stagesOf(stages, ({ planned }) => planned.key.engine !== undefined);
    const layouts = layoutsOf(stages);
    for (const stage of this.ownStages(stages)) {
      const { name } = stage.planned;
      if (stage.isSubmitted) {
        this.#skipTraining(name);
        continue;
      }
      const exact = this.comparison[computed.has(name) ? 'kind' : 'data'] === 'exact';
      if (!exact && layouts.has(name)) await this.compareExactly(stage, { orSkip: WHY.layout });
      else if (exact) await this.compareExactly(stage, {});
      else await this.#compareClosely(stage);
    }
  }

  /** The submitted file; undefined if the archive does not contain it, or if it is far larger than ours. */
  async submitted(stage: string, path: string, ours: number): Promise<Buffer | undefined> {
    const inArchive = artifactPath(stage, path);
    const size = this.submission.manifest.files.find((file) => file.path === inArchive)?.bytes;
    if (size === undefined || size > 4 * ours + 2 ** 16) return undefined;
    return readFile(join(this.submission.folder, inArchive));
  }

  /** Records a file that was compared. */
  file(stage: string, path: string, same: boolean, how: Closeness): void {
    if (how !== 'exact' && same) this.basis.excuse();
    if (same) this.basis.file(how, `${stage}/${path}`);
    else this.#different.push(`${stage}/${path}`);
  }

  skip(stage: string, path: string, why: string): void {
    this.#skip(`${stage}/${path}`, why);
  }

  #skip(what: string, why: string): void {
    this.basis.excuse();
    this.basis.skip(what, why);
  }

  number(metric: ComparedMetric, isExcuse: boolean): void {
    const { stage, metric: name, claimed, found, agrees, by } = metric;
    this.metrics.push(metric);
    const how = claimed === found ? 'exact' : by === 'measuring' ? 'measured' : 'tolerance';
    if (agrees) this.basis.number(how, `${stage}.${name}`);
    if (agrees && isExcuse && how !== 'exact') this.basis.excuse();
  }

  /** The differences, in words. */
  mismatches(): readonly Diagnostic[] {
    const numbers = this.metrics.filter(({ agrees }) => !agrees).map(describeNumber);
    const [first, ...others] = this.#different;
    if (first === undefined) return numbers;
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return [...numbers, mismatch(`\`${first}\`${more} differs from what the pipeline gives here`)];
  }

  /** The pipeline's own stages, which the manifest lists. */
  ownStages(stages: readonly RerunStage[]): readonly RerunStage[] {
    return stages.filter(({ planned: { name } }) => this.submission.located.pipeline.stages.has(name));
  }

  #skipTraining(name: string): void {
    const packed = stageOf(this.submission.manifest, name);
    for (const { path } of packed?.files ?? []) this.basis.skip(`${name}/${path}`, WHY.training);
    for (const { name: metric } of packed?.metrics ?? []) this.basis.skip(`${name}.${metric}`, WHY.training);
  }

  /** Compares the numbers of a stage. */
  compareNumbers({ planned: { name }, metrics }: RerunStage, how: { exact: boolean; by: FoundBy }): void {
    const claimed = stageOf(this.submission.manifest, name)?.metrics ?? [];
    for (const metric of compareMetrics(name, claimed, metrics, how)) this.number(metric, true);
  }

  /**
   * Compares a stage bit by bit.
   *
   * @param orSkip why differences do not count, if the stage need not be equal
   */
  async compareExactly(stage: RerunStage, { orSkip }: { readonly orSkip?: string }): Promise<void> {
    const { name } = stage.planned;
    const packed = stageOf(this.submission.manifest, name);
    if (orSkip === undefined) {
      this.compareNumbers(stage, { exact: true, by: 'measuring' });
    } else {
      for (const { name: metric, value } of packed?.metrics ?? []) {
        if (stage.metrics[metric] === value) this.basis.number('exact', `${name}.${metric}`);
        else this.#skip(`${name}.${metric}`, orSkip);
      }
    }
    for (const [path, same] of hashesOf(stage, this.submission)) {
      if (same || orSkip === undefined) this.file(name, path, same, 'exact');
      else this.skip(name, path, orSkip);
    }
  }

  async #compareClosely(stage: RerunStage): Promise<void> {
    const { name } = stage.planned;
    this.compareNumbers(stage, { exact: false, by: 'measuring' });
    const drawings = new Set<string>();
    // An SVG comes before the PNG rendered from it.
    for (const [path, same] of [...hashesOf(stage, this.submission)].sort(([a], [b]) => (a < b ? 1 : -1))) {
      if (same) {
        this.file(name, path, true, 'exact');
        if (path.endsWith('.svg')) drawings.add(path);
        continue;
      }
      const left = this.#claimed.has(artifactPath(name, path)) ? undefined : WHY.hash;
      if (path.endsWith('.npy') && left !== undefined && stage.files.has(path)) {
        this.skip(name, path, left);
        continue;
      }
      const similar = await this.similarTo(name, path, stage, 'measuring', drawings);
      if (similar === undefined) this.skip(name, path, WHY.unknown);
      else this.file(name, path, similar, 'measured');
    }
  }

  /**
   * Whether a submitted file equals ours except for rounding; undefined for formats that can only be compared bytewise.
   *
   * @param drawings paths of SVGs that are equal; an equal SVG is added
   */
  async similarTo(
    name: string,
    path: string,
    { folder, files }: Pick<RerunStage, 'folder' | 'files'>,
    by: FoundBy,
    drawings: Set<string>,
  ): Promise<boolean | undefined> {
    if (!files.has(path)) return false;
    const ours = await readFile(join(folder, path));
    const submitted = await this.submitted(name, path, ours.length);
    if (submitted === undefined) return false;
    const extension = /[^./]*$/.exec(path)?.[0];
    switch (extension) {
      case 'json':
        return similarJson(submitted, ours, by);
      case 'bin':
        return similarFloats(submitted, ours);
      case 'txt':
        return false;
      case 'svg': {
        const same = await similarSvg(submitted, ours, by);
        if (same) drawings.add(path);
        return same;
      }
      case 'png': {
        const drawing = path.replace(/png$/, 'svg');
        if (!drawings.has(drawing)) return files.has(drawing) ? false : similarPng(submitted, ours, by);
        const svg = await this.submitted(name, drawing, ours.length + 2 ** 24);
        return svg !== undefined && (await isDrawingOf(submitted, svg));
      }
      default:
        return undefined;
    }
  }
}

/** For each file of a stage, ours or submitted: whether the bytes are equal. */
export function hashesOf(
  { planned, files }: RerunStage,
  { manifest }: Submission,
): readonly (readonly [string, boolean])[] {
  const claimed = new Map(stageOf(manifest, planned.name)?.files.map(({ path, sha256 }) => [path, sha256]));
  return [...new Set([...files.keys(), ...claimed.keys()])].map((path) => [
    path,
    files.get(path) === claimed.get(path),
  ]);
}

/** The stages that meet a condition, and all stages that depend on them. */
function stagesOf(stages: readonly RerunStage[], holds: (stage: RerunStage) => boolean): ReadonlySet<string> {
  const found = new Set<string>();
  for (const stage of stages) {
    const inputs = Object.values(stage.planned.inputs);
    if (holds(stage) || inputs.some((input) => found.has(input))) found.add(stage.planned.name);
  }
  return found;
}

/** Stages that depend on an iterative layout, whose points move with rounding. */
export function layoutsOf(stages: readonly RerunStage[]): ReadonlySet<string> {
  return stagesOf(
    stages,
    ({ planned: { type, key } }) => type === 'project' && key.settings['method'] !== 'pca',
  );
}

function describeNumber({ stage, metric, by, claimed, found, tolerance }: ComparedMetric): Diagnostic {
  const how = tolerance === undefined ? 'not equal' : `not within ${formatTolerance(tolerance)}`;
  const again = by === 'training' ? 'retrained' : 'recomputed';
  return mismatch(`\`${stage}.${metric}\`: submitted ${claimed}, ${again} ${found ?? 'absent'}: ${how}`);
}
