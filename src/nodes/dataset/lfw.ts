/**
 * Labeled Faces in the Wild: G. B. Huang, M. Ramesh, T. Berg, E. Learned-Miller, Technical Report 07-49, University of
 * Massachusetts, 2007. Addresses and hashes of the archives, and the default crop, are those of scikit-learn's `fetch_lfw_people`.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ensureFile } from '../../artifacts/download.ts';
import type { LfwDatasetSettings } from '../../config/generated/settings.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import type { StageContext } from '../contract.ts';
import { dataFolder } from './cache.ts';
import { collectImages, type Collected, type ImageFile } from './collect.ts';
import { FILE_LIMIT, listFolder } from './folder.ts';
import { lfwSha256 } from './pins.ts';

const ARCHIVES = {
  funneled: { name: 'lfw-funneled.tgz', url: 'https://ndownloader.figshare.com/files/5976015' },
  original: { name: 'lfw.tgz', url: 'https://ndownloader.figshare.com/files/5976018' },
} as const;

/** The largest archive, in bytes; the real ones have some 180 and 243 MB. */
const ARCHIVE_LIMIT = 2 ** 29;

/** The most that an archive unpacks to, in bytes: a small file can unpack to anything. */
const UNPACKED_LIMIT = 2 ** 31;

/** An image of one person: `lfw_funneled/Ada_Lovelace/Ada_Lovelace_0001.jpg`. */
const MEMBER = /^(?:\.\/)?[^/]+\/(([^/]+)\/[^/]+\.jpe?g)$/i;

/** @throws Failure `data-missing`, `data-corrupt` or `interrupted` */
export async function readLfw(context: StageContext<LfwDatasetSettings>): Promise<Collected> {
  const { settings } = context;
  const path = await findArchive(context);
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  context.progress({ text: 'counting images' });
  const names: string[] = [];
  const folder = isFolder ? await listFolder(path) : undefined;
  if (folder !== undefined) names.push(...folder.flatMap(({ className }) => className ?? []));
  else for await (const { className } of members(path, context.signal)) names.push(className);
  const people = frequent(names, settings.min_faces_per_person);
  const count = names.filter((name) => people.has(name)).length;
  if (count === 0) {
    throw failure(
      'data-missing',
      names.length === 0
        ? `\`${path}\` holds no images of people in folders of their own`
        : `of nobody there are ${settings.min_faces_per_person} images`,
      names.length === 0 ? undefined : 'lower `min_faces_per_person`',
    );
  }
  const files = folder === undefined ? members(path, context.signal) : folder;
  return collectImages(chosen(files, people), { count, classes: [...people].sort() }, context);
}

async function* chosen(
  files: AsyncIterable<ImageFile> | Iterable<ImageFile>,
  people: ReadonlySet<string>,
): AsyncGenerator<ImageFile> {
  for await (const file of files) {
    if (file.className !== undefined && people.has(file.className)) yield file;
  }
}

function frequent(names: readonly string[], least: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Set([...counts].flatMap(([name, count]) => (count >= least ? [name] : [])));
}

/** The archive or folder that the settings name, or the downloaded archive. */
async function findArchive(context: StageContext<LfwDatasetSettings>): Promise<string> {
  const { settings, pipelineFolder } = context;
  if (settings.path !== undefined) {
    const path = resolve(pipelineFolder, settings.path);
    await stat(path).catch(() => {
      throw failure('data-missing', `\`${path}\` does not exist`, 'paths are relative to the pipeline file');
    });
    return path;
  }
  const archive = settings.funneled ? ARCHIVES.funneled : ARCHIVES.original;
  const sha256 = lfwSha256(settings);
  const path = join(dataFolder(), sha256.slice(0, 16), archive.name);
  await ensureFile(
    path,
    {
      url: settings.url ?? archive.url,
      sha256,
      limit: ARCHIVE_LIMIT,
      hint: `run it again to go on from what came, or fetch \`${archive.name}\` by hand and name it with \`path\``,
    },
    {
      signal: context.signal,
      onProgress: (text, fraction) =>
        context.progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return path;
}

/** The images of an archive, one after the other: nothing is unpacked to the disk, so that no name in it leads anywhere. */
async function* members(path: string, signal: AbortSignal): AsyncGenerator<Required<ImageFile>> {
  const unpacked = extract();
  const limit = new AbortController();
  let bytes = 0;
  const gunzip = createGunzip().on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > UNPACKED_LIMIT) limit.abort();
  });
  const flow = pipeline(createReadStream(path), gunzip, unpacked, {
    signal: AbortSignal.any([signal, limit.signal]),
  });
  // What goes wrong in the flow is thrown by the loop, too.
  flow.catch(() => undefined);
  try {
    for await (const entry of unpacked) {
      const { type, name, size = 0 } = entry.header;
      const [, image, className] = MEMBER.exec(name) ?? [];
      // Folders, links, devices and lists of names are passed by.
      if (type !== 'file' || image === undefined || className === undefined) {
        entry.resume();
        continue;
      }
      let read = false;
      yield {
        name: image,
        className,
        read: () => {
          if (size > FILE_LIMIT) throw failure('data-corrupt', `has ${size} bytes, more than ${FILE_LIMIT}`);
          read = true;
          return buffer(entry);
        },
      };
      if (!read) entry.resume();
    }
    await flow;
  } catch (error) {
    if (signal.aborted) throw failure('interrupted', 'stopped while reading the archive');
    if (error instanceof Failure) throw error;
    const what = limit.signal.aborted
      ? `unpacks to more than ${UNPACKED_LIMIT} bytes`
      : `is damaged, or no gzipped tar archive (${error instanceof Error ? error.message : 'unknown'})`;
    throw failure('data-corrupt', `\`${basename(path)}\` ${what}`, 'fetch or copy the file again');
  }
}
