/** One image file, of a folder or an archive. */
export interface ImageFile {
  /** Path below the folder or in the archive, with `/`. */
  readonly name: string;
  /** Name of its class; undefined where the files are not sorted by classes. */
  readonly className?: string;
  /** @throws Unusable if this file, but perhaps no other, cannot be read */
  read(): Promise<Uint8Array>;
}
