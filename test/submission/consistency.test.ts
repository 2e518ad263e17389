/** Contradictions that are found without running anything, in the smallest consistent archive. */
import assert from 'node:assert/strict';
import { before, test, type TestContext } from 'node:test';
import { errorsOf } from '../../src/core/diagnostic.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { softwareVersions } from '../../src/submission/environment.ts';
import { packagesHash } from '../../src/submission/packages.ts';
import type { Environment } from '../../src/submission/generated/types.ts';
import { CRATE, METRICS, REPORT, toText } from '../../src/submission/manifest.ts';
import { consistent, ENVIRONMENT, forgeFiles, PIPELINE, type Files, type Forgery } from './archives.ts';
import { Forger } from './forger.ts';

let good: Files;
before(() => {
  good = consistent();
});

interface Found {
  readonly errors: number;
  /** What was not compared. */
  readonly skipped: readonly string[];
}

async function check(t: TestContext, forgery: Forgery): Promise<Found> {
  const { diagnostics, basis } = await new Forger(t).check(forgeFiles(good, forgery));
  const errors = errorsOf(diagnostics);
  assert.ok(errors.every(({ code }) => code === 'verification-mismatch'));
  return { errors: errors.length, skipped: basis.notCompared.map(({ what }) => what) };
}

const HASHES = 'the hashes of the stages';

test('the smallest archive is consistent', async (t) => {
  const { errors, skipped } = await check(t, {});
  assert.equal(errors, 0);
  assert.deepEqual(skipped, [HASHES, REPORT, 'environment.json']);
});

test('an impossible environment is found', async (t) => {
  const errors = async (changes: Partial<Environment>): Promise<number> =>
    (await check(t, { files: { 'environment.json': toText({ ...ENVIRONMENT, ...changes }) } })).errors;
  const processor = (...features: readonly string[]): Partial<Environment> => ({
    processor: { model: 'x', features },
  });
  const arm = { system: 'linux-arm64', engine: { ...ENVIRONMENT.engine, platform: 'linux-arm64' } };
  assert.equal(await errors(processor('avx2', 'fma')), 0);
  assert.equal(await errors({ ...arm, ...processor('asimd') }), 0);
  const portable = { engine: { kind: 'portable', version: 'webassembly 0', platform: 'any' } } as const;
  assert.equal(await errors({ ...portable, ...processor('avx2') }), 0);
  assert.equal(await errors({ ...portable, system: 'darwin-arm64', ...processor('avx2') }), 1);
  assert.equal(await errors({ system: 'darwin-arm64' }), 1);
  assert.equal(await errors(processor('fma', 'avx2')), 1);
  assert.equal(await errors(processor('quantum')), 1);
  assert.equal(await errors(processor('asimd')), 1);
  assert.equal(await errors({ ...arm, ...processor('avx2') }), 1);
});

test('metadata of another archive is found, for any order of files', async (t) => {
  const errors = async (text: string | null): Promise<number> =>
    (await check(t, { files: { [CRATE]: text } })).errors;
  const crate = JSON.parse(String(good.get(CRATE))) as JsonObject;
  const graph = crate['@graph'] as readonly JsonObject[];
  assert.equal(await errors(toText({ ...crate, '@graph': [...graph].reverse() })), 0);
  for (const text of ['{', '[]', '{}', toText({ ...crate, '@graph': 1 })]) {
    assert.equal(await errors(text), 1, text);
  }
  assert.equal(await errors(toText({ ...crate, '@graph': [...graph.slice(1), 1] })), 1);
  // It is missing, and so describes nothing.
  assert.equal(await errors(null), 2);
});

test('extra files, and missing files that `pack` always writes, are named', async (t) => {
  assert.equal((await check(t, { files: { 'outputs/mnist/extra.txt': 'x' } })).errors, 1);
  assert.equal((await check(t, { files: { [REPORT]: null } })).errors, 1);
  const unused = await check(t, { files: { 'pipeline/notes.txt': 'x' } });
  assert.deepEqual([unused.errors, unused.skipped.includes('pipeline/notes.txt')], [0, true]);
});

test('numbers and stages that the manifest does not have are found', async (t) => {
  const metrics = async (text: string | null): Promise<number> =>
    (await check(t, { files: { [METRICS]: text } })).errors;
  for (const text of ['{', '[]', '{"mnist": {"mse": 1}}', '{"none": {"mse": 1}}', null]) {
    assert.ok((await metrics(text)) > 0, String(text));
  }
  const renamed = await check(t, {
    manifest: (manifest) => ({
      ...manifest,
      stages: manifest.stages.map((stage) => ({ ...stage, name: 'other' })),
    }),
  });
  assert.equal(renamed.errors, 1);
});

test('the hash of a stage must match its settings, if the software is the same', async (t) => {
  const here = { ...ENVIRONMENT, ...softwareVersions(), packages: packagesHash() };
  const pipeline = (text: string): Forgery => ({
    files: { 'environment.json': toText(here), 'pipeline/p.yaml': text },
  });
  const wrong = await check(t, pipeline(PIPELINE));
  assert.deepEqual([wrong.errors, wrong.skipped.includes(HASHES)], [1, false]);
  // If data is missing or cannot be read, the hash is unknown.
  const own = PIPELINE.replace('source: mnist', 'source: idx, train_images: own.idx');
  const missing = await check(t, pipeline(own));
  assert.deepEqual([missing.errors, missing.skipped.includes(HASHES)], [0, true]);
  const broken = pipeline(own);
  assert.equal((await check(t, { files: { ...broken.files, 'pipeline/own.idx': 'x' } })).errors, 0);
});
