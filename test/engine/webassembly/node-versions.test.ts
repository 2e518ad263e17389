/** The portable engine in other versions of Node, whose WebAssembly is another one: a training and its predictions, to the bit. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { installNode } from '../../../scripts/node-binaries.ts';
import type { EntryRecord } from '../../../src/artifacts/entry.ts';
import { canonicalJson } from '../../../src/core/json.ts';
import { temporaryFolder } from '../../nodes/context.ts';
import { HOURGLASS } from '../../rig.ts';

const PIPELINE = `name: p
seed: 1
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 70, test: 10 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.5, clip: [0, 1] }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - { Conv2D: { filters: 5, kernel_size: 3, strides: 2, padding: same } }
      - BatchNormalization
      - { Activation: { activation: gelu } }
      - Flatten
      - { Dropout: { rate: 0.1 } }
      - { Dense: { units: 4 } }
    decoder:
      - { Dense: { units: 784, activation: sigmoid } }
      - { Reshape: { target_shape: [28, 28, 1] } }
  trained: { type: train, model: model, data: noisy, target: mnist, loss: binary_crossentropy, epochs: 2, validation: test }
  predicted: { type: predict, model: trained, data: noisy }
`;

const MAJORS = [20, 22, 24, 26];

/** The results of a run by the keys of its stages: hashes of all files, and metrics. */
function storedBy(binary: string, folder: string, threads: number): ReadonlyMap<string, unknown> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'p.yaml'), PIPELINE);
  const args = ['run', 'p.yaml', '--engine', 'portable', '-S', `threads=${threads}`, '-j', '1', '--quiet'];
  const { status, stderr } = spawnSync(binary, [...HOURGLASS, ...args], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, `${binary}: ${stderr}`);
  const records = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(path) === 'record.json')
    .map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as EntryRecord);
  return new Map(
    records
      .map(({ key, files, metrics }): readonly [string, unknown] => [
        canonicalJson(key),
        { metrics, files: files.map(({ path, sha256 }) => `${path} ${sha256}`) },
      ])
      .sort(([one], [other]) => one.localeCompare(other)),
  );
}

test('equal keys and bits in Node 20, 22, 24 and 26, on one thread and on two', (t) => {
  const folder = temporaryFolder(t);
  const runs = MAJORS.map((major, index) => {
    const binary = process.version.startsWith(`v${major}.`) ? process.execPath : installNode(major);
    const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout;
    assert.ok(version.startsWith(`v${major}.`), version);
    return storedBy(binary, join(folder, String(major)), 1 + (index % 2));
  });
  assert.equal(runs[0]?.size, 5);
  for (const run of runs) assert.deepEqual(run, runs[0]);
});
