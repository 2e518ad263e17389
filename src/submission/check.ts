/** Checks one archive, in the process that calls it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../files/atomic.ts';
import { stringify } from 'yaml';
import type { LoadResult } from '../config/pipeline.ts';
import { errorsOf, Failure, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../core/json.ts';
import { WorkerPool } from '../run/workers.ts';
import { findDeviations, type DeviationOptions } from './assignment.ts';
import { BasisRecord, type Basis } from './basis.ts';
import type { Comparison, ComparedMetric } from './compare.ts';
import { checkConsistency } from './consistency.ts';
import type { Manifest, PackedStage } from './generated/types.ts';
import { parseJson } from './json-text.ts';
import type { Level } from './levels.ts';
import { WHY, type Judgement } from './judge.ts';
import { artifactPath, METRICS, mismatch, RESOLVED } from './manifest.ts';
import { replay } from './replay.ts';
import { stagesOfModels } from './rerun.ts';
import { dataFiles } from './sources.ts';
import { loadStranger } from './load-untrusted.ts';
import { troubleOf } from './trouble.ts';
import { unpackArchive, type Unpacked } from './unpack.ts';

export interface CheckOptions {
  /** Absolute path of the archive. */
  readonly archive: string;
  readonly level: Level;
  /** Whether code in the archive may run. */
  readonly allowPlugins: boolean;
  /** Absolute path of a folder with data files that archives do not contain. */
  readonly data?: string;
  readonly assignment?: DeviationOptions;
  /** Whether results must be bit-identical, whatever the archive says about its machine. */
  readonly samePlatform?: boolean;
  /** Absolute path of an empty folder to work in. */
  readonly work: string;
}

/** The findings for an archive. */
export interface Findings {
  /** Absent if the archive could not be read. */
  readonly pipeline?: { readonly name: string; readonly seed: number };
  readonly comparison?: Comparison;
  readonly metrics: readonly ComparedMetric[];
  /** What was compared, how closely, and what was not compared. */
  readonly basis: Basis;
  readonly diagnostics: readonly Diagnostic[];
  /** SHA-256 of trained weights and of figures that show what a model does, by their paths. */
  readonly results: Readonly<Record<string, string>>;
}

/** The findings for an archive that was refused before anything in it was used. */
function unread(diagnostics: readonly Diagnostic[]): Findings {
  return { metrics: [], basis: new BasisRecord().finish(), diagnostics, results: {} };
}

/**
 * Problems of the archive are never thrown, but returned in the findings.
 *
 * @param pool the workers that run stages; it is not closed
 */
export async function checkArchive(options: CheckOptions, pool?: WorkerPool): Promise<Findings> {
  if (pool !== undefined) return check(options, pool);
  const own = new WorkerPool();
  return check(options, own).finally(() => own.close());
}

async function check(options: CheckOptions, pool: WorkerPool): Promise<Findings> {
  const folder = join(options.work, 'archive');
  let unpacked: Unpacked;
  try {
    await makeFolder(folder);
    unpacked = await unpackArchive(options.archive, folder);
  } catch (error) {
    return unread(diagnosticsOf(error, options.work));
  }
  const { manifest } = unpacked;
  const diagnostics: Diagnostic[] = [];
  const report = (found: readonly Diagnostic[]): void => {
    diagnostics.push(...found.map((diagnostic) => withoutFolder(diagnostic, options.work)));
  };
  const loaded = await loadStranger({ ...options, folder, manifest });
  report(await checkMetricsFile(folder, manifest));
  report(await checkPipelineFile(folder, manifest, loaded));
  if (options.assignment !== undefined) {
    const { assignment, data } = options;
    report(await checkAssignment(folder, loaded, { ...assignment, ...(data === undefined ? {} : { data }) }));
  }
  const found = await checkResults({ ...options, pool }, { ...unpacked, folder, loaded });
  report(found.diagnostics);
  return {
    pipeline: { name: manifest.pipeline.name, seed: manifest.pipeline.seed },
    ...(found.judgement === undefined ? {} : { comparison: found.judgement.comparison }),
    metrics: found.judgement?.metrics ?? [],
    basis: found.basis.finish(),
    diagnostics,
    results: resultsOf(manifest, loaded),
  };
}

interface Results {
  readonly diagnostics: readonly Diagnostic[];
  readonly basis: BasisRecord;
  /** Absent if nothing was run. */
  readonly judgement?: Judgement;
}

/** Compares the results with each other and, above the level `hashes`, with a new run. */
async function checkResults(
  { level, work, samePlatform, pool }: CheckOptions & { readonly pool: WorkerPool },
  { loaded, manifest, ...unpacked }: Unpacked & { readonly folder: string; readonly loaded: LoadResult },
): Promise<Results> {
  const basis = new BasisRecord();
  const { located } = loaded;
  if (located === undefined) {
    skipAll(manifest, basis);
    // Other problems are reported already.
    const refused = loaded.diagnostics.filter(({ code }) => code === 'plugin-refused');
    return { diagnostics: level === 'hashes' ? [] : refused, basis };
  }
  const submission = { ...unpacked, manifest, located };
  const diagnostics = [...(await checkConsistency({ ...submission, sources: loaded.sources, work }, basis))];
  if (level === 'hashes') {
    skipAll(manifest, basis);
    return { diagnostics, basis };
  }
  try {
    const judgement = await replay(submission, { level, work: join(work, 'run'), basis, pool });
    diagnostics.push(...judgement.diagnostics, ...judgement.mismatches());
    const { differences } = judgement.comparison;
    if (samePlatform === true && basis.finish().excused) diagnostics.push(platformDiagnostic(differences));
    return { diagnostics, basis, judgement };
  } catch (error) {
    skipAll(manifest, basis);
    const found = diagnosticsOf(error, work).map((each) => withDataHint(each, dataFiles(located)));
    return { diagnostics: [...diagnostics, ...found], basis };
  }
}

/** Records that nothing was run, so all numbers and files of stages are only as submitted. */
function skipAll({ stages }: Manifest, basis: BasisRecord): void {
  for (const { name, metrics, files } of stages) {
    for (const { name: metric } of metrics) basis.skip(`${name}.${metric}`, WHY.nothing);
    for (const { path } of files) basis.skip(`${name}/${path}`, WHY.nothing);
  }
}

function platformDiagnostic(differences: readonly string[]): Diagnostic {
  return {
    code: 'platform-differs',
    severity: 'error',
    message: `the results are not bit-identical, and the archive says that it is from another platform: ${differences.join(', ')}`,
    hint: 'pack a run from this platform, or verify without `--same-platform`',
  };
}

/** `metrics.json` must match the numbers of the manifest, since only those are compared. */
async function checkMetricsFile(folder: string, { stages }: Manifest): Promise<readonly Diagnostic[]> {
  const text = await readFile(join(folder, METRICS)).catch(() => undefined);
  const shown = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(shown)) return [mismatch('`metrics.json` is missing, or is not what a run writes')];
  const measured = new Map(stages.map(({ name, metrics }) => [name, numbersOf(metrics)]));
  const names = new Set([...measured.keys(), ...Object.keys(shown)]);
  return [...names].flatMap((name) =>
    canonicalJson(Object.hasOwn(shown, name) ? (shown[name] ?? null) : {}) ===
    canonicalJson(measured.get(name) ?? null)
      ? []
      : [mismatch(`\`metrics.json\` and the manifest have different numbers for \`${name}\``)],
  );
}

/** If a name occurs twice, the first number counts, and the file does not match. */
function numbersOf(metrics: PackedStage['metrics']): JsonObject {
  return Object.fromEntries([...metrics].reverse().map(({ name, value }) => [name, value]));
}

/** The pipeline must match the manifest and `resolved.yaml`. */
async function checkPipelineFile(
  folder: string,
  { pipeline, stages, files }: Manifest,
  loaded: LoadResult,
): Promise<readonly Diagnostic[]> {
  const { located, diagnostics } = loaded;
  if (located === undefined) {
    const errors = errorsOf(diagnostics);
    // If its plugins may not run, a pipeline cannot be resolved. That is no fault of the archive.
    return errors.map((error) =>
      error.code === 'plugin-refused' ? { ...error, severity: 'warning' } : error,
    );
  }
  const found: Diagnostic[] = [];
  if (located.pipeline.name !== pipeline.name || located.pipeline.seed !== pipeline.seed) {
    found.push(mismatch('the manifest and the pipeline file have different names or seeds'));
  }
  if ((located.pipeline.threads ?? pipeline.threads) !== pipeline.threads) {
    found.push(mismatch('the manifest and the pipeline file have different numbers of threads'));
  }
  const sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const hasOtherSize = ({ name, files: artifacts }: PackedStage): boolean =>
    artifacts.some(({ path, bytes }) => (sizes.get(artifactPath(name, path)) ?? bytes) !== bytes);
  for (const { name } of stages.filter(hasOtherSize)) {
    found.push(mismatch(`the manifest has two sizes for a file of \`${name}\``));
  }
  const names = (list: readonly { readonly name: string; readonly type: string }[]): string =>
    list.map(({ name, type }) => `${name}: ${type}`).join();
  const written = [...located.pipeline.stages].map(([name, { type }]) => ({ name, type }));
  if (names(stages) !== names(written)) {
    found.push(mismatch('the manifest and the pipeline file have different stages'));
  }
  const resolved = await readFile(join(folder, RESOLVED), 'utf8').catch(() => '');
  if (resolved !== stringify(located.resolved, { aliasDuplicateObjects: false })) {
    found.push({
      ...mismatch('`resolved.yaml` is not what the pipeline file resolves to here'),
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

/** Results that two students have in common only if they share work: trained weights, and figures of what models do. */
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

/** What is near the unpacked archive says nothing about where the reader has a data file. */
function withDataHint(diagnostic: Diagnostic, files: readonly string[]): Diagnostic {
  const { code, message } = diagnostic;
  if (code !== 'data-missing' || !files.some((file) => message.includes(`\`${file}\``))) return diagnostic;
  const { edits: _edits, ...rest } = diagnostic;
  return { ...rest, hint: 'name the folder that holds it: `--data FOLDER`' };
}

/** Removes the work folder from a diagnostic, since it no longer exists when the diagnostic is read. */
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
