import { resolve } from 'node:path';
import {
  collectGarbage,
  shownIn,
  survey,
  summarize,
  verifyStore,
  type Damage,
  type HeldEntry,
  type Tally,
} from '../../artifacts/garbage-collection.ts';
import { resultsOfRuns } from '../../artifacts/run-history.ts';
import type { Store } from '../../artifacts/store.ts';
import { workspacesBeside } from '../../artifacts/workspace.ts';
import { failure, type Diagnostic } from '../../core/diagnostic.ts';
import { packageVersion } from '../../core/package-root.ts';
import { storeOf } from '../../run/plan.ts';
import { lockOutputs } from '../../sweep/slurm/held.ts';
import { EXIT } from '../exit.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
import { formatBytes, formatPlural, table } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

export type CacheAction = 'status' | 'verify' | 'gc';

export interface CacheOptions {
  readonly outputs: string;
  readonly maxSize?: number;
  readonly dryRun?: boolean;
  /** Whether results of earlier runs are kept, too. */
  readonly keepRuns?: boolean;
}

/** `hourglass cache status|verify|gc` */
export async function cache(terminal: Terminal, action: CacheAction, options: CacheOptions): Promise<number> {
  const store = storeOf(resolve(options.outputs));
  if (action !== 'gc') {
    for (const [flag, value] of [
      ['--max-size', options.maxSize],
      ['--dry-run', options.dryRun],
      ['--keep-runs', options.keepRuns],
    ] as const)
      if (value !== undefined) throw failure('usage', `\`${flag}\` is for \`cache gc\` only`);
  }
  switch (action) {
    case 'status':
      return status(terminal, store);
    case 'verify':
      return verify(terminal, store);
    case 'gc':
      return makeRoom(terminal, store, options);
  }
}

async function status(terminal: Terminal, store: Store): Promise<number> {
  const { entries, checkpoints, damaged, drafts, leftovers } = await survey(store);
  const shown = await shownIn(await workspacesBeside(store.folder));
  const types = byType(entries);
  const unshown = summarize(entries.filter(({ hash }) => !shown.has(hash)));
  const versions = byVersion(entries);
  const total = summarize(entries);
  const trainings = summarize(checkpoints);
  if (terminal.options.json) {
    const cache = {
      folder: store.folder,
      ...total,
      types,
      versions,
      unshown,
      checkpoints: trainings,
      damaged,
      drafts,
      leftovers,
    };
    terminal.result(JSON.stringify({ status: 'done', cache }, null, 2));
    return EXIT.done;
  }
  const row = (name: string, { entries, bytes }: Tally): readonly string[] => [
    name,
    String(entries),
    formatBytes(bytes),
  ];
  const optional: readonly (readonly [string, Tally])[] = [
    ['not linked by any outputs', unshown],
    ['checkpoints of trainings', trainings],
    ['damaged, in quarantine', damaged],
    ['being written', drafts],
    ['left by killed runs', leftovers],
  ];
  const isMixed = Object.keys(versions).some((version) => version !== packageVersion);
  terminal.result(
    table([
      ['folder', store.folder],
      row('results', total),
      ...Object.entries(types).map(([type, of]) => row(`  ${type}`, of)),
      ...(isMixed
        ? Object.entries(versions).map(([version, of]) => row(`made by ${madeBy(version)}`, of))
        : []),
      ...optional.filter(([, of]) => of.entries > 0).map(([name, of]) => row(name, of)),
    ]).join('\n'),
  );
  return EXIT.done;
}

/** Results by stage type, the largest first. */
function byType(entries: readonly HeldEntry[]): Readonly<Record<string, Tally>> {
  return tallied(entries, ({ type }) => type ?? 'unreadable');
}

/** Records of versions before 0.2.0 name none. */
const UNKNOWN = 'unknown';

/** Results of each version of Hourglass. */
function byVersion(entries: readonly HeldEntry[]): Readonly<Record<string, Tally>> {
  return tallied(entries, ({ hourglass }) => hourglass ?? UNKNOWN);
}

function madeBy(version: string): string {
  return version === UNKNOWN ? 'a version before 0.2.0' : `Hourglass ${version}`;
}

/** The largest group first. */
function tallied(
  entries: readonly HeldEntry[],
  groupOf: (entry: HeldEntry) => string,
): Readonly<Record<string, Tally>> {
  const groups = new Map<string, HeldEntry[]>();
  for (const entry of entries) {
    const group = groupOf(entry);
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  const tallies = [...groups].map(([group, of]): [string, Tally] => [group, summarize(of)]);
  return Object.fromEntries(tallies.sort(([, a], [, b]) => b.bytes - a.bytes));
}

async function verify(terminal: Terminal, store: Store): Promise<number> {
  const { checked, damaged } = await verifyStore(store);
  const diagnostics = damaged.map(describeDamage);
  const { status, code } =
    damaged.length === 0 ? { status: 'done', code: EXIT.done } : { status: 'mismatch', code: EXIT.mismatch };
  if (terminal.options.json) {
    const document = {
      status,
      cache: { ...checked, damaged },
      diagnostics: diagnostics.map(diagnosticToJson),
    };
    terminal.result(JSON.stringify(document, null, 2));
    return code;
  }
  const sound = damaged.length === 0 ? 'all are intact' : `${damaged.length} damaged`;
  terminal.result(`${formatPlural(checked.entries, 'result')}, ${formatBytes(checked.bytes)}: ${sound}`);
  if (damaged.length > 0) terminal.note(renderCounted(diagnostics, [], terminal.noteStyle));
  return code;
}

function describeDamage({ hash, type, part }: Damage): Diagnostic {
  return {
    code: 'cache-corrupt',
    severity: 'error',
    message: `${type === undefined ? 'a result' : `a \`${type}\` result`}, ${hash.slice(0, 12)}, is not what was stored (\`${part}\`): it was moved to quarantine`,
    hint: 'run the pipelines that use it again: missing results are computed again',
  };
}

async function makeRoom(terminal: Terminal, store: Store, options: CacheOptions): Promise<number> {
  const { maxSize: maxBytes, dryRun = false } = options;
  if (maxBytes === undefined) {
    throw failure(
      'usage',
      '`cache gc` needs `--max-size`',
      'such as `--max-size 2GB`; `hourglass clean --cache` removes every result that no outputs link to',
    );
  }
  const locks = dryRun ? undefined : await lockOutputs(resolve(options.outputs), 'all');
  try {
    const shown = new Set([
      ...(await shownIn(await workspacesBeside(store.folder))),
      ...(options.keepRuns === true ? await resultsOfRuns(store) : []),
    ]);
    const { removed, kept } = await collectGarbage(store, {
      shown,
      maxBytes,
      dryRun,
      ...(locks === undefined ? {} : { check: locks.check }),
    });
    if (terminal.options.json) {
      const document = { status: dryRun ? 'planned' : 'done', cache: { ...removed, kept } };
      terminal.result(JSON.stringify(document, null, 2));
      return EXIT.done;
    }
    const results = removed.entries === 0 ? 'no results' : formatPlural(removed.entries, 'result');
    const verb = dryRun ? 'would remove' : 'removed';
    terminal.result(
      `${verb} ${results}, ${formatBytes(removed.bytes)}; ${formatBytes(kept.bytes)} ${dryRun ? 'would remain' : 'remain'}`,
    );
    if (kept.bytes > maxBytes)
      terminal.note(
        options.keepRuns === true
          ? 'the remaining results are linked by outputs, or belong to earlier runs'
          : 'the remaining results are linked by outputs; `hourglass clean NAME` removes those of a pipeline',
      );
    return EXIT.done;
  } finally {
    await locks?.release();
  }
}
