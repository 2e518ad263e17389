/** Checks that the parts of an archive agree with each other, without running anything. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { ModelSettings, TrainSettings } from '../schema/generated/settings.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, type Diagnostic, type SourceFile } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../core/json.ts';
import { planPipeline } from '../run/plan.ts';
import type { BasisRecord } from './basis.ts';
import { describeCrate } from './crate.ts';
import { isVectorFeature, softwareVersions } from './environment.ts';
import type { Environment, Manifest, PackedStage } from './generated/types.ts';
import {
  artifactPath,
  CRATE,
  ENVIRONMENT,
  MANIFEST,
  METRICS,
  mismatch,
  REPORT,
  RESOLVED,
} from './manifest.ts';
import { withThreads } from './outputs.ts';
import { dataFiles } from './sources.ts';
import { packagesHash } from './packages.ts';
import { parseJson } from './json-text.ts';
import { latentKind } from '../nodes/model/latent.ts';
import { trainingProblems } from './train-record.ts';
import { removeAll } from '../files/in-use.ts';

export interface ConsistencyOptions {
  readonly located: LocatedPipeline;
  readonly manifest: Manifest;
  readonly environment: Environment;
  /** Source texts of the pipeline. */
  readonly sources: readonly SourceFile[];
  /** Absolute path of the unpacked archive. */
  readonly folder: string;
  /** Absolute path of a folder to work in. */
  readonly work: string;
}

/** Problems of the archive are returned, not thrown. */
export async function checkConsistency(
  options: ConsistencyOptions,
  basis: BasisRecord,
): Promise<readonly Diagnostic[]> {
  const { manifest, environment, located, folder } = options;
  const found = [
    ...listingProblems(manifest, located),
    ...environmentProblems(environment),
    ...(await crateProblems(options)),
    ...(await keyProblems(options, basis)),
  ];
  for (const stage of manifest.stages) {
    const settings = located.pipeline.stages.get(stage.name);
    if (settings?.type === 'evaluate') found.push(...(await evaluationProblems(folder, stage)));
    if (settings?.type !== 'train') continue;
    const train = settings as unknown as TrainSettings & { readonly model: string };
    const scratch = await mkdtemp(join(options.work, 'record-'));
    try {
      const model = located.pipeline.stages.get(train.model);
      const latent =
        model?.type === 'model' ? latentKind(model as unknown as ModelSettings) : ('plain' as const);
      found.push(...(await trainingProblems({ folder, scratch, stage, settings: train, latent })));
    } finally {
      await removeAll(scratch);
    }
  }
  for (const path of unusedSources(options)) basis.skip(path, 'no stage reads it');
  basis.skip(REPORT, 'never trusted: anyone can write one');
  basis.skip(ENVIRONMENT, 'its content cannot be proven; it decides how closely the rest is compared');
  return found;
}

/** Source files that neither the pipeline nor a stage reads. The imports of plugins are unknown. */
function unusedSources({ manifest, located, sources, folder }: ConsistencyOptions): readonly string[] {
  if (located.pipeline.plugins.length > 0) return [];
  const used = [...sources.map(({ name }) => name), ...dataFiles(located)].map((path) =>
    resolve(located.folder, path),
  );
  return manifest.files
    .map(({ path }) => path)
    .filter((path) => path.startsWith('pipeline/'))
    .filter((path) => {
      const file = join(folder, path);
      return !used.some((each) => each === file || file.startsWith(`${each}${sep}`));
    });
}

const TOP_LEVEL = new Set([MANIFEST, ENVIRONMENT, RESOLVED, CRATE, METRICS, REPORT]);

/** The archive must contain exactly the files that `pack` writes. */
function listingProblems(
  manifest: Manifest,
  { pipeline, stageTypes }: LocatedPipeline,
): readonly Diagnostic[] {
  const expected = new Set<string>(TOP_LEVEL);
  const required = new Set<string>([RESOLVED, CRATE, METRICS, REPORT]);
  for (const { name, files } of manifest.stages) {
    const isModel = stageTypes.get(pipeline.stages.get(name)?.type ?? '')?.outputs === 'trained-model';
    for (const { path } of files) {
      expected.add(artifactPath(name, path));
      if (isModel || !path.endsWith('.npy')) required.add(artifactPath(name, path));
    }
  }
  const listed = manifest.files.map(({ path }) => path);
  const extra = listed.filter((path) => !expected.has(path) && !path.startsWith('pipeline/'));
  const missing = [...required].filter((path) => !listed.includes(path));
  return [
    ...extra.map((path) =>
      mismatch(`the archive contains \`${path}\`, which no stage of the pipeline writes`),
    ),
    ...missing.map((path) => mismatch(`\`${path}\` is missing from the archive`)),
  ];
}

/** Checks that the fields are consistent with each other. Nothing proves that they are true. */
function environmentProblems({ engine, processor, system }: Environment): readonly Diagnostic[] {
  const wrong = (what: string): Diagnostic => mismatch(`\`${ENVIRONMENT}\` ${what}`);
  const problems: Diagnostic[] = [];
  // The portable engine gives the same results on every machine.
  const platform = engine.platform === 'any' ? system : engine.platform;
  if (system.split(' ')[0] !== platform.split(' ')[0]) {
    problems.push(wrong(`has the system \`${system}\`, but an engine for \`${engine.platform}\``));
  }
  const { features } = processor;
  if (!features.every(isVectorFeature) || [...features].sort().join() !== features.join()) {
    problems.push(wrong('lists vector instructions in a form that `pack` does not write'));
  }
  const isX64 = platform.includes('x64');
  if (features.some((feature) => (isX64 ? /^(?:neon|asimd|sve)/ : /^s?sse|^avx/).test(feature))) {
    problems.push(wrong('lists vector instructions of another kind of processor'));
  }
  return problems;
}

async function crateProblems({
  located,
  manifest,
  environment,
  folder,
}: ConsistencyOptions): Promise<readonly Diagnostic[]> {
  const { pipeline } = located;
  const text = await readFile(join(folder, CRATE)).catch(() => undefined);
  const expected = describeCrate({
    pipeline,
    file: manifest.pipeline.file,
    files: manifest.files.filter(({ path }) => path !== CRATE),
    environment,
  });
  const submitted = text === undefined ? undefined : parseJson(text);
  if (submitted === undefined || canonicalSet(submitted) !== canonicalSet(expected)) {
    return [mismatch(`\`${CRATE}\` does not describe this archive`)];
  }
  return [];
}

/** JSON in a form that is independent of the order of files. */
function canonicalSet(value: unknown): string {
  const graph = isJsonObject(value) ? value['@graph'] : undefined;
  if (!isJsonObject(value) || !Array.isArray(graph)) return '';
  const sorted = (list: readonly unknown[]): readonly string[] =>
    list.map((item) => canonicalJson(withSortedLists(item))).sort();
  return canonicalJson([{ ...value, '@graph': null }, [...sorted(graph)]]);
}

function withSortedLists(item: unknown): JsonObject {
  if (!isJsonObject(item)) return {};
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((each) => canonicalJson(each as JsonObject)).sort() : value,
    ]),
  );
}

/** The key hash of each stage must match its settings, inputs, seed, engine and files. */
async function keyProblems(
  { located, manifest, environment, work }: ConsistencyOptions,
  basis: BasisRecord,
): Promise<readonly Diagnostic[]> {
  const here = softwareVersions();
  if (environment.hourglass !== here.hourglass || environment.packages !== packagesHash()) {
    basis.skip('the hashes of the stages', 'another version of Hourglass computes them differently');
    return [];
  }
  // Several stages may read one file.
  const missing = [...new Set(dataFiles(located))].filter(
    (path) => !existsSync(resolve(located.folder, path)),
  );
  if (missing.length > 0) {
    basis.skip('the hashes of the stages', `the archive does not contain this data: ${missing.join(', ')}`);
    return [];
  }
  try {
    const options = {
      outputs: join(work, 'keys', 'outputs'),
      targets: [],
      force: false,
      engine: 'auto',
    } as const;
    const { plan } = await planPipeline(
      withThreads(located, manifest.pipeline.threads),
      options,
      environment.engine,
    );
    return (plan?.stages ?? []).flatMap(({ name, hash }) => {
      const claimed = manifest.stages.find((stage) => stage.name === name)?.hash;
      return claimed === undefined || claimed === hash
        ? []
        : [mismatch(`the hash of \`${name}\` does not match its settings, inputs, seed, engine and files`)];
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    basis.skip('the hashes of the stages', error.message);
    return [];
  }
}

/** An `evaluate` stage also writes its numbers to a file. */
async function evaluationProblems(
  folder: string,
  { name, metrics }: PackedStage,
): Promise<readonly Diagnostic[]> {
  const text = await readFile(join(folder, artifactPath(name, 'metrics.json'))).catch(() => Buffer.alloc(0));
  const numbers = Object.fromEntries(metrics.map((metric) => [metric.name, metric.value]));
  return canonicalJson(parseJson(text) ?? null) === canonicalJson(numbers)
    ? []
    : [mismatch(`\`${name}/metrics.json\` and the manifest have different numbers`)];
}
