/**
 * The commit path of a run, from the lock to the records, in a folder of its own: run in this process, or as a program whose
 * system calls are made to fail (`node commit.js FOLDER VERSION`).
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileFailure } from '../../src/files/atomic.ts';
import { takeLock } from '../../src/files/lock.ts';
import { Store } from '../../src/artifacts/store.ts';
import { Workspace } from '../../src/artifacts/workspace.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { canonicalJson, sha256, type JsonObject } from '../../src/core/json.ts';

export type Version = 'old' | 'new';
const VERSIONS: readonly Version[] = ['old', 'new'];

/** Artifacts of a version, by path: one that both versions have, and one of its own. */
function filesOf(version: Version): Readonly<Record<string, string>> {
  return {
    'metrics.csv': `epoch,loss\n1,${version}\n`,
    [`previews/${version}.txt`]: version.repeat(3000),
  };
}

const keyOf = (version: Version): JsonObject => ({ type: 'fault', settings: { version } });
const hashOf = (version: Version): string => sha256(canonicalJson(keyOf(version)));
const metricsOf = (version: Version): JsonObject => ({ stage: { version: VERSIONS.indexOf(version) } });
const storeIn = (folder: string): Store => new Store(join(folder, '.hourglass'));
const workspaceIn = (folder: string): Workspace => new Workspace(join(folder, 'outputs', 'x'));

/**
 * Makes a version, stores it and shows it.
 *
 * @throws Failure if a file cannot be written
 */
export async function commit(folder: string, version: Version): Promise<void> {
  const [store, workspace] = [storeIn(folder), workspaceIn(folder)];
  const lock = await takeLock(join(store.folder, 'locks', 'x.lock'));
  if (lock.state === 'held') throw new Error(`the lock is held by process ${lock.owner.pid}`);
  try {
    await store.removeLeftovers();
    await workspace.removeLeftovers();
    const draft = await store.draft(hashOf(version), { replace: true });
    try {
      await mkdir(join(draft.folder, 'previews'));
      for (const [path, text] of Object.entries(filesOf(version)))
        await writeFile(join(draft.folder, path), text);
    } catch (error) {
      await draft.discard().catch(() => undefined);
      throw fileFailure(error, draft.folder);
    }
    const entry = await draft.commit({ key: keyOf(version), metrics: {}, highlights: [], seconds: 1 });
    await workspace.publish('stage', entry);
    await workspace.writeJson('metrics.json', metricsOf(version));
    await workspace.writeRun({
      status: 'done',
      pipeline: 'x',
      file: 'x.yaml',
      seed: 1,
      overrides: [],
      versions: {},
      stages: {
        stage: { type: 'fault', state: 'ran', seconds: 1, inputs: {}, hash: entry.hash, key: keyOf(version) },
      },
    });
  } finally {
    await lock.release();
  }
}

/** What a reader finds after an interruption. */
export interface Sight {
  /** Files and entries that are neither the old nor the new version. */
  readonly torn: readonly string[];
  /** Versions that the store has, whole. */
  readonly stored: readonly Version[];
  /** The version that everything else shows; undefined while some of it is old and some new. */
  readonly shown: Version | undefined;
  /** Files that killed processes left. Not yet an owner's file without a word: only its age tells that nobody writes it. */
  readonly leftovers: readonly string[];
}

export async function look(folder: string): Promise<Sight> {
  const [store, workspace] = [storeIn(folder), workspaceIn(folder)];
  const torn: string[] = [];
  const stored: Version[] = [];
  for (const version of VERSIONS) {
    const found = await store.find(hashOf(version));
    if (found.state === 'damaged') torn.push(`${version}: ${found.part}`);
    if (found.state !== 'present') continue;
    const part = await store.findCorruptFile(found.entry);
    if (part === undefined) stored.push(version);
    else torn.push(`${version}: ${part}`);
    for (const [path, text] of Object.entries(filesOf(version)))
      if (readFileSync(join(found.entry.folder, path), 'utf8') !== text) torn.push(`${version}: ${path}`);
  }
  const shown: (Version | undefined)[] = [];
  const read = (path: string): string => readFileSync(join(workspace.folder, path), 'utf8');
  const compare = (path: string, textOf: (version: Version) => string): void => {
    const version = VERSIONS.find((one) => textOf(one) === read(path));
    if (version === undefined) torn.push(path);
    shown.push(version);
  };
  compare('stage/metrics.csv', (version) => filesOf(version)['metrics.csv'] ?? '');
  compare('metrics.json', (version) => `${JSON.stringify(metricsOf(version), null, 2)}\n`);
  for (const [version, other] of [VERSIONS, [...VERSIONS].reverse()] as [Version, Version][]) {
    const path = `previews/${version}.txt`;
    const isThere = existsSync(join(workspace.folder, 'stage', path));
    if (isThere && read(`stage/${path}`) !== filesOf(version)[path]) torn.push(path);
    shown.push(isThere ? version : other);
  }
  const hash = (await workspace.readRun())?.stages['stage']?.hash;
  const recorded = VERSIONS.find((version) => hashOf(version) === hash);
  if (recorded === undefined) torn.push('run.json');
  shown.push(recorded);
  const all = readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => statSync(join(folder, path)).size > 0);
  return {
    torn,
    stored,
    shown: new Set(shown).size === 1 ? shown[0] : undefined,
    leftovers: all.filter((path) => /\.tmp$|\.lock|hourglass\/tmp\/|\.clock/.test(path)),
  };
}

/** Where the commit path begins in the list of system calls. */
export const MARKER = 'the-commit-path-begins';

/** Calls that come first, so that the thread which accesses files is ahead of all others in each kind of call. */
const PADDING = 100;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '', version = ''] = process.argv.slice(2);
  try {
    for (let call = 0; call < PADDING; call++) await (await open('/dev/null', 'r')).close();
    await mkdir(join(folder, MARKER));
    await commit(folder, version === 'old' ? 'old' : 'new');
    process.stdout.write('done');
  } catch (error) {
    process.stdout.write(
      error instanceof Failure ? String(error.diagnostics[0]?.code) : `a bug: ${String(error)}`,
    );
    process.exitCode = 1;
  }
}
