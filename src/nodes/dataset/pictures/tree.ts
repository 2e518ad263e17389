/** The image files of a folder or an archive, as a list of paths. */
import type { ImageFile } from './image-file.ts';
import type { Skipped } from './skipped.ts';

export interface ImageTree {
  /**
   * Paths of the images, with `/`, in the order of code points. They start below the folder or, in an archive, below the folder
   * that contains all images.
   */
  readonly images: readonly string[];
  /** Folders of the first level, in the order of code points, with or without images. */
  readonly folders: readonly string[];
  /** All other files, in the order of their names, except hidden and system ones. */
  readonly skipped: readonly Skipped[];
  /** The folder of an archive that contains all its images, with `/` at the end; otherwise empty. */
  readonly root: string;
  /** Reads images in the order of these paths; in an archive that is compressed as a whole, in the order of the archive. */
  read(paths: readonly string[]): AsyncIterable<ImageFile> | Iterable<ImageFile>;
  close(): void;
}

export interface TreeOptions {
  /** Whether images below the folders of the first level are listed. */
  readonly recursive?: boolean;
  /** Whether symbolic links are followed. Links in archives never are. */
  readonly followLinks?: boolean;
}
