/** The table of docs/data.md that says what to write: for each row, files that the usual tools made. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { loadChecked } from '../../../../src/cli/commands/load.ts';
import { Failure, isError } from '../../../../src/core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../../../../src/core/json.ts';
import { packageRoot } from '../../../../src/core/package-root.ts';
import { readImageSet } from '../../../../src/formats/images.ts';
import { guessSource } from '../../../../src/nodes/dataset/guess/source.ts';
import { pipelineText } from '../../../../src/nodes/dataset/guess/yaml.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { mnistFolder } from '../../../../src/nodes/dataset/sources/mnist.ts';
import type { DatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

type Files = Readonly<Record<string, string>>;

/** Contents in base64, by path, of each row's data. */
const CASES = JSON.parse(
  readFileSync(join(packageRoot, 'test', 'nodes', 'dataset', 'guess', 'files.json'), 'utf8'),
) as Readonly<Record<string, Files>>;

/** Rows by the file or folder that they begin with; without settings for what is refused. */
const ROWS = readTable(readFileSync(join(packageRoot, 'docs', 'data.md'), 'utf8'));

function readTable(text: string): ReadonlyMap<string, JsonObject | undefined> {
  const [, section = ''] = /^## What you have, what you write$([^]*?)^## /m.exec(text) ?? [];
  const rows = section.split('\n').filter((line) => /^\| *`/.test(line));
  return new Map(
    rows.map((row) => {
      const [, have = '', write = ''] = row.split(/(?<!\\)\|/);
      const settings: unknown = parse(/`(\{.*\})`/.exec(write)?.[1] ?? 'null');
      return [/`([^`]+)`/.exec(have)?.[1] ?? '', isJsonObject(settings) ? settings : undefined];
    }),
  );
}

function lay(t: TestContext, files: Files): string {
  const folder = temporaryFolder(t);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), Buffer.from(content, 'base64'));
  }
  return folder;
}

/** The pipeline that is printed, and its stage, which must be valid. */
async function guess(folder: string, path: string) {
  const { stage, text } = pipelineText(await guessSource(join(folder, path)), path, folder);
  const file = join(folder, 'printed.yaml');
  const { located, diagnostics } = await loadChecked(file, { texts: [{ name: file, text }] });
  assert.deepEqual(diagnostics.filter(isError), [], text);
  const written: unknown = parse(text);
  assert.ok(located !== undefined && isJsonObject(written));
  const stages = written['stages'];
  assert.ok(isJsonObject(stages) && isJsonObject(stages[stage]));
  const { type, ...settings } = stages[stage];
  assert.equal(type, 'dataset');
  return { settings, complete: located.pipeline.stages.get(stage) };
}

test('the table has a row for each set of files, and MNIST itself', () => {
  assert.deepEqual([...ROWS.keys()].sort(), ['MNIST/raw/', ...Object.keys(CASES)].sort());
});

for (const [name, files] of Object.entries(CASES)) {
  const row = ROWS.get(name);
  if (row === undefined) {
    test(`${name} is refused, with the Python that makes an archive of it`, async (t) => {
      await assert.rejects(guessSource(join(lay(t, files), name)), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.diagnostics[0]?.code, 'data-corrupt');
        assert.match(error.diagnostics[0].hint ?? '', /np\.savez_compressed\('\w+\.npz'/);
        return true;
      });
    });
    continue;
  }
  test(`${name} is read as the table says`, async (t) => {
    const folder = lay(t, files);
    const { settings, complete } = await guess(folder, name);
    assert.deepEqual(settings, row);
    const context = fakeContext(folder, complete as unknown as DatasetSettings, { stage: 'out' });
    await datasetNode.run(context);
    const { splits } = await readImageSet(context.folder);
    assert.ok((splits.train?.count ?? 0) > 0);
  });
}

test('MNIST is known by its content, not by the names of its files', async (t) => {
  const folder = temporaryFolder(t);
  const raw = join(folder, 'MNIST', 'raw');
  mkdirSync(raw, { recursive: true });
  for (const name of readdirSync(mnistFolder())) symlinkSync(join(mnistFolder(), name), join(raw, name));
  assert.deepEqual((await guess(folder, 'MNIST/raw')).settings, ROWS.get('MNIST/raw/'));
  assert.deepEqual((await guess(folder, 'MNIST')).settings, ROWS.get('MNIST/raw/'));
  const { settings } = await guess(folder, 'MNIST/raw/t10k-labels-idx1-ubyte');
  assert.equal(settings['source'], 'mnist', 'a file of it stands for all of them');

  const { 'emnist/': files = {} } = CASES;
  for (const [path, content] of Object.entries(files)) {
    const name = basename(path).replace('emnist-letters-', '').replace(/^test/, 't10k').replace('.gz', '');
    rmSync(join(raw, name));
    writeFileSync(join(raw, `${name}.gz`), Buffer.from(content, 'base64'));
  }
  assert.deepEqual((await guess(folder, 'MNIST')).settings, {
    source: 'idx',
    train_images: 'MNIST/raw/train-images-idx3-ubyte.gz',
    train_labels: 'MNIST/raw/train-labels-idx1-ubyte.gz',
    test_images: 'MNIST/raw/t10k-images-idx3-ubyte.gz',
    test_labels: 'MNIST/raw/t10k-labels-idx1-ubyte.gz',
  });
});
