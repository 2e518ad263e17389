/** Folders of images for tests, with files as in real ones, and the results of a `dataset` stage. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import sharp from 'sharp';
import { readImages } from '../../../../src/formats/images.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure, type DiagnosticCode } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { put } from './photos.ts';

export const SETTINGS: ImagesDatasetSettings = {
  type: 'dataset',
  source: 'images',
  path: 'photos',
  labels: 'folder',
  recursive: false,
  follow_links: false,
  crop: null,
  color: 'gray',
  on_error: 'skip',
  limit: null,
  normalize: 'none',
};

/** A gray image of one value, whose last pixel is white. */
export async function picture(value = 100, size: readonly [number, number] = [2, 3]): Promise<Buffer> {
  const [height, width] = size;
  const data = Buffer.alloc(height * width, value);
  data[data.length - 1] = 255;
  return sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

export const PNG = await picture();
/** An image for testing: one that is not among those for training. */
export const HELD = await picture(50);
export const WIDE = await picture(100, [2, 9]);

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
/** Cut off behind its header. */
export const BMP = ascii('BM\x3a\0\0\0\0\0\0\0\x36\0\0\0');
export const AVIF = ascii('\0\0\0\x1cftypavif\0\0\0\0');
export const JPEG_2000 = ascii('\0\0\0\x0cjP  \r\n\x87\n');
export const PNM = ascii('P6 2 2 255\n............');
export const HEIC = ascii('\0\0\0\x18ftypheic\0\0\0\0');

export interface Outcome {
  readonly folder: string;
  readonly labels: readonly number[] | undefined;
  readonly count: number;
  readonly classes: readonly string[] | undefined;
  /** Names of what `summary.json` lists as skipped. */
  readonly skipped: readonly string[];
  readonly warnings: readonly string[];
}

export async function read(
  root: string,
  settings: Partial<ImagesDatasetSettings> = {},
  split: 'train' | 'test' = 'train',
): Promise<Outcome> {
  const warnings: string[] = [];
  const context = fakeContext(root, { ...SETTINGS, ...settings }, { stage: 'out' });
  await datasetNode.run({
    ...context,
    log: (level, message) => void (level === 'warn' && warnings.push(message)),
  });
  const summary = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'))[split];
  const images = await readImages(context.folder, split);
  return {
    folder: context.folder,
    labels: images.labels === undefined ? undefined : [...images.labels],
    count: images.count,
    classes: images.classes,
    skipped: (summary.skipped ?? []).map(({ name }: { name: string }) => name),
    warnings,
  };
}

export const failsWith =
  (...codes: readonly DiagnosticCode[]) =>
  (error: unknown) => {
    assert.ok(error instanceof Failure, String(error));
    assert.ok(
      codes.includes(error.diagnostics[0]?.code ?? 'internal-error'),
      JSON.stringify(error.diagnostics),
    );
    return true;
  };

export const hintOf = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.match(error.diagnostics[0]?.hint ?? '', pattern);
  return true;
};

export const bytesName = (folder: string, ...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat([
    Buffer.from(`${folder}/`),
    ...parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  ]);
export const pipe = (path: string): void => assert.equal(spawnSync('mkfifo', [path]).status, 0);

/** A folder with the images a/1.png, a/2.png and b/1.png in its folder `photos`. */
export async function base(t: TestContext): Promise<string> {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), { 'a/1.png': PNG, 'a/2.png': PNG, 'b/1.png': PNG });
  return root;
}
