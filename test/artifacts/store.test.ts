import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, test } from 'node:test';
import { Failure } from '../../src/core/diagnostic.ts';
import { canonicalJson, sha256 } from '../../src/core/json.ts';
import { looksUnchanged, type Entry } from '../../src/artifacts/entry.ts';
import { Store } from '../../src/artifacts/store.ts';

let folder = '';
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hourglass-store-'));
  store = new Store(join(folder, '.hourglass'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KEY = { type: 'test' };
const HASH = sha256(canonicalJson(KEY));

async function put(text = 'content', replace = false): Promise<Entry> {
  const draft = await store.draft(HASH, { replace });
  await mkdir(join(draft.folder, 'model'));
  await writeFile(join(draft.folder, 'model', 'weights.bin'), text);
  await writeFile(join(draft.folder, 'empty.txt'), '');
  return draft.commit({
    key: KEY,
    metrics: { loss: 0.5 },
    highlights: ['empty.txt'],
    seconds: 1,
  });
}

test('a stored entry is found, with its content', async () => {
  assert.equal(await store.lookup(HASH), undefined);
  const entry = await put();
  assert.deepEqual(await store.lookup(HASH), entry);
  assert.deepEqual(entry.record.metrics, { loss: 0.5 });
  assert.deepEqual(
    entry.record.files.map(({ path, bytes }) => [path, bytes]),
    [
      ['empty.txt', 0],
      ['model/weights.bin', 7],
    ],
  );
  assert.equal(entry.record.files[1]?.sha256, sha256('content'));
  assert.equal(readFileSync(join(entry.folder, 'model/weights.bin'), 'utf8'), 'content');
  assert.equal(await store.findCorruptFile(entry), undefined);
});

test('nothing of a draft is visible before commit or after discard', async () => {
  const draft = await store.draft(HASH, { replace: false });
  await writeFile(join(draft.folder, 'half'), 'written');
  assert.equal(await store.lookup(HASH), undefined);
  await draft.discard();
  assert.deepEqual(readdirSync(join(store.folder, 'tmp')), []);
});

test('every flipped byte is found', async () => {
  const entry = await put();
  const path = join(entry.folder, 'model/weights.bin');
  chmodSync(path, 0o644);
  const original = readFileSync(path);
  for (let index = 0; index < original.length; index++) {
    const flipped = Buffer.from(original);
    flipped[index] = (flipped[index] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    assert.equal(await store.findCorruptFile(entry), 'model/weights.bin');
  }
  writeFileSync(path, original);
  assert.equal(await store.findCorruptFile(entry), undefined);
});

test('a truncated or missing file, or a broken record, is a miss', async () => {
  const entry = await put();
  const path = join(entry.folder, 'model/weights.bin');
  chmodSync(path, 0o644);
  truncateSync(path, 3);
  assert.equal(await store.lookup(HASH), undefined);
  rmSync(path);
  assert.equal(await store.lookup(HASH), undefined);
  await put('content', true);
  assert.notEqual(await store.lookup(HASH), undefined);
  const record = join(entry.folder, '..', 'record.json');
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"key":{},"files":[{"path":"../../x","bytes":0,"sha256":""}]}',
  ]) {
    writeFileSync(record, text);
    assert.equal(await store.lookup(HASH), undefined, text);
  }
});

test('an entry that is set aside is gone, and can be made again', async () => {
  await put();
  await store.quarantine(HASH);
  await store.quarantine(HASH);
  assert.equal(await store.lookup(HASH), undefined);
  assert.equal(readdirSync(join(store.folder, 'damaged')).length, 1);
  await put();
  assert.notEqual(await store.lookup(HASH), undefined);
});

test('if several processes store the same key at once, one entry remains and all get it', async () => {
  const entries = await Promise.all(Array.from({ length: 8 }, () => put()));
  const kept = await store.lookup(HASH);
  assert.ok(kept);
  for (const entry of entries) assert.deepEqual(entry, kept);
  assert.deepEqual(readdirSync(join(store.folder, 'tmp')), []);
});

test('a forced result replaces the earlier one', async () => {
  await put('before');
  assert.equal((await put('not kept')).record.files[1]?.sha256, sha256('before'));
  const entry = await put('after', true);
  assert.equal(readFileSync(join(entry.folder, 'model/weights.bin'), 'utf8'), 'after');
});

test('a link in a draft is refused, and nothing is stored', async () => {
  const draft = await store.draft(HASH, { replace: false });
  await symlink('/etc/hostname', join(draft.folder, 'link'));
  await assert.rejects(draft.commit({ key: {}, metrics: {}, highlights: [], seconds: 0 }), Failure);
  assert.equal(await store.lookup(HASH), undefined);
});

test('leftovers of dead processes are removed, drafts of live ones stay', async () => {
  const draft = await store.draft(HASH, { replace: false });
  const temporary = join(store.folder, 'tmp');
  const own = readdirSync(temporary).sort();
  const [name = '', owner = ''] = own;
  const text = readFileSync(join(temporary, owner), 'utf8');
  const leave = async (draftName: string, change: object): Promise<void> => {
    await mkdir(join(temporary, draftName));
    writeFileSync(join(temporary, `${draftName}.owner`), JSON.stringify({ ...JSON.parse(text), ...change }));
  };
  await leave('dead', { pid: 999_999_999 });
  await leave('elsewhere', { pid: 999_999_999, host: 'elsewhere' });
  await leave('silent', { pid: process.pid, host: 'elsewhere' });
  utimesSync(join(temporary, 'silent.owner'), new Date(0), new Date(0));
  await mkdir(join(temporary, 'without-owner'));
  for (const begun of ['begun.owner', 'begun-long-ago.owner']) writeFileSync(join(temporary, begun), '');
  utimesSync(join(temporary, 'begun-long-ago.owner'), new Date(0), new Date(0));
  writeFileSync(join(store.folder, 'tmp', '.clock-0'), '');
  const locks = join(store.folder, 'locks');
  await mkdir(locks);
  writeFileSync(
    join(locks, 'x.lock.999999999-00000000'),
    JSON.stringify({ ...JSON.parse(text), pid: 999_999_999 }),
  );
  writeFileSync(join(locks, `x.lock.${process.pid}-00000000`), text);
  const checkpoints = join(store.folder, 'checkpoints', 'lineage');
  await mkdir(join(checkpoints, 'files'), { recursive: true });
  const begun = ['.1-a.safetensors.12.0123abcd.tmp', 'files/.b.png.13.0123abcd.tmp'];
  for (const path of [...begun, '.2-a.safetensors.12.0123abcd.tmp', '1-a.safetensors'])
    writeFileSync(join(checkpoints, path), '');
  for (const path of [...begun, '1-a.safetensors'])
    utimesSync(join(checkpoints, path), new Date(0), new Date(0));
  await store.removeLeftovers();
  assert.deepEqual(readdirSync(checkpoints, { recursive: true }).sort(), [
    '.2-a.safetensors.12.0123abcd.tmp',
    '1-a.safetensors',
    'files',
  ]);
  assert.deepEqual(
    readdirSync(temporary).sort(),
    [name, owner, 'begun.owner', 'elsewhere', 'elsewhere.owner'].sort(),
  );
  assert.deepEqual(readdirSync(locks), [`x.lock.${process.pid}-00000000`]);
  await draft.discard();
  await draft.discard();
  assert.ok(!readdirSync(temporary).includes(owner));
});

test('a draft that cannot begin leaves nothing', async () => {
  await put();
  rmSync(join(store.folder, 'tmp'), { recursive: true });
  writeFileSync(join(store.folder, 'tmp'), '');
  await assert.rejects(store.draft(HASH, { replace: false }), Failure);
});

test('a touched file is hashed again, and then counts as unchanged', async () => {
  const entry = await put();
  const [, file] = entry.record.files;
  assert.ok(file);
  const path = join(entry.folder, file.path);
  assert.ok(await looksUnchanged(path, file));
  chmodSync(path, 0o644);
  utimesSync(path, new Date(), new Date());
  assert.ok(!(await looksUnchanged(path, file)));
  assert.equal(await store.findCorruptFile(entry), undefined);
  assert.ok(await looksUnchanged(path, file));
  assert.equal(statSync(path).mode & 0o222, 0);
});
