/** The record, the terminal and the report after partial runs, failures and signals; and whose outputs they show. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RunRecord } from '../../src/artifacts/run-record.ts';
import { rig, type Rig } from '../rig.ts';
import { expectedNumbers, PLUGIN, writeNumbers } from './numbers.ts';

const ALL = { a: 1, b: 1, c: 1 };

function recordOf(rigged: Rig): RunRecord {
  return JSON.parse(rigged.read('outputs/numbers/run.json'));
}

function resultsOf(rigged: Rig): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(recordOf(rigged).stages).map(([name, { result }]) => [name, result]),
  );
}

const measured = (rigged: Rig): readonly string[] =>
  Object.keys(JSON.parse(rigged.read('outputs/numbers/metrics.json')));

test('a run of some stages says which others belong to earlier settings, and how to update them', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const run = (...args: readonly string[]) => rigged.run(['run', 'p.yaml', '--allow-plugins', ...args]);
  assert.equal((await run()).code, 0);
  const { stdout } = await run('-S', 'params.b=2', 'long');
  assert.match(stdout, /^outdated: measured .*params\.b 1 → 2/m);
  assert.match(stdout, /hourglass run p\.yaml -S params\.b=2 --allow-plugins$/m);
  assert.deepEqual(resultsOf(rigged), {
    first: 'current',
    long: 'current',
    measured: 'outdated',
    other: 'current',
  });
  assert.deepEqual(recordOf(rigged).stages['measured']?.changes, [
    { stage: 'long', path: 'params.b', before: 1, after: 2 },
  ]);
  assert.deepEqual(measured(rigged), ['first', 'long', 'other']);
  const page = rigged.read('outputs/numbers/report.html');
  assert.match(page, /Run in part/);
  assert.match(page, /3 of 4 stages/);
  assert.match(page, /params\.b 1 → 2/);

  // The same again has nothing to do, and says so only about the named stages.
  assert.match((await run('-S', 'params.b=2', 'long')).stdout, /^outdated: measured/m);
  const { json } = await rigged.runJson(['run', 'p.yaml', '--allow-plugins', '-S', 'params.b=2', 'long']);
  assert.equal(json.status, 'unchanged');

  // Back to its settings, without running it: its number is known.
  assert.equal((await run('long')).code, 0);
  assert.deepEqual([...new Set(Object.values(resultsOf(rigged)))], ['current']);
  const numbers = expectedNumbers({
    stages: { first: { value: 1 }, other: { data: 'first', value: 1 } },
  });
  assert.equal(JSON.parse(rigged.read('outputs/numbers/metrics.json')).other.sum, numbers['other']);
  assert.deepEqual(measured(rigged), ['first', 'long', 'measured', 'other']);
  assert.match(rigged.read('outputs/numbers/report.html'), />Finished</);
});

test('a changed note runs nothing, and is in the report', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const args = ['run', 'p.yaml', '--allow-plugins'];
  assert.equal((await rigged.run(args)).code, 0);
  const before = recordOf(rigged);
  const { code, json } = await rigged.runJson([
    ...args,
    ...['-S', 'notes=All *in* all', '-S', 'stages.first.notes=The first'],
  ]);
  assert.equal(code, 0);
  assert.deepEqual([...new Set(json.stages.map(({ state }) => state))], ['cached']);
  assert.deepEqual(
    Object.values(recordOf(rigged).stages).map(({ hash }) => hash),
    Object.values(before.stages).map(({ hash }) => hash),
  );
  const page = rigged.read('outputs/numbers/report.html');
  assert.match(page, /<p>All <em>in<\/em> all<\/p>/);
  assert.match(page, /aria-label="Notes on first"[^]*<p>The first<\/p>/);
  // A plugin does not see them, and its schema cannot have such a key.
  writeFileSync(rigged.path('count.mjs'), PLUGIN.replace('does: {', "notes: { type: 'string' }, does: {"));
  assert.match((await rigged.run(args)).stderr, /plugin-invalid/);
});

test('pack proposes the settings that were run, quoted for the shell', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const set = ['-S', 'params.a=2', '-S', "description=it's two words"];
  const told = /-S params\.a=2 -S 'description=it'\\''s two words'/;
  assert.equal((await rigged.run(['run', 'p.yaml', '--allow-plugins', ...set])).code, 0);
  const other = await rigged.run(['pack', 'p.yaml', '--allow-plugins']);
  assert.equal(other.code, 2);
  assert.match(other.stderr, new RegExp(`hourglass pack p\\.yaml ${told.source}`));
  assert.equal((await rigged.run(['pack', 'p.yaml', '--allow-plugins', ...set])).code, 0);

  // A part of other settings cannot be packed with either.
  const part = [...set, '-S', 'params.b=2'];
  assert.equal((await rigged.run(['run', 'p.yaml', '--allow-plugins', ...part, 'first'])).code, 0);
  for (const asked of [[], set, part]) {
    const refused = await rigged.run(['pack', 'p.yaml', '--allow-plugins', ...asked]);
    assert.equal(refused.code, 2, asked.join(' '));
    assert.match(refused.stderr, new RegExp(`hourglass run p\\.yaml ${told.source} -S params\\.b=2`));
  }
});

test('an interrupted stage says so, with its epochs, beside the result that it had', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const args = ['run', 'p.yaml', '--allow-plugins', '-j', '1'];
  assert.equal((await rigged.run(args)).code, 0);
  const stopped = await rigged.run([...args, '-S', 'params.b=2', '-S', 'stages.long.does=wait'], {
    steps: [{ when: /long: .*epoch 1/, act: 'SIGINT' }],
  });
  assert.equal(stopped.code, 130);
  assert.match(stopped.stderr, /long +interrupted, 1 epoch kept/);
  const { stages, status } = recordOf(rigged);
  assert.equal(status, 'interrupted');
  assert.deepEqual(
    [stages['long']?.state, stages['long']?.result, stages['long']?.epochsKept],
    ['interrupted', 'outdated', 1],
  );
  assert.equal(stages['measured']?.state, 'skipped');
  assert.match(rigged.read('outputs/numbers/report.html'), /interrupted, 1 epoch kept/);
  assert.deepEqual(measured(rigged), ['first', 'other']);
  const plan = await rigged.runJson(['plan', 'p.yaml', '--allow-plugins', '-S', 'params.b=2']);
  assert.equal(plan.json.stages.find(({ name }) => name === 'long')?.resume?.epoch, 1);
  assert.equal((await rigged.run([...args, '-S', 'params.b=2'])).code, 0);
  assert.deepEqual([...new Set(Object.values(resultsOf(rigged)))], ['current']);
});

test('a killed run leaves a record of its own settings, and claims no result of others for them', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const args = ['run', 'p.yaml', '--allow-plugins', '-j', '1'];
  assert.equal((await rigged.run(args)).code, 0);
  const killed = await rigged.run([...args, '-S', 'params.b=2', '-S', 'stages.long.does=wait'], {
    steps: [{ when: /long: .*epoch 1/, act: 'SIGKILL' }],
  });
  assert.equal(killed.code, null);
  assert.equal(recordOf(rigged).status, 'running');
  assert.equal(recordOf(rigged).stages['long']?.state, 'waiting');
  assert.deepEqual([resultsOf(rigged)['long'], resultsOf(rigged)['measured']], ['outdated', 'outdated']);
  assert.deepEqual(measured(rigged), ['first', 'other']);
  assert.equal((await rigged.run(['report', 'numbers'])).code, 0);
  assert.match(rigged.read('outputs/numbers/report.html'), /2 of 4 stages/);
});

test('piped output has each stage once; with --quiet, the list is in the result', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const count = (text: string): number => text.match(/^✔ \w+ /gmu)?.length ?? 0;
  const piped = await rigged.run(['run', 'p.yaml', '--allow-plugins']);
  assert.equal(count(piped.stdout + piped.stderr), 4);
  const quiet = await rigged.run(['run', 'p.yaml', '--allow-plugins', '--quiet', '--force']);
  assert.deepEqual([count(quiet.stdout), count(quiet.stderr)], [4, 0]);
});

test('another file of the same name is named before it is replaced; the same file elsewhere is not another', async (t) => {
  const rigged = rig(t);
  writeNumbers(rigged.folder, ALL, 'other');
  const warned = async (file: string, command = 'run'): Promise<boolean> => {
    const { code, json } = await rigged.runJson([command, file, '--allow-plugins', 'first']);
    assert.equal(code, 0);
    return json.diagnostics.some((diagnostic) => diagnostic.code === 'name-in-use');
  };
  assert.equal(await warned('p.yaml'), false);
  writeNumbers(rigged.folder, { ...ALL, a: 2 }, 'other', 'second.yaml');
  assert.equal(await warned('second.yaml', 'plan'), true);
  const { stderr } = await rigged.run(['run', 'second.yaml', '--allow-plugins', 'first']);
  const [warning, stage] = [stderr.indexOf('`p.yaml`'), stderr.indexOf('✔ first')];
  assert.ok(warning >= 0 && stage > warning, stderr);
  assert.equal(await warned('second.yaml'), false, 'told once');

  assert.match((await rigged.run(['report', 'p.yaml'])).stderr, /second\.yaml/);
  assert.doesNotMatch((await rigged.run(['report', 'second.yaml'])).stderr, /p\.yaml/);

  symlinkSync('second.yaml', rigged.path('link.yaml'));
  assert.equal(await warned('link.yaml'), false, 'a link');
  assert.equal(await warned(rigged.path('second.yaml')), false, 'an absolute path');
  mkdirSync(rigged.path('moved'));
  writeFileSync(rigged.path('moved/count.mjs'), PLUGIN);
  renameSync(rigged.path('second.yaml'), rigged.path('moved/second.yaml'));
  assert.equal(await warned('moved/second.yaml'), false, 'moved');
  rigged.write('second.yaml', 'name: others\n');
  assert.equal(await warned('moved/second.yaml'), false, 'another file took its place');
  assert.equal(await warned('p.yaml'), true, 'and back');
  rigged.write('moved/second.yaml', rigged.read('moved/second.yaml').replace('name: numbers', 'name: own'));
  assert.equal(await warned('p.yaml'), false, 'renamed since');
});
