/** The user's arrays for tests, and the results of a `dataset` stage. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  readImages,
  readImageSet,
  type HeldImages,
  type ImageSetRecord,
} from '../../../../src/formats/images.ts';
import type { DatasetSettings, NpyDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure, type Diagnostic } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

export type Options = Partial<NpyDatasetSettings>;

export interface Loaded {
  readonly record: ImageSetRecord;
  readonly train: HeldImages;
  readonly warnings: readonly string[];
}

export async function run(
  t: TestContext,
  settings: DatasetSettings,
  files: Readonly<Record<string, Uint8Array>>,
) {
  const root = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  const warnings: string[] = [];
  const context = fakeContext(root, settings);
  await datasetNode.run({
    ...context,
    log: (_level, message) => void warnings.push(message),
  });
  return { folder: context.folder, warnings };
}

/** Loads `x.npy`, and the other files that are given under the names of their settings. */
export async function load(
  t: TestContext,
  files: Readonly<Record<'x', Uint8Array>> & Readonly<Record<string, Uint8Array>>,
  options: Options = {},
): Promise<Loaded> {
  const settings: NpyDatasetSettings = {
    ...{ type: 'dataset', source: 'npy', limit: null, normalize: 'minmax', train_images: 'x.npy' },
    data_format: 'channels_last',
    ...('y' in files ? { train_labels: 'y.npy' } : {}),
    ...('xt' in files ? { test_images: 'xt.npy' } : {}),
    ...options,
  };
  const named = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.npy`, bytes]));
  const { folder, warnings } = await run(t, settings, named);
  return { record: await readImageSet(folder), train: await readImages(folder, 'train'), warnings };
}

/** Code and place of a refusal; the advice must contain a line of Python, or a setting. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  const [found] = error.diagnostics as readonly [Diagnostic];
  assert.match(found.hint ?? '', /np\.save\w*\(|`[a-z_]+/, found.message);
  return [found.code, ...(found.at ?? [])].join(' ');
}

export const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
