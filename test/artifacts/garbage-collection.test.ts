import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Entry } from '../../src/artifacts/entry.ts';
import { takeLock } from '../../src/files/lock.ts';
import { Store } from '../../src/artifacts/store.ts';
import {
  collectGarbage,
  lockRuns,
  shownIn,
  survey,
  summarize,
  verifyStore,
} from '../../src/artifacts/garbage-collection.ts';
import { PublishedFiles } from '../../src/artifacts/published.ts';
import { workspacesBeside } from '../../src/artifacts/workspace.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { canonicalJson, sha256 } from '../../src/core/json.ts';

let folder = '';
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hourglass-upkeep-'));
  store = new Store(join(folder, '.hourglass'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An entry of about `kilobytes`, used last at hour `hour` of a day long ago. */
async function put(name: string, kilobytes: number, hour: number): Promise<Entry> {
  const key = { type: 'test', name };
  const draft = await store.draft(sha256(canonicalJson(key)), { replace: false });
  await writeFile(join(draft.folder, 'data'), Buffer.alloc(kilobytes * 1000));
  const entry = await draft.commit({ key, metrics: {}, highlights: [], seconds: 1 });
  const used = new Date(Date.UTC(2026, 0, 1, hour));
  utimesSync(join(entry.folder, '..', 'record.json'), used, used);
  return entry;
}

async function remaining(entries: Readonly<Record<string, Entry>>): Promise<readonly string[]> {
  const hashes = await store.hashes();
  return Object.keys(entries).filter((name) => hashes.includes(entries[name]?.hash ?? ''));
}

async function three(): Promise<{ a: Entry; b: Entry; c: Entry }> {
  return { a: await put('a', 10, 2), b: await put('b', 20, 1), c: await put('c', 30, 3) };
}

test('the least recently used results are removed first, until the rest is small enough', async () => {
  const entries = await three();
  const options = { shown: new Set<string>(), dryRun: false };
  const { kept } = await collectGarbage(store, { ...options, maxBytes: 1e6 });
  assert.equal(kept.entries, 3);
  assert.ok(kept.bytes > 60_000 && kept.bytes < 63_000);
  const planned = await collectGarbage(store, { ...options, maxBytes: 45_000, dryRun: true });
  assert.deepEqual(await remaining(entries), ['a', 'b', 'c']);
  assert.deepEqual(await collectGarbage(store, { ...options, maxBytes: 45_000 }), planned);
  assert.deepEqual(await remaining(entries), ['a', 'c']);
  assert.ok(planned.removed.bytes > 20_000 && planned.kept.bytes <= 45_000);
  await store.touch(entries.a);
  await collectGarbage(store, { ...options, maxBytes: 15_000 });
  assert.deepEqual(await remaining(entries), ['a'], 'used just now');
});

test('results that outputs link to stay, however small the limit', async () => {
  const entries = await three();
  const shown = new Set([entries.b.hash]);
  const { kept } = await collectGarbage(store, { shown, maxBytes: 0, dryRun: false });
  assert.deepEqual(await remaining(entries), ['b']);
  assert.equal(kept.entries, 1);
});

test('checkpoints of trainings go in their turn', async () => {
  const entries = await three();
  const folder = join(store.folder, 'checkpoints', 'lineage');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'old'), Buffer.alloc(4000));
  writeFileSync(join(folder, 'new'), Buffer.alloc(5000));
  const hour = (hours: number): Date => new Date(Date.UTC(2026, 0, 1, hours));
  utimesSync(join(folder, 'old'), hour(0), hour(0));
  utimesSync(join(folder, 'new'), hour(2.5), hour(2.5));
  assert.deepEqual((await survey(store)).checkpoints, [
    { lineage: 'lineage', bytes: 9000, used: hour(2.5).getTime() },
  ]);
  const options = { shown: new Set<string>(), dryRun: false };
  await collectGarbage(store, { ...options, maxBytes: 45_000 });
  assert.deepEqual(await remaining(entries), ['c']);
  assert.ok(existsSync(folder));
  await collectGarbage(store, { ...options, maxBytes: 35_000 });
  assert.deepEqual(await remaining(entries), ['c']);
  assert.ok(!existsSync(folder));
});

test('the outputs of a store are those of all folders beside it, with trials', async () => {
  const record = (hash: string): string =>
    JSON.stringify({ stages: { s: { type: 'test', state: 'ran', seconds: 1, hash } } });
  for (const [path, hash] of [
    ['outputs/x', '1'],
    ['outputs/x/trials/1', '2'],
    ['elsewhere/y', '3'],
  ] as const) {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'run.json'), record(hash));
  }
  mkdirSync(join(folder, 'outputs', 'mine'));
  const workspaces = await workspacesBeside(store.folder);
  assert.deepEqual([...(await shownIn(workspaces))].sort(), ['1', '2', '3']);
});

test('if outputs, locks or the store cannot be read, nothing is removed', async () => {
  const unreadable = (...parts: readonly string[]): void => {
    mkdirSync(join(folder, ...parts.slice(0, -1)), { recursive: true });
    // A link to itself: even the superuser cannot open it.
    symlinkSync(parts.at(-1) ?? '', join(folder, ...parts));
  };
  await three();
  mkdirSync(join(folder, 'outputs', 'x'), { recursive: true });
  writeFileSync(join(folder, 'outputs', 'x', 'sweep.json'), '{}');
  unreadable('outputs', 'x', 'run.json');
  const workspaces = await workspacesBeside(store.folder);
  await assert.rejects(shownIn(workspaces), Failure);
  unreadable('outputs', 'x', '.artifacts', 's.json');
  mkdirSync(join(folder, 'outputs', 'x', 's'));
  writeFileSync(join(folder, 'outputs', 'x', 's', 'mine'), 'mine', { mode: 0o444 });
  await assert.rejects(new PublishedFiles(join(folder, 'outputs', 'x'), 's').foreign(['mine']), Failure);
  unreadable('.hourglass', 'locks');
  await assert.rejects(lockRuns(store, 'all'), Failure);
  renameSync(join(store.folder, 'store'), join(store.folder, 'elsewhere'));
  unreadable('.hourglass', 'store');
  await assert.rejects(verifyStore(store), Failure);
  assert.equal(readdirSync(join(store.folder, 'elsewhere')).length, 3);
});

test('a survey counts entries, drafts, leftovers and quarantined results', async () => {
  const entries = await three();
  await store.quarantine(entries.a.hash);
  const draft = await store.draft('0'.repeat(64), { replace: false });
  await writeFile(join(draft.folder, 'half'), 'half');
  mkdirSync(join(store.folder, 'tmp', 'left'));
  writeFileSync(join(store.folder, 'tmp', 'left', 'file'), 'left by a killed run');
  writeFileSync(join(entries.b.folder, '..', 'record.json'), '{');
  const { entries: held, damaged, drafts, leftovers } = await survey(store);
  assert.equal(summarize(held).entries, 2);
  assert.deepEqual(
    held.map(({ hash, type }) => [hash, type]).sort(),
    [
      [entries.b.hash, undefined],
      [entries.c.hash, 'test'],
    ].sort(),
  );
  assert.equal(damaged.entries, 1);
  assert.ok(damaged.bytes > 10_000);
  assert.deepEqual(drafts, { entries: 1, bytes: 4 });
  assert.deepEqual(leftovers, { entries: 1, bytes: 20 });
  await collectGarbage(store, { shown: new Set(), maxBytes: 1e9, dryRun: false });
  const after = await survey(store);
  assert.deepEqual([after.damaged.entries, after.leftovers.entries, after.drafts.entries], [0, 0, 1]);
  await draft.discard();
});

test('a missing store is empty', async () => {
  assert.deepEqual(await survey(store), {
    entries: [],
    checkpoints: [],
    damaged: { entries: 0, bytes: 0 },
    drafts: { entries: 0, bytes: 0 },
    leftovers: { entries: 0, bytes: 0 },
  });
  await collectGarbage(store, { shown: new Set(), maxBytes: 0, dryRun: false });
  assert.deepEqual((await verifyStore(store)).damaged, []);
});

test('verifying finds every damaged entry and sets it aside', async () => {
  const { a, b, c } = await three();
  chmodSync(join(a.folder, 'data'), 0o644);
  writeFileSync(join(a.folder, 'data'), Buffer.alloc(10_000, 1));
  rmSync(join(b.folder, 'data'));
  const { checked, damaged } = await verifyStore(store);
  assert.equal(checked.entries, 3);
  assert.deepEqual(
    damaged.map(({ hash, type, part }) => [hash, type, part]).sort(),
    [
      [a.hash, 'test', 'data'],
      [b.hash, undefined, 'data'],
    ].sort(),
  );
  assert.deepEqual(await store.hashes(), [c.hash]);
  assert.equal(readdirSync(join(store.folder, 'damaged')).length, 2);
  assert.deepEqual((await verifyStore(store)).damaged, []);
});

test('who lost the locks removes nothing more', async () => {
  await three();
  const locks = await lockRuns(store, ['idle']);
  writeFileSync(join(store.folder, 'locks', 'new'), '{}');
  renameSync(join(store.folder, 'locks', 'new'), join(store.folder, 'locks', 'idle.lock'));
  const before = await store.hashes();
  const options = { shown: new Set<string>(), maxBytes: 0, dryRun: false, check: locks.check };
  await assert.rejects(collectGarbage(store, options), Failure);
  assert.deepEqual(await store.hashes(), before);
  await locks.release();
});

test('runs are held off, and a running one refuses', async () => {
  await three();
  const locks = join(store.folder, 'locks');
  const lock = await takeLock(join(locks, 'busy.lock'));
  await assert.rejects(lockRuns(store, ['idle', 'busy']), Failure);
  await assert.rejects(lockRuns(store, 'all'), Failure);
  assert.ok(!existsSync(join(locks, 'idle.lock')));
  if (lock.state === 'taken') await lock.release();
  const held = await lockRuns(store, ['idle']);
  await held.check();
  assert.equal((await takeLock(join(locks, 'idle.lock'))).state, 'held');
  await held.release();
  assert.deepEqual(readdirSync(locks), []);
});
