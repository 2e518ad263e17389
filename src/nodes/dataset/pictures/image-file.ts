/** An image file in a folder or an archive. */
export interface ImageFile {
  /** Path below the folder or in the archive, with `/`. */
  readonly name: string;
  /** @throws Unusable if this file, but perhaps no other, cannot be read */
  read(): Promise<Uint8Array>;
  /** Its place on disk, from which others can read it too; absent in an archive. */
  readonly onDisk?: FileOnDisk;
}

export interface FileOnDisk {
  /** Absolute path. */
  readonly path: string;
  /** Whether it may be a link. */
  readonly follow: boolean;
}

/** The name of an image file and of its class, which is undefined if the images have no labels. */
export interface NamedImage {
  readonly name: string;
  readonly className?: string;
}
