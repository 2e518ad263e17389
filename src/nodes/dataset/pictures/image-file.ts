/** One image file, of a folder or an archive. */
export interface ImageFile {
  /** Path below the folder or in the archive, with `/`. */
  readonly name: string;
  /** @throws Unusable if this file, but perhaps no other, cannot be read */
  read(): Promise<Uint8Array>;
  /** Where it lies, unless that is in an archive: whoever reads it from there reads the same. */
  readonly onDisk?: FileOnDisk;
}

export interface FileOnDisk {
  /** Absolute path. */
  readonly path: string;
  /** Whether it may be a link. */
  readonly follow: boolean;
}

/** The name of an image file, and that of its class; undefined where the images have no labels. */
export interface NamedImage {
  readonly name: string;
  readonly className?: string;
}
