/** A damaged entry is never used, whatever happened to its bytes. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import type { Entry } from '../../src/artifacts/entry.ts';
import { Store } from '../../src/artifacts/store.ts';
import { canonicalJson, sha256 } from '../../src/core/json.ts';

const folder = mkdtempSync(join(tmpdir(), 'hourglass-damage-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const store = new Store(join(folder, '.hourglass'));

/** Twenty small artifacts of the kinds that stages leave. */
const FILES = Array.from({ length: 20 }, (_, index) => {
  const contents = [
    Buffer.from(`{ "loss": ${index / 7} }\n`),
    Buffer.from(`epoch,loss\n1,0.${index}\n`),
    Buffer.from([
      0x93,
      0x4e,
      0x55,
      0x4d,
      0x50,
      0x59,
      1,
      0,
      ...Array.from({ length: 24 }, (_byte, at) => (at * index) % 256),
    ]),
    Buffer.from(new Float32Array([index, 1 / (index + 1), Math.PI]).buffer),
  ];
  return { path: `part-${index % 3}/file-${index}`, content: contents[index % 4] ?? Buffer.alloc(0) };
});

async function put(): Promise<Entry> {
  const key = { type: 'test', settings: { latent: 16 } };
  const draft = await store.draft(sha256(canonicalJson(key)), { replace: true });
  for (const { path, content } of FILES) {
    await mkdir(dirname(join(draft.folder, path)), { recursive: true });
    await writeFile(join(draft.folder, path), content);
  }
  return draft.commit({ key, metrics: { mse: 0.0125 }, highlights: ['part-0/file-0'], seconds: 1.5 });
}

/** The entry as a run reads it; undefined if it is known to be damaged. */
async function read(hash: string): Promise<Entry | undefined> {
  const found = await store.find(hash);
  assert.notEqual(found.state, 'absent');
  if (found.state !== 'present') return undefined;
  return (await store.findCorruptFile(found.entry)) === undefined ? found.entry : undefined;
}

test('a flip of any byte of twenty artifacts is found', async () => {
  const entry = await put();
  let flips = 0;
  for (const { path, content } of FILES) {
    const file = join(entry.folder, path);
    for (let index = 0; index < content.length; index++) {
      chmodSync(file, 0o644);
      const flipped = Buffer.from(content);
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (flips % 8));
      writeFileSync(file, flipped);
      assert.equal(await read(entry.hash), undefined, `${path}, byte ${index}`);
      flips += 1;
    }
    chmodSync(file, 0o644);
    writeFileSync(file, content);
    assert.deepEqual(await read(entry.hash), entry);
  }
  assert.ok(flips > 400);
});

test('a flip of any bit of the record is detected, or changes nothing', async () => {
  const entry = await put();
  const file = join(entry.folder, '..', 'record.json');
  const text = readFileSync(file);
  for (let index = 0; index < text.length; index++) {
    const flipped = Buffer.from(text);
    flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
    writeFileSync(file, flipped);
    const found = await store.find(entry.hash);
    // White space between members may change without changing what is read.
    if (found.state === 'present') assert.deepEqual(found.entry, entry, `byte ${index}`);
    else assert.equal(found.state, 'damaged');
  }
});

test('an artifact or a record that is too short or too long is detected', async () => {
  const entry = await put();
  const targets = [
    ...FILES.map(({ path }) => join(entry.folder, path)),
    join(entry.folder, '..', 'record.json'),
  ];
  let cuts = 0;
  for (const file of targets) {
    const content = readFileSync(file);
    const lengths = [0, 1, Math.floor(content.length / 2), content.length - 2];
    for (const changed of [
      ...lengths.map((length) => content.subarray(0, length)),
      Buffer.concat([content, Buffer.from('x')]),
    ]) {
      chmodSync(file, 0o644);
      writeFileSync(file, changed);
      assert.equal(
        await read(entry.hash),
        undefined,
        `${file}, ${changed.length} of ${content.length} bytes`,
      );
      cuts += 1;
    }
    writeFileSync(file, content);
  }
  assert.ok(cuts >= 100);
  assert.deepEqual(await read(entry.hash), entry);
});

test('a record that belongs to another key is not accepted', async () => {
  const entry = await put();
  const other = sha256('another key');
  const file = join(entry.folder, '..', 'record.json');
  await mkdir(join(store.path(other), 'artifacts'), { recursive: true });
  writeFileSync(join(store.path(other), 'record.json'), readFileSync(file));
  assert.deepEqual(await store.find(other), { state: 'damaged', part: 'record.json' });
});
