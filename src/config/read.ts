/** From a file to its text. */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { failure, Failure, type SourceFile } from '../core/diagnostic.ts';
import { suggest } from '../core/suggest.ts';
import { printable } from './diagnostics/wording.ts';

/** A pipeline has a few kilobytes; parsing much more would only take time. */
export const MAX_FILE_BYTES = 256 * 1024;

/**
 * Reads a pipeline file as UTF-8 text, without a byte order mark.
 *
 * @param path the path of the file
 * @param name the name in messages
 * @throws Failure `file-not-found`, `file-unreadable`, `file-too-large`, `file-empty` or `io-failed`, without a range
 */
export async function readSource(path: string, name: string): Promise<SourceFile> {
  const text = decode(await readBytes(path, name), name);
  if (text.trim() === '') {
    throw failure(
      'file-empty',
      `\`${printable(name)}\` is empty`,
      '`hourglass init` writes a first pipeline',
    );
  }
  return { name, text };
}

async function readBytes(path: string, name: string): Promise<Buffer> {
  const shown = `\`${printable(name)}\``;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) {
        throw failure('file-unreadable', `${shown} is a folder`, await fileInside(path, name));
      }
      if (!stat.isFile()) throw failure('file-unreadable', `${shown} is not a regular file`);
      // Files may grow while they are read, and virtual files have no size: the limit is for the bytes that were read.
      const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
      let length = 0;
      while (stat.size <= MAX_FILE_BYTES && length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) return bytes.subarray(0, length);
        length += bytesRead;
      }
      throw failure(
        'file-too-large',
        `${shown} has ${stat.size > MAX_FILE_BYTES ? stat.size : `more than ${MAX_FILE_BYTES}`} bytes; a pipeline has at most ${MAX_FILE_BYTES}`,
      );
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    const reason = 'code' in error ? String(error.code) : error.message;
    switch (reason) {
      case 'ENOENT':
      case 'ENOTDIR':
      case 'ENAMETOOLONG':
      case 'ERR_INVALID_ARG_VALUE':
        throw failure('file-not-found', `${shown} does not exist`, await nearbyFile(path));
      case 'EISDIR':
        throw failure('file-unreadable', `${shown} is a folder`, await fileInside(path, name));
      case 'EACCES':
      case 'EPERM':
        throw failure('file-unreadable', `${shown} cannot be read: permission denied`);
      case 'ELOOP':
        throw failure('file-unreadable', `${shown} is a link that leads back to itself`);
      default:
        throw failure('io-failed', `${shown} cannot be read (${reason})`);
    }
  }
}

function decode(bytes: Buffer, name: string): string {
  const shown = `\`${printable(name)}\``;
  const wide = bytes.length >= 2 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0));
  if (wide) throw failure('file-unreadable', `${shown} is UTF-16 text`, 'save it as UTF-8');
  if (bytes.includes(0)) throw failure('file-unreadable', `${shown} is not a text file`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw failure('file-unreadable', `${shown} is not UTF-8 text`, 'save it as UTF-8');
  }
}

async function yamlFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /\.ya?ml$/i.test(name)).sort();
}

async function fileInside(folder: string, name: string): Promise<string | undefined> {
  const first = (await yamlFiles(folder))[0];
  return first === undefined ? undefined : `name a file in it, such as \`${printable(join(name, first))}\``;
}

async function nearbyFile(path: string): Promise<string | undefined> {
  const files = await yamlFiles(dirname(path));
  const wanted = basename(path, extname(path));
  const stem = suggest(
    wanted,
    files.map((file) => basename(file, extname(file))),
  );
  // The same name with another extension is closer than any other name.
  const found =
    files.find((file) => basename(file, extname(file)) === wanted) ??
    files.find((file) => basename(file, extname(file)) === stem);
  if (found !== undefined) return `did you mean \`${printable(found)}\`?`;
  if (files.length === 0) {
    return (await readdir(dirname(path)).catch(() => undefined)) === undefined
      ? `there is no folder \`${printable(dirname(path))}\``
      : 'there are no YAML files in this folder; `hourglass init FOLDER` writes a pipeline to start from';
  }
  const listed = files.slice(0, LISTED).map((file) => `\`${printable(file)}\``);
  return `YAML files in this folder: ${listed.join(', ')}${files.length > LISTED ? ', …' : ''}`;
}

/** Maximum files that a message lists. */
const LISTED = 5;
