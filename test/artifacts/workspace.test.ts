import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { sha256 } from '../../src/core/json.ts';
import type { Entry } from '../../src/artifacts/entry.ts';
import { Store } from '../../src/artifacts/store.ts';
import { Workspace } from '../../src/artifacts/workspace.ts';

let folder = '';
let workspace: Workspace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hourglass-workspace-'));
  workspace = new Workspace(join(folder, 'outputs', 'x'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function entryOf(files: Record<string, string>): Promise<Entry> {
  const draft = await new Store(join(folder, '.hourglass')).draft(sha256(JSON.stringify(files)), {
    replace: false,
  });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(draft.folder, path)), { recursive: true });
    await writeFile(join(draft.folder, path), text);
  }
  return draft.commit({ key: {}, metrics: {}, highlights: [], seconds: 0 });
}

test('a stage folder shows exactly the entry that was published last', async () => {
  const first = await entryOf({ 'a.txt': 'one', 'previews/1.png': 'x', 'previews/2.png': 'y' });
  const second = await entryOf({ 'a.txt': 'two', 'b/c.txt': 'new' });
  await workspace.publish('train', first);
  assert.ok(await workspace.shows('train', first));
  assert.ok(!(await workspace.shows('train', second)));
  await workspace.publish('train', second);
  assert.ok(await workspace.shows('train', second));
  assert.equal(readFileSync(join(workspace.folder, 'train/a.txt'), 'utf8'), 'two');
  assert.deepEqual(readdirSync(join(workspace.folder, 'train')).sort(), ['a.txt', 'b']);
});

test('files the user added or removed are noticed, and publishing mends them', async () => {
  const entry = await entryOf({ 'a.txt': 'one' });
  await workspace.publish('s', entry);
  writeFileSync(join(workspace.folder, 's', 'extra'), '');
  assert.ok(!(await workspace.shows('s', entry)));
  await workspace.publish('s', entry);
  assert.ok(await workspace.shows('s', entry));
  rmSync(join(workspace.folder, 's', 'a.txt'));
  assert.ok(!(await workspace.shows('s', entry)));
});

test('artifacts are read only, so that an edit does not reach the store', async () => {
  await workspace.publish('s', await entryOf({ 'a.txt': 'one' }));
  assert.equal(statSync(join(workspace.folder, 's', 'a.txt')).mode & 0o222, 0);
});

test('folders of stages that are gone are removed', async () => {
  await workspace.publish('old', await entryOf({ 'a.txt': 'one' }));
  mkdirSync(join(workspace.folder, 'mine'));
  await workspace.removeStages(['old']);
  assert.ok(!existsSync(join(workspace.folder, 'old')));
  assert.ok(existsSync(join(workspace.folder, 'mine')));
});

test('run.json that is missing, torn or of another form is no record', async () => {
  assert.equal(await workspace.readRun(), undefined);
  mkdirSync(workspace.folder, { recursive: true });
  for (const text of ['', '{"stages":', '[]', '{"stages":{"a":1}}']) {
    writeFileSync(join(workspace.folder, 'run.json'), text);
    assert.equal(await workspace.readRun(), undefined);
  }
});

test('metrics.json that is missing, torn or of another form has no metrics', async () => {
  assert.deepEqual(await workspace.readMetrics(), {});
  for (const text of ['{"a": {"mse": 0.', '[]', '{"a": 3}', '{"a": {"mse": "low"}}']) {
    await workspace.writeText('metrics.json', text);
    assert.deepEqual(await workspace.readMetrics(), {}, text);
  }
  await workspace.writeJson('metrics.json', { a: { mse: 0.5 } });
  assert.deepEqual(await workspace.readMetrics(), { a: { mse: 0.5 } });
});
