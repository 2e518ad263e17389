/** What archives of all kinds have in common. */
import type { Unusable } from './skipped.ts';

/** Thrown if an archive as a whole cannot be used. The message continues a sentence that begins with the archive's name. */
export class BadArchive extends Error {
  readonly hint: string | undefined;

  constructor(what: string, hint?: string) {
    super(what);
    this.name = 'BadArchive';
    this.hint = hint;
  }
}

/** A file, folder, link or device in an archive. */
export interface Member {
  /** The path as stored in the archive, with `/`. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Why it is skipped without reading its content. */
  readonly problem?: Unusable;
  /** The first bytes. Only until the next member is requested. @throws Unusable */
  head(length: number): Promise<Uint8Array>;
}

/** An open archive. Nothing is unpacked to disk, so a path in it can do no harm. */
export interface Archive {
  /** All members, once. */
  members(): AsyncIterable<Member>;
  /**
   * Reads members by their position among all: in the given order if `isSeekable`, else in the order of the archive.
   */
  read(numbers: readonly number[]): AsyncIterable<ReadableMember> | Iterable<ReadableMember>;
  close(): void;
}

export interface ReadableMember {
  readonly number: number;
  /** The content. Unless the archive is seekable, only until the next member is requested. @throws Unusable */
  read(): Promise<Uint8Array>;
}

/** Maximum unpacked size of an archive. Photos hardly compress; anything that compresses more is small, or a zip bomb. */
export function unpackedLimit(size: number): number {
  return Math.max(2 ** 31, 32 * size);
}
