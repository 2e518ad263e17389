/** Paths as Hourglass writes and shows them: with `/` on every system, since Windows accepts it, too. */
import { relative, sep } from 'node:path';

/** A path with `/`. */
export function withSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

/** A path relative to a folder: `.` for the folder itself. */
export function pathFrom(folder: string, path: string): string {
  return withSlashes(relative(folder, path)) || '.';
}

/** A path relative to the working folder. */
export function pathFromHere(path: string): string {
  return pathFrom(process.cwd(), path);
}
