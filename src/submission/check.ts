/** Checks one archive, in the process that calls it. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LoadResult } from '../config/pipeline.ts';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';
import { isJsonObject } from '../core/json.ts';
import { findDeviations, type DeviationOptions } from './assignment.ts';
import type { Comparison, ComparedMetric } from './compare.ts';
import type { Manifest } from './generated/types.ts';
import type { Level } from './levels.ts';
import { METRICS, RESOLVED } from './manifest.ts';
import { measuredStages, rerun, stagesOfModels, type Rerun } from './rerun.ts';
import { loadStranger, requireLocated } from './stranger.ts';
import { troubleOf } from './trouble.ts';
import { unpackArchive, type Unpacked } from './unpack.ts';

export interface CheckOptions {
  /** Absolute path of the archive. */
  readonly archive: string;
  readonly level: Level;
  /** Whether code of the archive may run. */
  readonly allowPlugins: boolean;
  /** Absolute path of a folder with data files that archives leave out. */
  readonly data?: string;
  readonly assignment?: DeviationOptions;
  /** Absolute path of an empty folder to work in. */
  readonly work: string;
}

/** What was found out about an archive. */
export interface Findings {
  /** Absent where the archive could not even be read. */
  readonly pipeline?: { readonly name: string; readonly seed: number };
  readonly comparison?: Comparison;
  readonly metrics: readonly ComparedMetric[];
  /** Artifacts whose bytes were compared after a run. */
  readonly filesCompared: number;
  readonly diagnostics: readonly Diagnostic[];
  /** SHA-256 of trained weights and of figures that show what a model does, by their paths. */
  readonly results: Readonly<Record<string, string>>;
}

const NOTHING: Findings = { metrics: [], filesCompared: 0, diagnostics: [], results: {} };

/** Never throws for what an archive may hold: that is in the findings. */
export async function checkArchive(options: CheckOptions): Promise<Findings> {
  const folder = join(options.work, 'archive');
  let unpacked: Unpacked;
  try {
    await mkdir(folder, { recursive: true });
    unpacked = await unpackArchive(options.archive, folder);
  } catch (error) {
    return { ...NOTHING, diagnostics: diagnosticsOf(error, options.work) };
  }
  const { manifest } = unpacked;
  const diagnostics: Diagnostic[] = [];
  const report = (found: readonly Diagnostic[]): void => {
    diagnostics.push(...found.map((diagnostic) => withoutFolder(diagnostic, options.work)));
  };
  const loaded = await loadStranger({ ...options, folder, manifest });
  report(await checkMetricsFile(folder, manifest));
  report(await checkPipelineFile(folder, manifest, loaded));
  if (options.assignment !== undefined) report(await checkAssignment(folder, loaded, options.assignment));
  let run: Rerun | undefined;
  if (options.level !== 'hashes') {
    try {
      run = await runAgain(options, { ...unpacked, folder, loaded });
      report([...run.diagnostics, ...mismatches(run)]);
    } catch (error) {
      report(diagnosticsOf(error, options.work));
    }
  }
  return {
    pipeline: { name: manifest.pipeline.name, seed: manifest.pipeline.seed },
    ...(run === undefined ? {} : { comparison: run.comparison }),
    metrics: run?.metrics ?? [],
    filesCompared: run?.files.compared ?? 0,
    diagnostics,
    results: resultsOf(manifest, loaded),
  };
}

async function runAgain(
  { level, work }: CheckOptions,
  context: Unpacked & { readonly folder: string; readonly loaded: LoadResult },
): Promise<Rerun> {
  const located = requireLocated(context.loaded);
  const wanted = level === 'full' ? 'full' : 'spot';
  if (wanted === 'spot' && measuredStages(located).length === 0) {
    throw new Failure({
      code: 'verification-mismatch',
      severity: 'warning',
      message: 'the pipeline measures no model, so that there is nothing to spot-check',
      hint: 'use `--level full`',
    });
  }
  return rerun({ ...context, located, level: wanted, work: join(work, 'run') });
}

/** `metrics.json` must say what the manifest says: only the latter is compared. */
async function checkMetricsFile(folder: string, manifest: Manifest): Promise<readonly Diagnostic[]> {
  const text = await readFile(join(folder, METRICS), 'utf8').catch(() => '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [mismatch('`metrics.json` is not there, or is no JSON')];
  }
  const shown = isJsonObject(value) ? value : {};
  return manifest.stages.flatMap(({ name, metrics }) => {
    const stage = Object.hasOwn(shown, name) ? shown[name] : undefined;
    const numbers = isJsonObject(stage) ? stage : {};
    const same =
      Object.keys(numbers).length === metrics.length &&
      metrics.every((metric) => Object.hasOwn(numbers, metric.name) && numbers[metric.name] === metric.value);
    return same ? [] : [mismatch(`\`metrics.json\` has other numbers of \`${name}\` than the manifest`)];
  });
}

/** The pipeline must be the one that the manifest and `resolved.yaml` describe. */
async function checkPipelineFile(
  folder: string,
  { pipeline, stages }: Manifest,
  loaded: LoadResult,
): Promise<readonly Diagnostic[]> {
  const { located, diagnostics } = loaded;
  if (located === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    // Without leave to run its plugins, a pipeline cannot be known; that is not its fault.
    return errors.map((error) =>
      error.code === 'plugin-refused' ? { ...error, severity: 'warning' } : error,
    );
  }
  const found: Diagnostic[] = [];
  if (located.pipeline.name !== pipeline.name || located.pipeline.seed !== pipeline.seed) {
    found.push(mismatch('the manifest names another pipeline or seed than the pipeline file'));
  }
  const names = (list: readonly { readonly name: string; readonly type: string }[]): string =>
    list.map(({ name, type }) => `${name}: ${type}`).join();
  const written = [...located.pipeline.stages].map(([name, { type }]) => ({ name, type }));
  if (names(stages) !== names(written)) {
    found.push(mismatch('the manifest names other stages than the pipeline file'));
  }
  const resolved = await readFile(join(folder, RESOLVED), 'utf8').catch(() => '');
  if (resolved !== stringify(located.resolved, { aliasDuplicateObjects: false })) {
    found.push({
      ...mismatch('`resolved.yaml` is not what the pipeline file comes to here'),
      // Another version of Hourglass may have other defaults.
      severity: 'warning',
    });
  }
  return found;
}

async function checkAssignment(
  folder: string,
  { located, partial }: LoadResult,
  options: DeviationOptions,
): Promise<readonly Diagnostic[]> {
  const pipeline = located ?? partial;
  return pipeline === undefined ? [] : findDeviations(pipeline, folder, options);
}

function mismatches({ comparison, metrics, files }: Rerun): readonly Diagnostic[] {
  const how = comparison.kind === 'exact' ? 'exactly' : 'within its tolerance';
  const numbers = metrics
    .filter(({ agrees }) => !agrees)
    .map(({ stage, metric, claimed, found }) =>
      mismatch(
        `\`${stage}.${metric}\` was handed in as ${claimed} and is ${found ?? 'absent'}: not ${how} equal`,
      ),
    );
  const [first] = files.different;
  if (first === undefined) return numbers;
  const others = files.different.length - 1;
  const more = others === 0 ? '' : ` (and ${others} more)`;
  return [...numbers, mismatch(`\`${first}\`${more} came out with other bytes than it was handed in`)];
}

function mismatch(message: string): Diagnostic {
  return { code: 'verification-mismatch', severity: 'error', message };
}

/** What no two students can have in common unless they share it: trained weights, and figures of what they do. */
function resultsOf(manifest: Manifest, { located, partial }: LoadResult): Readonly<Record<string, string>> {
  const pipeline = located ?? partial;
  const stages = pipeline === undefined ? new Set<string>() : stagesOfModels(pipeline);
  const isResult = (path: string): boolean => {
    const [, stage = '', artifact = ''] = /^outputs\/([^/]+)\/(.*)$/.exec(path) ?? [];
    return (
      artifact === 'model/autoencoder/weights.bin' || (stages.has(stage) && artifact.endsWith('figure.png'))
    );
  };
  return Object.fromEntries(
    manifest.files.filter(({ path }) => isResult(path)).map(({ path, sha256 }) => [path, sha256]),
  );
}

function diagnosticsOf(error: unknown, work: string): readonly Diagnostic[] {
  const known = troubleOf(error);
  if (known instanceof Failure) return known.diagnostics.map((diagnostic) => withoutFolder(diagnostic, work));
  throw error;
}

/** A diagnostic without the folder in which the work is done: it is gone when the diagnostic is read. */
function withoutFolder(diagnostic: Diagnostic, work: string): Diagnostic {
  const clean = (text: string): string => text.replaceAll(`${work}/archive/`, '').replaceAll(`${work}/`, '');
  const { range, related: _related, hint, ...rest } = diagnostic;
  return {
    ...rest,
    message: clean(diagnostic.message),
    ...(hint === undefined ? {} : { hint: clean(hint) }),
    ...(range === undefined ? {} : { range: { ...range, file: clean(range.file) } }),
  };
}
