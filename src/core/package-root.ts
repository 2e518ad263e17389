import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of Hourglass's own `package.json`: the same from `src/` and from `dist/`. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** What the package is called on npm, and its version. */
export const { name: packageName, version: packageVersion } = JSON.parse(
  readFileSync(join(packageRoot, 'package.json'), 'utf8'),
) as { readonly name: string; readonly version: string };

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
