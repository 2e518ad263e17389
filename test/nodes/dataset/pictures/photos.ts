/** Image files for tests, in folders and archives, and the results of a `dataset` stage. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deflateSync, crc32, gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { readImages } from '../../../../src/formats/images.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import type { ImagesDatasetSettings, LfwDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { zip } from '../../../formats/numpy-files.ts';
import { fakeContext } from '../../context.ts';

export type Files = Readonly<Record<string, Uint8Array>>;

/** A gray PNG image of 2x3 pixels of one value, and a white one. */
export function picture(value: number): Buffer {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', Buffer.of(0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0)),
    chunk('IDAT', deflateSync(Buffer.of(0, value, value, value, 0, value, value, 255))),
    chunk('IEND', Buffer.of()),
  ]);
}

export function put(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

export type TarMember = readonly [header: Partial<Header> & { readonly name: string }, bytes?: Uint8Array];

export async function tar(members: readonly TarMember[]): Promise<Buffer> {
  const packing = pack();
  for (const [header, bytes] of members) packing.entry(header, Buffer.from(bytes ?? Buffer.of()));
  packing.finalize();
  return buffer(packing);
}

/** The same files in archives of each kind, under names that do not tell it. */
export async function archives(files: Files): Promise<Files> {
  const plain = await tar(Object.entries(files).map(([name, bytes]) => [{ name }, bytes]));
  return {
    'as-zip': zip(Object.entries(files).map(([name, data]) => ({ name, data }))),
    'as-stored-zip': zip(Object.entries(files).map(([name, data]) => ({ name, data, stored: true }))),
    'as-tar': plain,
    'as-tgz': gzipSync(plain),
  };
}

export interface Outcome {
  readonly files: readonly string[];
  /** The value of each image. */
  readonly values: readonly number[];
  readonly labels: readonly number[] | undefined;
  readonly classes: readonly string[] | undefined;
  /** Names of what `summary.json` lists as skipped. */
  readonly skipped: readonly string[];
  readonly warnings: readonly string[];
}

export async function read(
  root: string,
  settings: ImagesDatasetSettings | LfwDatasetSettings,
  split: 'train' | 'test' = 'train',
): Promise<Outcome> {
  const warnings: string[] = [];
  const context = fakeContext(root, settings, { stage: 'out' });
  await datasetNode.run({
    ...context,
    log: (level, message) => void (level === 'warn' && warnings.push(message)),
  });
  const summary = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'))[split];
  const { labels, classes, names, count, data } = await readImages(context.folder, split);
  return {
    files: names?.files ?? [],
    values: Array.from({ length: count }, (_, index) => data[(index * data.length) / count] ?? -1),
    labels: labels === undefined ? undefined : [...labels],
    classes,
    skipped: (summary.skipped ?? []).map(({ name }: { name: string }) => name),
    warnings,
  };
}
