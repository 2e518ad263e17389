/** What archives of all kinds have in common. */
import type { Unusable } from './skipped.ts';

/** Thrown by whoever reads an archive: it is of no use as a whole. The message goes on from the name of the archive. */
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
  /** As the archive has it, with `/`. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Why it is passed over without a look at its content. */
  readonly problem?: Unusable;
  /** The first bytes, until the next member is asked for. @throws Unusable */
  head(length: number): Promise<Uint8Array>;
}

/** An open archive. Nothing is unpacked to the disk, so that no name in it leads anywhere. */
export interface Archive {
  /** All members, once. */
  members(): AsyncIterable<Member>;
  /**
   * Reads members by their numbers, which are their places among all: in this order if `isSeekable`, else in that of the archive.
   */
  read(numbers: readonly number[]): AsyncIterable<ReadableMember> | Iterable<ReadableMember>;
  close(): void;
}

export interface ReadableMember {
  readonly number: number;
  /** The content. Until the next member is asked for, unless the archive is seekable. @throws Unusable */
  read(): Promise<Uint8Array>;
}

/** Maximum unpacked size of an archive. Photos hardly shrink; anything that shrinks more is small, or a zip bomb. */
export function unpackedLimit(size: number): number {
  return Math.max(2 ** 31, 32 * size);
}
