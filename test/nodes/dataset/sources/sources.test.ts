/** The table of sources matches their schemas, and the examples of the reference work. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { parse } from 'yaml';
import { packageRoot } from '../../../../src/core/package-root.ts';
import { namedFiles, type Source } from '../../../../src/nodes/dataset/sources/source.ts';
import { SOURCES } from '../../../../src/nodes/dataset/sources/sources.ts';
import type { DatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { readSchema, sourceNames } from '../../../../src/schema/schemas.ts';
import { objectAt, variantsOf } from '../../../../src/schema/view.ts';
import { npy, zip } from '../../../formats/numpy-files.ts';
import { problemsOf, rig, type Rig } from '../../../rig.ts';

const all: readonly (readonly [string, Source])[] = Object.entries(SOURCES);

test('the table of sources and the folder of schemas have the same names', () => {
  assert.deepEqual(all.map(([name]) => name).sort(), sourceNames());
  assert.deepEqual(
    variantsOf(readSchema('stages/dataset')).map(({ value }) => value),
    sourceNames(),
  );
});

test('keys that a source calls cosmetic are keys of its schema', () => {
  for (const [name, { cosmetic = [] }] of all) {
    const keys = Object.keys(objectAt(readSchema(`sources/${name}`), 'properties'));
    for (const key of cosmetic) assert.ok(keys.includes(key), `${name}: ${key}`);
  }
});

/** The examples of the reference, in the order of the page. */
function examples(): readonly DatasetSettings[] {
  const page = readFileSync(join(packageRoot, 'docs', 'reference.md'), 'utf8');
  return sourceNames().map((name) => {
    const section = page.split(`\n#### \`dataset\`: \`${name}\`\n`)[1] ?? '';
    const [, text = ''] = /^```yaml\na-name:\n(.*?)^```/ms.exec(section) ?? [];
    return parse(text) as DatasetSettings;
  });
}

/** Values up to 255, others for each `first`: test images must not be the training images. */
function ramp(count: number, first: number): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, index) => (index === 0 ? 255 : (index + first) % 256)),
  );
}

function idx(shape: readonly number[], data: Buffer): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  shape.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, data]);
}

/** The files that the examples name, with two small images each. */
async function writeFiles(rigged: Rig): Promise<void> {
  const labels = Buffer.of(0, 1);
  const [images, numbers] = [npy('|u1', '(2, 4, 4)', ramp(32, 0)), npy('|u1', '(2,)', labels)];
  const picture = await sharp(ramp(16, 0), { raw: { width: 4, height: 4, channels: 1 } })
    .png()
    .toBuffer();
  const files: Readonly<Record<string, Buffer>> = {
    'data/train-images-idx3-ubyte': idx([2, 4, 4], ramp(32, 0)),
    'data/train-labels-idx1-ubyte': idx([2], labels),
    'data/t10k-images-idx3-ubyte': idx([2, 4, 4], ramp(32, 1)),
    'data/t10k-labels-idx1-ubyte': idx([2], labels),
    'data/train.csv': Buffer.from(
      `label,${[...Array(784).keys()].map((pixel) => `pixel${pixel}`).join()}\n${[7, 3].map((label) => [label, ...ramp(784, label)].join()).join('\n')}\n`,
    ),
    'data/train_images.npy': images,
    'data/train_labels.npy': numbers,
    'data/shapes.npz': zip([
      { name: 'images.npy', data: images },
      { name: 'labels.npy', data: numbers },
    ]),
    'data/photos/train/cats/1.png': picture,
    'data/pairs/noisy/1.png': picture,
    'data/pairs/clean/1.png': picture,
    'data/photos/test/cats/2.png': picture,
  };
  for (const [name, data] of Object.entries(files)) rigged.write(name, data);
}

test('the example of each source in the reference loads and is checked without a finding', async (t) => {
  const rigged = rig(t);
  await writeFiles(rigged);
  const shown = examples();
  assert.deepEqual(
    shown.map(({ source }) => source),
    sourceNames(),
  );
  for (const settings of shown) {
    for (const { path } of namedFiles(SOURCES[settings.source] as Source, settings))
      assert.ok(rigged.exists(path), `${settings.source}: ${path}`);
  }
  const stages = Object.fromEntries(shown.map((settings) => [settings.source, settings]));
  // JSON is YAML.
  rigged.write('p.yaml', JSON.stringify({ name: 'p', stages }));
  const { code, json } = await rigged.runJson(['check', 'p.yaml']);
  assert.deepEqual(problemsOf(json), []);
  assert.equal(code, 0);
});
