import { lstat, readdir, rm } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { fileFailure } from '../../artifacts/atomic.ts';
import { takeLock } from '../../artifacts/lock.ts';
import type { Store } from '../../artifacts/store.ts';
import { Workspace } from '../../artifacts/workspace.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import { suggest } from '../../core/suggest.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { formatBytes, formatPlural } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked } from './load.ts';

export interface CleanOptions {
  /** Names of pipelines, or their files. */
  readonly pipelines: readonly string[];
  readonly outputs: string;
  readonly all: boolean;
  readonly cache: boolean;
  readonly dryRun: boolean;
}

interface Removed {
  readonly name: string;
  /** Of files that nothing else holds: most artifacts also lie in the cache, and stay there. */
  readonly bytes: number;
}

/** `hourglass clean` */
export async function clean(terminal: Terminal, options: CleanOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const store = storeOf(outputs);
  const present = await pipelinesIn(outputs);
  if (options.pipelines.length === 0 && !options.all && !options.cache) {
    throw failure(
      'usage',
      'nothing to clean was named',
      `name pipelines (${present.join(', ') || 'there are none'}), \`--all\` or \`--cache\``,
    );
  }
  const named: string[] = [];
  for (const pipeline of options.pipelines)
    named.push(present.includes(pipeline) ? pipeline : known(await nameOf(pipeline), present));
  const names = options.all ? present : [...new Set(named)];
  // A run's outputs are not removed under it, and what it has stored but does not show yet is not unused.
  const release = options.dryRun ? undefined : await holdRuns(store, names, options.cache);
  let removed: readonly Removed[];
  let unused: { readonly entries: number; readonly bytes: number } | undefined;
  try {
    removed = await removeOutputs(outputs, names, options.dryRun);
    if (options.cache) {
      const remaining = present.filter((name) => !names.includes(name));
      unused = await store.removeUnused(await shownHashes(outputs, remaining), options.dryRun);
    }
  } finally {
    await release?.();
  }
  if (terminal.options.json) {
    const status = options.dryRun ? 'planned' : 'done';
    terminal.result(JSON.stringify({ status, outputs: removed, cache: unused }, null, 2));
    return EXIT.done;
  }
  const verb = options.dryRun ? 'would remove' : 'removed';
  for (const { name, bytes } of removed)
    terminal.result(`${verb} ${join(options.outputs, name)}, ${formatBytes(bytes)}`);
  if (unused !== undefined) {
    const results = unused.entries === 0 ? 'no results' : formatPlural(unused.entries, 'result');
    terminal.result(`${verb} ${results} from the cache, ${formatBytes(unused.bytes)}`);
  }
  if (options.all && removed.length === 0) terminal.result(`${options.outputs} has no outputs of a pipeline`);
  return EXIT.done;
}

/** Folders of pipelines: those with a record of a run. Others may be the user's own. */
async function pipelinesIn(outputs: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of (await readdir(outputs).catch(() => [])).sort()) {
    const record = await lstat(join(outputs, name, 'run.json')).catch(() => undefined);
    if (record?.isFile()) names.push(name);
  }
  return names;
}

/** The name that a pipeline file gives its outputs; what is no YAML file is a name itself. */
async function nameOf(pipeline: string): Promise<string> {
  if (!['.yaml', '.yml'].includes(extname(pipeline))) return pipeline;
  const { located, diagnostics } = await loadChecked(pipeline, {});
  if (located !== undefined) return located.pipeline.name;
  const missing = diagnostics.find(({ code }) => code === 'file-not-found');
  throw missing === undefined
    ? failure('usage', `\`${pipeline}\` is not valid, so its name is not known`, 'name its outputs instead')
    : new Failure(missing);
}

/** A name below `outputs`, and never a path. */
function known(name: string, present: readonly string[]): string {
  if (present.includes(name)) return name;
  const near = suggest(name, present);
  throw failure(
    'usage',
    `there are no outputs of a pipeline \`${name}\``,
    near === undefined
      ? `there are outputs of: ${present.join(', ') || 'none'}`
      : `did you mean \`${near}\`?`,
  );
}

/**
 * Keeps pipelines from being run until `release` is called.
 *
 * @param names those whose outputs are concerned; to these come all that are at work, if the cache is concerned, too
 * @throws Failure `run-locked` if one of them is at work
 */
async function holdRuns(
  store: Store,
  names: readonly string[],
  cache: boolean,
): Promise<() => Promise<void>> {
  const folder = join(store.folder, 'locks');
  const present = await readdir(folder).catch(() => []);
  const locked = present
    .filter((name) => name.endsWith('.lock'))
    .map((name) => name.slice(0, -'.lock'.length));
  const releases: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const one of releases) await one();
  };
  for (const name of new Set([...names, ...(cache ? locked : [])])) {
    const result = await takeLock(join(folder, `${name}.lock`));
    if (result.state === 'taken') {
      releases.push(result.release);
      continue;
    }
    await release();
    throw failure(
      'run-locked',
      `\`${name}\` is being run by process ${result.owner.pid} on ${result.owner.host}`,
      'wait for it, or stop it',
    );
  }
  return release;
}

async function removeOutputs(
  outputs: string,
  names: readonly string[],
  dryRun: boolean,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  for (const name of names) {
    const folder = join(outputs, name);
    removed.push({ name, bytes: await ownBytes(folder) });
    if (dryRun) continue;
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
      throw fileFailure(error, folder);
    });
  }
  return removed;
}

/** Bytes that removing a folder gives back. */
async function ownBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() && found.nlink === 1) bytes += found.size;
  }
  return bytes;
}

/** Hashes of all results that the outputs of some pipelines show. */
async function shownHashes(outputs: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  for (const name of names) {
    const record = await new Workspace(join(outputs, name)).readRun();
    for (const { hash } of Object.values(record?.stages ?? {})) if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}
