/** Outputs and caches of another version of Hourglass are reported, and never used as this version's. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { formatRecord, parseRecord } from '../../src/artifacts/entry.ts';
import type { RunRecord } from '../../src/artifacts/run-record.ts';
import { canonicalJson, sha256, type JsonObject } from '../../src/core/json.ts';
import { packageVersion } from '../../src/core/package-root.ts';
import { rig, type Rig } from '../rig.ts';

const PIPELINE = `
name: small
seed: 1
stages:
  digits: { type: dataset, source: mnist, limit: { train: 8, test: 8 } }
  few: { type: subset, data: digits, classes: [0, 1] }
`;

/** Makes the outputs and the cache what an older Hourglass would have left, whose `few` had another version. */
function age(rigged: Rig, version: string): void {
  const run: RunRecord = JSON.parse(rigged.read('outputs/small/run.json'));
  const stages = Object.entries(run.stages).map(([name, { madeBy, hash = '', key, ...stage }]) => {
    assert.equal(madeBy, packageVersion);
    const path = `.hourglass/store/${hash.slice(0, 2)}/${hash}/record.json`;
    const record = parseRecord(rigged.read(path), hash);
    assert.ok(record !== undefined && key !== undefined);
    assert.equal(record.hourglass, packageVersion);
    chmodSync(rigged.path(path), 0o644);
    rigged.write(path, formatRecord({ ...record, hourglass: version }));
    if (name !== 'few') return [name, { ...stage, hash, key, madeBy: version }];
    const old: JsonObject = { ...key, version: Number(key['version']) - 1 };
    // The result of the present key does not exist yet.
    rigged.write(path, 'not a record');
    return [name, { ...stage, hash: sha256(canonicalJson(old)), key: old, madeBy: version }];
  });
  const aged = {
    ...run,
    versions: { ...run.versions, hourglass: version },
    stages: Object.fromEntries(stages),
  };
  rigged.write('outputs/small/run.json', JSON.stringify(aged));
}

test('outputs of another version are reported, and stages that compute something else run again', async (t) => {
  const rigged = rig(t);
  rigged.write('small.yaml', PIPELINE);
  assert.equal((await rigged.run(['run', 'small.yaml'])).code, 0);
  age(rigged, '0.1.0');

  const planned = await rigged.run(['plan', 'small.yaml']);
  assert.match(planned.stderr, /other-version/);
  assert.match(planned.stderr, /0\.1\.0/);
  assert.match(planned.stdout, /run +few .*Hourglass 0\.1\.0 made it.* was (\d+), is (\d+)/);
  assert.match(planned.stdout, /cached +digits/);
  const { json } = await rigged.runJson(['cache', 'status']);
  assert.ok(Object.hasOwn(json.cache.versions, '0.1.0'));
  assert.match((await rigged.run(['cache', 'status'])).stdout, /made by Hourglass 0\.1\.0/);
  await rigged.run(['run', 'small.yaml', 'digits']);
  assert.match(rigged.read('outputs/small/report.html'), /made by Hourglass 0\.1\.0/);

  const ran = await rigged.runJson(['run', 'small.yaml']);
  assert.deepEqual(
    ran.json.stages.map(({ name, state }) => [name, state]),
    [
      ['digits', 'cached'],
      ['few', 'ran'],
    ],
  );
  const { versions, stages }: RunRecord = JSON.parse(rigged.read('outputs/small/run.json'));
  assert.equal(versions['hourglass'], packageVersion);
  assert.equal(stages['digits']?.madeBy, '0.1.0');
  assert.equal(stages['few']?.madeBy, packageVersion);
  assert.match(rigged.read('outputs/small/report.html'), /Made before: digits/);
  // It is reported once.
  const again = await rigged.run(['run', 'small.yaml']);
  assert.doesNotMatch(again.stderr, /other-version/);
  assert.match(again.stdout, /nothing to do/);
});

test('a sweep tells that its trials are of another version, where it runs anything', async (t) => {
  const rigged = rig(t);
  const sweep = (limits: string): string =>
    `${PIPELINE.replace('train: 8', "train: '${params.images}'")}params: { images: 8 }\nsweep: { parameters: { images: [${limits}] } }\n`;
  rigged.write('small.yaml', sweep('8, 9'));
  const made = await rigged.run(['sweep', 'small.yaml']);
  assert.equal(made.code, 0, made.stderr);
  assert.doesNotMatch(made.stderr, /other-version/);
  const [trial = ''] = readdirSync(rigged.path('outputs/small/trials'));
  const path = `outputs/small/trials/${trial}/run.json`;
  const run: RunRecord = JSON.parse(rigged.read(path));
  rigged.write(path, JSON.stringify({ ...run, versions: { ...run.versions, hourglass: '0.1.0' } }));

  assert.doesNotMatch((await rigged.run(['sweep', 'small.yaml'])).stderr, /other-version/);
  rigged.write('small.yaml', sweep('8, 9, 10'));
  assert.match((await rigged.run(['sweep', 'small.yaml'])).stderr, /0\.1\.0.*other-version/s);
});
