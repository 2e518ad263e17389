/** Image files in a gzipped tar archive with one folder for each class, below one that holds them all. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { errorCode } from '../../../files/atomic.ts';
import { Failure, failure } from '../../../core/diagnostic.ts';
import type { ImageFile } from './image-file.ts';
import { isSystemName, shownName } from '../names.ts';
import { FILE_LIMIT, readHead, tooLarge } from './regular.ts';
import { Unusable, type Skipped } from './skipped.ts';

/** The most that an archive unpacks to, in bytes: a small file can unpack to anything. */
const UNPACKED_LIMIT = 2 ** 31;

const IMAGE_NAME = /\.(?:jpe?g|png)$/i;

/** Lists of names for the benchmark, in the folder that holds the people's folders. */
export const OWN_LIST = /^(?:pairs|people)\w*\.txt$/i;

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

export interface ArchiveListing {
  readonly images: readonly Pick<Required<ImageFile>, 'name' | 'className'>[];
  readonly skipped: readonly Skipped[];
  /** Reads the images with these names, in the order of the archive. */
  read(names: ReadonlySet<string>): AsyncIterable<ImageFile> | Iterable<ImageFile>;
}

/**
 * Lists the images of an archive, by their names alone.
 *
 * @throws Failure `data-missing`, `data-corrupt` or `interrupted`
 */
export async function scanArchive(path: string, signal: AbortSignal): Promise<ArchiveListing> {
  /** Where each name is found last: like `tar`, a later file replaces an earlier one. */
  const last = new Map<string, number>();
  const skipped: Skipped[] = [];
  for await (const { index, entry } of entriesOf(path, signal)) {
    entry.resume();
    const member = placeOf(entry);
    if (member === undefined) continue;
    if (member instanceof Unusable) {
      skipped.push({ name: withoutRoot(entry.header.name), kind: member.kind, reason: member.message });
      continue;
    }
    if (last.has(member.name)) {
      skipped.push({ name: member.name, kind: 'repeated', reason: 'comes again later in the archive' });
    }
    last.set(member.name, index);
  }
  const images = [...last.keys()].map((name) => ({ name, className: name.split('/')[0] ?? '' }));
  const read = (names: ReadonlySet<string>): AsyncIterable<ImageFile> =>
    imagesOf(path, signal, new Set([...last].flatMap(([name, index]) => (names.has(name) ? [index] : []))));
  return { images, skipped, read };
}

async function* imagesOf(
  path: string,
  signal: AbortSignal,
  wanted: ReadonlySet<number>,
): AsyncGenerator<Required<ImageFile>> {
  for await (const { index, entry } of entriesOf(path, signal)) {
    const member = wanted.has(index) ? placeOf(entry) : undefined;
    let read = false;
    if (member !== undefined && !(member instanceof Unusable)) {
      const { size = 0 } = entry.header;
      yield {
        ...member,
        read: () => {
          if (size > FILE_LIMIT) return Promise.reject(tooLarge(size));
          read = true;
          return buffer(entry);
        },
      };
    }
    if (!read) entry.resume();
  }
}

/** Name and class of an image, or why it is not used; undefined for hidden and system files. */
function placeOf({
  header: { name, type },
}: Entry): { readonly name: string; readonly className: string } | Unusable | undefined {
  const parts = partsOf(name);
  if (parts.some((part) => part === '.' || part === '..'))
    return new Unusable('name', 'has a name that leads elsewhere');
  if (parts.some(isSystemName) || OWN_LIST.test(parts.at(-1) ?? '') || type === 'directory') return undefined;
  if (type === 'symlink' || type === 'link')
    return new Unusable('link', 'is a link, and links are not followed');
  if (type !== 'file' && type !== 'contiguous-file') return new Unusable('special', 'is not a regular file');
  // Bytes that are not UTF-8 come as this character.
  if (name.includes('\ufffd')) return new Unusable('name', 'has a name that is not UTF-8');
  const [, className, file, ...deeper] = parts;
  if (!IMAGE_NAME.test(name)) return new Unusable('foreign', 'does not end in .jpg or .png');
  if (deeper.length > 0) return new Unusable('deep', 'is not in a folder of one class');
  if (className === undefined || file === undefined)
    return new Unusable('loose', 'is an image outside the class folders');
  return { name: `${className}/${file}`, className };
}

/** Parts of a path. `./` at its beginning does not count; other dots do. */
function partsOf(name: string): readonly string[] {
  return name.replace(/^(?:\.\/)+/, '').split('/');
}

function withoutRoot(name: string): string {
  const parts = partsOf(name);
  return parts.length < 3 ? (parts.at(-1) ?? '') : parts.slice(1).join('/');
}

/** The entries of an archive, one after the other: nothing is unpacked to the disk, so that no name in it leads anywhere. */
async function* entriesOf(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly index: number; readonly entry: Entry }> {
  const { extract } = await import('tar-stream');
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
    let index = 0;
    for await (const entry of unpacked) yield { index: index++, entry };
    await flow;
  } catch (error) {
    if (signal.aborted) throw failure('interrupted', 'stopped while reading the archive');
    if (error instanceof Failure) throw error;
    throw await archiveFailure(path, error, limit.signal.aborted);
  }
}

/**
 * Looks at the first bytes of an archive.
 *
 * @throws Failure `data-corrupt` if it is not a gzip file
 */
export async function checkHead(path: string): Promise<void> {
  const head = await readHead(path, 2, { follow: true }).catch(() => Buffer.of());
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    throw await archiveFailure(
      path,
      new Error(head.length === 0 ? 'it is empty' : 'incorrect header check'),
      false,
    );
  }
}

async function archiveFailure(path: string, error: unknown, isTooLarge: boolean): Promise<Failure> {
  const name = `\`${shownName(basename(path))}\``;
  if (isTooLarge) return failure('data-corrupt', `${name} unpacks to more than ${UNPACKED_LIMIT} bytes`);
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return failure('data-missing', `${name} cannot be read (${code})`, 'check its permissions');
  }
  const head = Buffer.from(await readHead(path, 4, { follow: true }).catch(() => Buffer.of())).toString(
    'latin1',
  );
  if (head.startsWith('PK')) {
    return failure(
      'data-corrupt',
      `${name} is a zip archive, not a gzipped tar archive`,
      'unpack it, and name its folder with `path`',
    );
  }
  return failure(
    'data-corrupt',
    `${name} is damaged, or no gzipped tar archive (${error instanceof Error ? error.message : 'unknown'})`,
    'fetch or copy the file again',
  );
}
