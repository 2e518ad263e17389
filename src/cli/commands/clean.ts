import { lstat, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileFailure } from '../../artifacts/atomic.ts';
import { Workspace } from '../../artifacts/workspace.ts';
import { failure } from '../../core/diagnostic.ts';
import { suggest } from '../../core/suggest.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { formatBytes, formatCounts } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CleanOptions {
  readonly names: readonly string[];
  readonly outputs: string;
  readonly all: boolean;
  readonly cache: boolean;
  readonly dryRun: boolean;
}

/** `hourglass clean` */
export async function clean(terminal: Terminal, options: CleanOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const present = await pipelinesIn(outputs);
  if (options.names.length === 0 && !options.all && !options.cache) {
    throw failure(
      'usage',
      'nothing to clean was named',
      `name pipelines (${present.join(', ') || 'there are none'}), \`--all\` or \`--cache\``,
    );
  }
  const names = options.all ? present : options.names.map((name) => known(name, present));
  for (const name of options.dryRun ? [] : names) {
    await rm(join(outputs, name), { recursive: true, force: true }).catch((error: unknown) => {
      throw fileFailure(error, join(outputs, name));
    });
  }
  const remaining = present.filter((name) => !names.includes(name));
  const unused = options.cache
    ? await storeOf(outputs).removeUnused(await shownHashes(outputs, remaining), options.dryRun)
    : { entries: 0, bytes: 0 };
  if (terminal.options.json) {
    terminal.result(
      JSON.stringify({ status: options.dryRun ? 'planned' : 'done', outputs: names, cache: unused }, null, 2),
    );
    return EXIT.done;
  }
  const verb = options.dryRun ? 'would remove' : 'removed';
  for (const name of names) terminal.result(`${verb} ${join(options.outputs, name)}`);
  if (options.cache) {
    terminal.result(
      `${verb} ${formatCounts([[unused.entries, 'result']]) || 'no results'} from the cache, ${formatBytes(unused.bytes)}`,
    );
  }
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

/** Hashes of all results that the outputs of some pipelines show. */
async function shownHashes(outputs: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  for (const name of names) {
    const record = await new Workspace(join(outputs, name)).readRun();
    for (const { hash } of Object.values(record?.stages ?? {})) if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}
