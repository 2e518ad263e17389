/** The image files in a zip or tar archive. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Failure, failure } from '../../../core/diagnostic.ts';
import { errorCode } from '../../../files/atomic.ts';
import { identifyStart } from '../../../formats/containers.ts';
import { isTarHeader, TAR_BLOCK } from '../../../formats/tar-header.ts';
import { compareNames, isSystemName, shownName } from '../names.ts';
import { problemOf } from './content.ts';
import { BadArchive, type Archive } from './members.ts';
import { readHead } from './regular.ts';
import { bySkippedName, Unusable, type Skipped } from './skipped.ts';
import type { ImageTree, TreeOptions } from './tree.ts';

type ArchiveKind = 'zip' | 'tar' | 'gzipped tar';

/** A file, the end of an archive without files, and the mark of one that was split into volumes. */
const ZIP_STARTS: ReadonlySet<string> = new Set(['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08']);

export interface ArchiveOptions extends Pick<TreeOptions, 'recursive'> {
  readonly signal?: AbortSignal;
  /** The path as messages name it; by default the name of the file. */
  readonly shown?: string;
  /** The meaning of a single folder with all images and no folders: the packed folder, or a class. */
  readonly single: 'root' | 'class';
}

/**
 * Lists the images of an archive. If one folder holds all images, and folders, paths start below it.
 *
 * @throws Failure `data-missing`, `data-corrupt` or `interrupted`
 */
export async function listArchive(
  path: string,
  {
    signal = new AbortController().signal,
    recursive = false,
    shown = basename(path),
    single,
  }: ArchiveOptions,
): Promise<ImageTree> {
  let archive: Archive | undefined;
  try {
    archive = await openArchive(path, signal);
    const { found, folders, skipped } = await listMembers(archive);
    const root = rootOf([...found.keys()], single);
    return treeOf(archive, { shown, root, found, folders, skipped, recursive, signal });
  } catch (error) {
    archive?.close();
    throw archiveFailure(shown, error, signal);
  }
}

/**
 * Checks the first bytes of an archive.
 *
 * @param shown the path as messages name it
 * @throws Failure `data-missing` or `data-corrupt` if it is not an archive
 */
export async function checkArchive(path: string, shown: string): Promise<ArchiveKind> {
  try {
    return await kindOf(path);
  } catch (error) {
    throw archiveFailure(shown, error);
  }
}

async function openArchive(path: string, signal: AbortSignal): Promise<Archive> {
  const kind = await kindOf(path);
  const { size } = await stat(path);
  if (kind === 'zip') return (await import('./zip.ts')).openZip(path, size);
  return (await import('./tar.ts')).openTar({ path, isGzipped: kind !== 'tar', size }, signal);
}

interface Listed {
  /** Paths of images in the archive, with the numbers of their members. */
  readonly found: ReadonlyMap<string, number>;
  /** Paths of all folders, listed or with content. */
  readonly folders: ReadonlySet<string>;
  readonly skipped: readonly Skipped[];
}

async function listMembers(archive: Archive): Promise<Listed> {
  const found = new Map<string, number>();
  const folders = new Set<string>();
  const skipped: Skipped[] = [];
  let number = -1;
  for await (const { name: written, kind, problem, head } of archive.members()) {
    number += 1;
    // `./` at its beginning and `/` at its end do not count; other dots do.
    const parts = written
      .replace(/^(?:\.\/)+/, '')
      .replace(/\/+$/, '')
      .split('/');
    const name = parts.join('/');
    if (kind === 'folder' && (name === '' || name === '.')) continue;
    if (leadsElsewhere(parts)) {
      skipped.push({ name, kind: 'name', reason: 'has a path that leads out of the archive' });
      continue;
    }
    if (parts.some(isSystemName)) continue;
    for (let end = 1; end < parts.length; end += 1) folders.add(parts.slice(0, end).join('/'));
    if (kind === 'folder' && problem === undefined) {
      folders.add(name);
      continue;
    }
    const reason = problem ?? (await problemOf(parts.at(-1) ?? '', head));
    if (reason !== undefined) {
      skipped.push({ name, kind: reason.kind, reason: reason.message });
      continue;
    }
    // Like `tar` and `unzip`: a later file replaces an earlier one.
    if (found.has(name))
      skipped.push({ name, kind: 'repeated', reason: 'occurs again later in the archive' });
    found.set(name, number);
  }
  return { found, folders, skipped };
}

function leadsElsewhere(parts: readonly string[]): boolean {
  const isNoName = (part: string): boolean => ['', '.', '..'].includes(part) || part.includes('\0');
  return parts.some(isNoName) || /^[a-z]:$/i.test(parts[0] ?? '');
}

/** The folder that holds all images, with `/` at its end; empty if there is none, or if it is a class. */
function rootOf(paths: readonly string[], single: ArchiveOptions['single']): string {
  let root = '';
  for (;;) {
    const inner = paths.map((path) => path.slice(root.length).split('/'));
    const [first = ''] = inner[0] ?? [];
    const isShared = inner.every((parts) => parts.length > 1 && parts[0] === first);
    if (paths.length === 0 || !isShared) return root;
    const deeper = inner.filter((parts) => parts.length > 2).length;
    if (deeper * 2 < inner.length && (root !== '' || single === 'class')) return root;
    root += `${first}/`;
    if (deeper * 2 < inner.length) return root;
  }
}

function treeOf(
  archive: Archive,
  {
    shown,
    root,
    found,
    folders,
    skipped,
    recursive,
    signal,
  }: Listed & { shown: string; root: string; recursive: boolean; signal: AbortSignal },
): ImageTree {
  const below = (name: string): string => (name.startsWith(root) ? name.slice(root.length) : name);
  const all = [...found].map(([name, number]) => ({ name: below(name), number }));
  const isDeep = (name: string): boolean => !recursive && name.split('/').length > 2;
  const reason = 'is in a folder in a folder of images, and only one level is read';
  const deep = all.flatMap(({ name }): Skipped[] => (isDeep(name) ? [{ name, kind: 'deep', reason }] : []));
  const images = all.filter(({ name }) => !isDeep(name));
  const numbers = new Map(images.map(({ name, number }) => [name, number]));
  const names = new Map(images.map(({ name, number }) => [number, name]));
  const firstFolders = [...folders].flatMap((name) =>
    name.startsWith(root) ? (name.slice(root.length).split('/')[0] ?? []) : [],
  );
  return {
    images: [...numbers.keys()].sort(compareNames),
    folders: [...new Set(firstFolders)].sort(compareNames),
    skipped: [...skipped.map((item) => ({ ...item, name: below(item.name) })), ...deep].sort(bySkippedName),
    root,
    async *read(wanted) {
      try {
        const members = archive.read(wanted.flatMap((name) => numbers.get(name) ?? []));
        for await (const { number, read } of members) yield { name: names.get(number) ?? '', read };
      } catch (error) {
        throw archiveFailure(shown, error, signal);
      }
    },
    close: () => archive.close(),
  };
}

/**
 * The kind of a file, by its content.
 *
 * @throws BadArchive for other files
 */
async function kindOf(path: string): Promise<ArchiveKind> {
  const head = Buffer.from(await readHead(path, 2 ** 15, { follow: true }));
  const start = head.toString('latin1', 0, 4);
  const found = identifyStart(head.subarray(0, 2 ** 12), basename(path));
  if (ZIP_STARTS.has(start) && (found === undefined || found.name === 'zip')) return 'zip';
  if (beginsTar(head)) return 'tar';
  if (start.startsWith('\x1f\x8b') && beginsTar(await unpackHead(head))) return 'gzipped tar';
  const hint = 'name a folder of images, or a zip or tar archive of it';
  if (found !== undefined)
    throw new BadArchive(
      `is ${found.what}`,
      found.name === 'picture' ? 'name the folder that holds it' : found.hint,
    );
  throw new BadArchive(head.length === 0 ? 'is empty' : 'is neither a folder nor a zip or tar archive', hint);
}

/** Whether bytes begin a tar archive, with a header or the zeros that end one without files. */
function beginsTar(start: Uint8Array): boolean {
  const block = start.subarray(0, TAR_BLOCK);
  return isTarHeader(start) || (block.length === TAR_BLOCK && block.every((byte) => byte === 0));
}

/** Unpacks the first bytes; empty if they are damaged. */
async function unpackHead(head: Uint8Array): Promise<Uint8Array> {
  const gunzip = createGunzip();
  gunzip.on('error', () => undefined).end(head);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= TAR_BLOCK) break;
    }
  } catch {
    // Only a part of the file is unpacked, so an error at its end is ignored.
  }
  return Buffer.concat(chunks);
}

/** The failure for an archive that cannot be used as a whole. */
function archiveFailure(shown: string, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return failure('interrupted', 'stopped while reading the archive');
  if (error instanceof Failure) return error;
  const name = `\`${shownName(shown)}\``;
  if (error instanceof BadArchive) return failure('data-corrupt', `${name} ${error.message}`, error.hint);
  if (error instanceof Unusable) {
    const denied = /\((?:EACCES|EPERM)\)/.test(error.message);
    return failure('data-missing', `${name} ${error.message}`, denied ? 'check its permissions' : undefined);
  }
  if (/^E[A-Z]+$/.test(errorCode(error)))
    return failure('data-missing', `${name} cannot be read (${errorCode(error)})`);
  // yauzl, zlib and tar-stream say what is wrong with a damaged archive.
  const why = error instanceof Error ? error.message.slice(0, 120) : 'unknown';
  return failure('data-corrupt', `${name} is damaged (${why})`, 'fetch or copy the file again');
}
