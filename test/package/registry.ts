/** An npm registry on loopback that has what Hourglass needs and nothing else, made of the packages that are installed here. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { packageRoot } from '../../src/core/package-root.ts';

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly [key: string]: unknown;
}

interface Version {
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Undefined for another platform's package. */
  readonly folder: string | undefined;
}

/** Answers requests for packages and their archives. */
export function registry(): (request: IncomingMessage, response: ServerResponse) => void {
  const packages = readPackages();
  const archives = new Map<string, Promise<Buffer>>();
  const archiveOf = (folder: string): Promise<Buffer> => {
    const known = archives.get(folder) ?? archive(folder);
    archives.set(folder, known);
    return known;
  };
  const answer = async (path: string, host: string, response: ServerResponse): Promise<void> => {
    const [name = '', version] = path.slice(1).split('/-/');
    const versions = packages.get(name);
    if (version !== undefined) {
      const known = versions?.get(version.replace(/\.tgz$/, ''));
      if (known === undefined) response.writeHead(404).end();
      else if (known.folder !== undefined) response.writeHead(200).end(await archiveOf(known.folder));
      // A package of another platform, which yarn also fetches: a folder with its name is enough.
      else response.writeHead(200).end(await emptyPackage(known.manifest));
      return;
    }
    if (versions === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
      return;
    }
    const described: Record<string, unknown> = {};
    for (const [number, { manifest, folder }] of versions) {
      const own = integrityOf(await (folder === undefined ? emptyPackage(manifest) : archiveOf(folder)));
      const tarball = `http://${host}/${name}/-/${number}.tgz`;
      described[number] = { ...manifest, name, version: number, dist: { tarball, integrity: own } };
    }
    // None is younger than the age that careful package managers require.
    const time = Object.fromEntries(
      [...versions.keys(), 'created', 'modified'].map((key) => [key, '2020-01-01T00:00:00.000Z']),
    );
    const latest = [...versions.keys()].at(-1);
    const body = { name, 'dist-tags': { latest }, versions: described, time };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  return ({ url = '/', headers: { host = '' } }, response) =>
    void answer(decodeURIComponent(url.replace(/\?.*/, '')), host, response);
}

/** What `package-lock.json` names for a use of Hourglass, by name and version. */
function readPackages(): ReadonlyMap<string, ReadonlyMap<string, Version>> {
  const lock = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const packages = new Map<string, Map<string, Version>>();
  for (const [path, { version, ...locked }] of Object.entries(lock.packages)) {
    if (path === '' || locked.dev === true) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const folder = existsSync(join(packageRoot, path)) ? join(packageRoot, path) : undefined;
    const manifest =
      folder === undefined
        ? { ...locked, name, version }
        : (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>);
    const versions = packages.get(name) ?? new Map<string, Version>();
    packages.set(name, versions.set(version, { manifest, folder }));
  }
  return packages;
}

/** A package without content. */
async function emptyPackage(manifest: Version['manifest']): Promise<Buffer> {
  const pack = tar.pack();
  const packed = buffer(pack.pipe(createGzip({ level: 1 })));
  pack.entry({ name: 'package/package.json', mtime: new Date(0) }, JSON.stringify(manifest));
  pack.finalize();
  return packed;
}

/** A package as npm packs it: files below `package/`. */
async function archive(folder: string): Promise<Buffer> {
  const pack = tar.pack();
  const packed = buffer(pack.pipe(createGzip({ level: 1 })));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (!entry.isFile() || name.split('/').includes('node_modules')) continue;
    const mode = statSync(path).mode & 0o777;
    await new Promise<void>((resolve, reject) =>
      pack.entry({ name: `package/${name}`, mode }, readFileSync(path), (error) =>
        error === null || error === undefined ? resolve() : reject(error),
      ),
    );
  }
  pack.finalize();
  return packed;
}

function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
