/** `hourglass init`: the new folder is complete, valid, and works anywhere. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { TEMPLATE_NAMES } from '../../src/cli/init/templates.ts';
import { loadAssignment } from '../../src/submission/assignment.ts';
import { loadPipeline } from '../../src/config/load.ts';
import { isJsonObject, type Json } from '../../src/core/json.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { rig, type Rig } from '../rig.ts';

function textsIn(rigged: Rig, folder: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(rigged.path(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:yaml|md|json)$|ignore$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(rigged.folder.length + 1))
    .map((path) => ({ path, text: rigged.read(path) }));
}

for (const template of TEMPLATE_NAMES) {
  test(`init --template ${template}: valid pipelines that name nothing outside their folder`, async (t) => {
    const rigged = rig(t);
    assert.equal((await rigged.run(['init', 'mein Ordner', '--template', template])).code, 0);
    const texts = textsIn(rigged, 'mein Ordner');
    const names = texts.map(({ path }) => path);
    for (const { path, text } of texts) {
      assert.ok(!text.includes(packageRoot) && !text.includes(rigged.folder), path);
      assert.doesNotMatch(text, /\{\{|npx hourglass|\b(?:pipelines|examples)\/\w|templates\//, path);
      const schema = /^# yaml-language-server: \$schema=(.+)$/m.exec(text)?.[1];
      assert.equal(schema !== undefined, path.endsWith('.yaml') && !path.endsWith('assignment.yaml'), path);
      if (schema !== undefined) assert.ok(names.includes(path.replace(/[^/]+$/, schema)), path);
    }
    const pipelines = names.filter((path) => path.endsWith('.yaml') && !path.endsWith('assignment.yaml'));
    assert.ok(pipelines.length > 0);
    const { code, json } = await rigged.runJson(['check', ...pipelines, '--allow-plugins']);
    assert.equal(code, 0);
    assert.deepEqual(
      json.files.flatMap(({ diagnostics }) => diagnostics),
      [],
    );
    for (const path of ['README.md', '.gitignore']) assert.ok(rigged.exists(`mein Ordner/${path}`));
  });
}

test('the rules of the assignment are valid, and what they let students change is in the pipeline', async (t) => {
  const rigged = rig(t);
  assert.equal((await rigged.run(['init', 'course', '--template', 'assignment'])).code, 0);
  const { base, editable, seed } = await loadAssignment(rigged.path('course/assignment.yaml'));
  assert.equal(base, rigged.path('course/hand-out/denoising.yaml'));
  assert.equal(seed, 'student_number');
  const { located } = await loadPipeline(base, { stageTypes: stageTypes(false) });
  for (const path of editable) {
    let found: Json | undefined = located?.resolved;
    for (const key of path.split('.')) found = isJsonObject(found) ? found[key] : undefined;
    assert.notEqual(found, undefined, path);
  }
});

test('init overwrites nothing, and writes nothing then', async (t) => {
  const rigged = rig(t);
  rigged.write('mine/README.md', 'my notes');
  assert.equal((await rigged.run(['init', 'mine'])).code, 2);
  assert.deepEqual(readdirSync(rigged.path('mine')), ['README.md']);
  assert.equal(rigged.read('mine/README.md'), 'my notes');
});

test('init takes a folder of pictures as it is', async (t) => {
  const rigged = rig(t);
  rigged.write('images/mine.png', 'not read by init');
  assert.equal((await rigged.run(['init', '--template', 'own-images'])).code, 0);
  assert.deepEqual(readdirSync(rigged.path('images')), ['mine.png']);
  assert.ok(rigged.exists('own-images.yaml'));
});

test('init makes only folders that work on every system, and prints a name that `cd` accepts', async (t) => {
  const rigged = rig(t);
  for (const name of ['con', 'NUL.txt', 'a:b', 'x.', 'what?'])
    assert.match((await rigged.run(['init', name])).stderr, /\[reserved-name\]/);
  assert.equal((await rigged.run(['init', ''])).code, 2);
  for (const name of ['con', 'a:b', 'quickstart.yaml']) assert.ok(!rigged.exists(name));
  const { stdout } = await rigged.run(['init', '--', '-x']);
  assert.match(stdout, /^ {2}cd \.\/-x$/m);
  assert.ok(rigged.exists('-x/quickstart.yaml'));
});

test('init says that a file is in the way, and how to name another folder', async (t) => {
  const rigged = rig(t);
  rigged.write('notes', 'mine');
  for (const folder of ['notes', 'notes/below', 'x'.repeat(300)]) {
    const { code, stderr } = await rigged.run(['init', folder]);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stderr, /--outputs/);
  }
  assert.equal((await rigged.run(['init', 'notes'])).code, 2);
});
