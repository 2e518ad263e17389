import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
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

test('artifacts that were removed or changed are noticed', async () => {
  const entry = await entryOf({ 'a.txt': 'one', 'b.txt': 'two' });
  await workspace.publish('s', entry);
  rmSync(join(workspace.folder, 's', 'a.txt'));
  assert.ok(!(await workspace.shows('s', entry)));
  await workspace.publish('s', entry);
  assert.ok(await workspace.shows('s', entry));
  replaceFile('s/b.txt', 'mine');
  assert.ok(!(await workspace.shows('s', entry)));
});

/** As editors do: a new file under the old name. */
function replaceFile(path: string, text: string): void {
  const target = join(workspace.folder, path);
  rmSync(target, { force: true });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

const contentOf = (path: string): string => readFileSync(join(workspace.folder, path), 'utf8');

test('files of the user stay when results are published beside them', async () => {
  const first = await entryOf({ 'a.txt': 'one', 'previews/1.png': 'x' });
  await workspace.publish('s', first);
  replaceFile('s/notes.txt', 'mine');
  replaceFile('s/previews/notes.txt', 'mine too');
  assert.ok(await workspace.shows('s', first));
  assert.deepEqual(await workspace.publish('s', await entryOf({ 'a.txt': 'two' })), []);
  assert.deepEqual([contentOf('s/notes.txt'), contentOf('s/previews/notes.txt')], ['mine', 'mine too']);
  assert.equal(contentOf('s/a.txt'), 'two');
  assert.ok(!existsSync(join(workspace.folder, 's/previews/1.png')));
  await workspace.removeStages(['s']);
  assert.deepEqual(readdirSync(join(workspace.folder, 's')).sort(), ['notes.txt', 'previews']);
});

test('files of the user in the place of an artifact get another name', async () => {
  await workspace.publish('s', await entryOf({ 'a.txt': 'one', 'old/x.txt': 'x' }));
  replaceFile('s/a.txt', 'edited');
  replaceFile('s/b.txt', 'mine');
  replaceFile('s/b.txt.kept', 'earlier');
  replaceFile('s/previews', 'a file where a folder belongs');
  replaceFile('s/c.txt/deep.txt', 'a folder where a file belongs');
  const files = { 'a.txt': 'two', 'b.txt': 'new', 'previews/1.png': 'x', 'c.txt': 'c', old: 'a file now' };
  const entry = await entryOf(files);
  const moved = await workspace.publish('s', entry);
  assert.deepEqual([...moved].sort(), ['a.txt.kept', 'b.txt.kept-2', 'c.txt.kept', 'previews.kept']);
  assert.equal(contentOf('s/a.txt.kept'), 'edited');
  assert.equal(contentOf('s/b.txt.kept-2'), 'mine');
  assert.equal(contentOf('s/c.txt.kept/deep.txt'), 'a folder where a file belongs');
  for (const [path, text] of Object.entries(files)) assert.equal(contentOf(`s/${path}`), text);
  assert.ok(await workspace.shows('s', entry));
  assert.deepEqual((await workspace.foreignFiles()).length, 5);
});

test('an artifact that was copied, with another time, is not the file of a user', async () => {
  const first = await entryOf({ 'a.txt': 'one', 'b.txt': 'x' });
  await workspace.publish('s', first);
  for (const [name, text] of [['a.txt', 'one'] as const, ['b.txt', 'y'] as const]) {
    replaceFile(`s/${name}`, text);
    utimesSync(join(workspace.folder, 's', name), new Date(0), new Date(0));
  }
  assert.deepEqual(await workspace.foreignFiles(), ['s/b.txt']);
  assert.deepEqual(await workspace.publish('s', await entryOf({ 'a.txt': 'two' })), []);
  assert.deepEqual(readdirSync(join(workspace.folder, 's')).sort(), ['a.txt', 'b.txt']);
});

test('a linked folder is written to, and other files in it stay', async () => {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'thesis.txt'), 'years of work');
  mkdirSync(workspace.folder, { recursive: true });
  symlinkSync(elsewhere, join(workspace.folder, 's'));
  await workspace.publish('s', await entryOf({ 'a.txt': 'one' }));
  await workspace.publish('s', await entryOf({ 'b.txt': 'two' }));
  assert.deepEqual(readdirSync(elsewhere).sort(), ['b.txt', 'thesis.txt']);
  await workspace.removeStages(['s']);
  assert.deepEqual(readdirSync(elsewhere), ['thesis.txt']);
});

test('without a list, as earlier versions left it, read-only files are artifacts', async () => {
  await workspace.publish('s', await entryOf({ 'a.txt': 'one', 'old.txt': 'x' }));
  replaceFile('s/notes.txt', 'mine');
  rmSync(join(workspace.folder, '.artifacts'), { recursive: true });
  await workspace.publish('s', await entryOf({ 'a.txt': 'two' }));
  assert.deepEqual(readdirSync(join(workspace.folder, 's')).sort(), ['a.txt', 'notes.txt']);
});

test('no sequence of publishing and writing loses a file of the user', async () => {
  const paths = fc.constantFrom('a', 'b', 'd/a', 'd/b', 'e/f/a');
  const step = fc.oneof(
    fc.record({ publish: fc.dictionary(paths, fc.constantFrom('1', '2', '3'), { minKeys: 1 }) }),
    fc.record({ write: paths }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      rmSync(workspace.folder, { recursive: true, force: true });
      mkdirSync(join(workspace.folder, 's'), { recursive: true });
      const own: string[] = [];
      for (const each of steps) {
        if ('write' in each) {
          const text = `mine ${own.length}`;
          // Writing over a file of one's own loses it, which is nobody else's fault.
          const target = join(workspace.folder, 's', each.write);
          if (existsSync(target))
            own.splice(0, own.length, ...own.filter((one) => one !== contentOf(`s/${each.write}`)));
          replaceFile(`s/${each.write}`, text);
          own.push(text);
          continue;
        }
        const entry = await entryOf(each.publish as Record<string, string>);
        await workspace.publish('s', entry);
        assert.ok(await workspace.shows('s', entry));
        for (const [path, text] of Object.entries(each.publish)) assert.equal(contentOf(`s/${path}`), text);
      }
      const files = readdirSync(join(workspace.folder, 's'), { recursive: true, withFileTypes: true });
      const texts = new Set(
        files
          .filter((file) => file.isFile())
          .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')),
      );
      for (const text of own) assert.ok(texts.has(text), text);
    }),
    { numRuns: 40 },
  );
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

test('run.json that is missing, truncated or of another form is ignored', async () => {
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
