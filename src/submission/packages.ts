/** Which code of others Hourglass runs with. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isJsonObject, sha256 } from '../core/json.ts';
import { packageRoot } from '../core/package-root.ts';

/** What the build takes from other packages. */
const BUNDLED = join(packageRoot, 'dist', 'vendor');

let known: string | undefined;

/**
 * SHA-256 of the names and versions of all packages that Hourglass and its packages depend on, as they are installed here, and of
 * the files that its build bundles. It is the same in a checkout and in an installation that have the same packages, and on all
 * systems: packages for one system only have the version of the package that asks for them.
 */
export function packagesHash(): string {
  known ??= sha256([...installedPackages(), ...bundledFiles()].join('\n'));
  return known;
}

/** `name@version` of each, sorted. */
export function installedPackages(): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const folders = [packageRoot];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { dependencies } = readManifest(folder);
    for (const name of isJsonObject(dependencies) ? Object.keys(dependencies) : []) {
      const installed = folderOf(name, folder);
      if (installed === undefined) found.add(`${name} is missing`);
      else if (!seen.has(installed)) {
        seen.add(installed);
        found.add(`${name}@${String(readManifest(installed)['version'])}`);
        folders.push(installed);
      }
    }
  }
  return [...found].sort();
}

/** Where a package finds another one: Node's own rule, but for packages that do not let `package.json` be imported. */
function folderOf(name: string, from: string): string | undefined {
  const places = createRequire(join(realpathSync(from), 'package.json')).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json')));
}

function readManifest(folder: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return isJsonObject(value) ? value : {};
}

function bundledFiles(): readonly string[] {
  return readdirSync(BUNDLED, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name} ${sha256(readFileSync(join(parentPath, name)))}`)
    .sort();
}
