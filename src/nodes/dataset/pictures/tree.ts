/** The image files of a folder or an archive, as a list of paths. */
import type { ImageFile } from './image-file.ts';
import type { Skipped } from './skipped.ts';

export interface ImageTree {
  /**
   * Paths of the images, with `/`, in the order of code points. They start below the folder, or below the folder of an archive that
   * holds all its images.
   */
  readonly images: readonly string[];
  /** Folders of the first level, in the order of code points, whatever is in them. */
  readonly folders: readonly string[];
  /** All other files, in the order of their names, except hidden and system ones. */
  readonly skipped: readonly Skipped[];
  /** The folder of an archive that holds all its images, with `/` at its end; otherwise empty. */
  readonly root: string;
  /** Reads images: in the order of these paths, but in that of the archive where an archive is compressed as a whole. */
  read(paths: readonly string[]): AsyncIterable<ImageFile> | Iterable<ImageFile>;
  close(): void;
}

export interface TreeOptions {
  /** Whether images deeper than in folders of the first level are listed. */
  readonly recursive?: boolean;
  /** Whether symbolic links are followed. Those in archives never are. */
  readonly followLinks?: boolean;
}
