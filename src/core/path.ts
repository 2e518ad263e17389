/** Paths as Hourglass writes and shows them: with `/` on every system, which Windows takes as well as its own sign. */
import { relative, sep } from 'node:path';

/** A path with `/`. */
export function withSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

/** A path as it is seen from a folder: `.` for the folder itself. */
export function pathFrom(folder: string, path: string): string {
  return withSlashes(relative(folder, path)) || '.';
}

/** A path as it is seen from where the command was started. */
export function pathFromHere(path: string): string {
  return pathFrom(process.cwd(), path);
}
