/** Commands as a user meets them: exit codes, streams, JSON, and bad input of every kind. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pidNamespace } from '../../src/files/process.ts';
import { rig, TINY } from '../rig.ts';

/** Begins every colour. */
const ESCAPE = '\u001b';

const VALID = TINY.replace(/^ {2}model:[\s\S]*/m, '');

test('usage errors exit with 2 and a suggestion, and show no stack', async (t) => {
  const rigged = rig(t);
  for (const [args, expected] of [
    [['rnu', 'x.yaml'], /`run`/],
    [['runn', 'x.yaml'], /`run`, `runs`/],
    [['cache', 'clear'], /verify/],
    [['run'], /pipeline/],
    [['run', 'x.yaml', '--forse'], /--force/],
    [['run', 'x.yaml', '-j', '0'], /whole number/],
    [['run', 'x.yaml', '--engine', 'gpu'], /native/],
    [['clean'], /--all/],
    [['clean', 'nothing'], /nothing/],
    [['cache', 'gc'], /--max-size/],
    [['cache', 'gc', '--max-size', 'much'], /2GB/],
    [['cache', 'status', '--max-size', '1GB'], /--max-size/],
    [['cache', 'verify', '--dry-run'], /--dry-run/],
    [['schema', '--stage', 'trian'], /`train`/],
    [['schema', 'train'], /schema --stage train/],
    [[], /command/],
  ] as const) {
    const { code, stderr } = await rigged.run(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

test('help and version go to stdout and exit with 0; each command shows examples', async (t) => {
  const rigged = rig(t);
  assert.match((await rigged.run(['--version'])).stdout, /^hourglass \d+\.\d+\.\d+\nengine: .+\n$/);
  for (const command of ['run', 'check', 'plan', 'explain', 'engine', 'schema', 'init', 'clean', 'cache']) {
    const { code, stdout } = await rigged.run([command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Examples:/);
  }
});

test('check names every mistake at its place, and exits with 2', async (t) => {
  const rigged = rig(t);
  rigged.write('bad.yaml', VALID.replace('kind: gaussian', 'knd: gaussian').replace('limit:', 'limits:'));
  const { code, json } = await rigged.runJson(['check', 'bad.yaml']);
  assert.equal(code, 2);
  assert.equal(json.status, 'invalid');
  const found = (json.files[0]?.diagnostics ?? []).map((item) => [item.code, item.line, item.column]);
  assert.deepEqual(found.slice(0, 2), [
    ['unknown-key', 6, 42],
    ['unknown-key', 7, 38],
  ]);
  const { stdout } = await rigged.run(['check', 'bad.yaml']);
  assert.match(stdout, /bad\.yaml:6:42 error: .*`limits`/);
  assert.match(stdout, /\^/);
});

test('valid files are said to be so; several are checked in one go', async (t) => {
  const rigged = rig(t);
  rigged.write('a.yaml', VALID);
  rigged.write('b.yaml', 'stages: 1\n');
  const { code, stdout } = await rigged.run(['check', 'a.yaml', 'b.yaml']);
  assert.equal(code, 2);
  assert.match(stdout, /a\.yaml: valid \(2 stages\)/);
  assert.match(stdout, /b\.yaml: 2 errors/);
});

for (const [name, text, code] of [
  ['empty', '', 'file-empty'],
  ['1 MB', `name: x\ndescription: "${'y'.repeat(1 << 20)}"\n`, 'file-too-large'],
  ['tabs', 'name: x\nstages:\n\tmnist: {}\n', 'yaml-syntax'],
  ['duplicate keys', `${VALID}seed: 8\n`, 'duplicate-key'],
  [
    'yes where true is meant',
    VALID.replace('limit: { train: 128, test: 32 }', 'normalize: yes'),
    'unknown-value',
  ],
  ['a limit of 0', VALID.replace('train: 128', 'train: 0'), 'out-of-range'],
  ['a limit of -1', VALID.replace('train: 128', 'train: -1'), 'out-of-range'],
  ['a limit in words', VALID.replace('train: 128', 'train: sixteen'), 'wrong-type'],
] as const) {
  test(`${name}: run refuses before anything is written`, async (t) => {
    const rigged = rig(t);
    rigged.write('p.yaml', text);
    const { code: exit, stderr, stdout } = await rigged.run(['run', 'p.yaml']);
    assert.equal(exit, 2);
    assert.equal(/\[([a-z-]+)\]/.exec(stderr)?.[1], code);
    assert.ok(!rigged.exists('outputs') && !rigged.exists('.hourglass'));
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
}

for (const [name, value, code] of [
  ['0', '0', 'out-of-range'],
  ['-1', '-1', 'out-of-range'],
  ['in words', 'sixteen', 'wrong-type'],
] as const) {
  test(`a latent size ${name} is refused where it was given`, async (t) => {
    const rigged = rig(t);
    rigged.write('p.yaml', TINY);
    const { code: exit, json } = await rigged.runJson([
      'check',
      'p.yaml',
      '-S',
      `params.latent_size=${value}`,
    ]);
    assert.equal(exit, 2);
    assert.equal(json.files[0]?.diagnostics[0]?.code, code);
    assert.match(JSON.stringify(json.files[0]?.diagnostics[0]), new RegExp(`-S params.latent_size=${value}`));
  });
}

test('a missing file, a folder and bad YAML are different errors', async (t) => {
  const rigged = rig(t);
  mkdirSync(rigged.path('folder.yaml'));
  const codes = [];
  for (const file of ['none.yaml', 'folder.yaml']) {
    const { code, json } = await rigged.runJson(['run', file]);
    assert.equal(code, 2);
    codes.push(json.diagnostics[0]?.code);
  }
  assert.deepEqual(codes, ['file-not-found', 'file-unreadable']);
});

test('a truncated data file is refused before anything runs, with the place, and nothing half-written', async (t) => {
  const rigged = rig(t);
  rigged.write('data/images', Buffer.from([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3]));
  rigged.write(
    'p.yaml',
    'name: p\nstages:\n  own: { type: dataset, source: idx, train_images: data/images }\n',
  );
  const { code, json } = await rigged.runJson(['run', 'p.yaml']);
  const [first] = json.diagnostics;
  assert.deepEqual([code, first?.code, first?.line, first?.column], [2, 'data-corrupt', 3, 52]);
  assert.ok(!rigged.exists('outputs/p/own'));
});

test('a damaged picture fails its stage, with the place, and nothing half-written', async (t) => {
  const rigged = rig(t);
  rigged.write('pictures/a.png', 'no picture');
  rigged.write(
    'p.yaml',
    'name: p\nstages:\n  own: { type: dataset, source: images, path: pictures, size: [2, 2] }\n',
  );
  const { code, json } = await rigged.runJson(['run', 'p.yaml']);
  const [first] = json.diagnostics;
  assert.deepEqual([code, first?.line, first?.stage], [1, 3, 'own']);
  assert.ok(!rigged.exists('outputs/p/own'));
  const { stderr } = await rigged.run(['run', 'p.yaml', '-S', 'seed=4']);
  assert.match(stderr, /hourglass run p\.yaml -S seed=4/);
});

test('outputs that cannot be written are refused with exit code 1', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  rigged.write('taken', 'a file');
  const { code, json } = await rigged.runJson(['run', 'p.yaml', '-o', 'taken']);
  assert.equal(code, 1);
  assert.equal(json.diagnostics[0]?.code, 'output-not-writable');
  assert.equal(rigged.read('taken'), 'a file');
});

test('results go to stdout, progress to stderr; NO_COLOR and --no-color leave no escapes', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  const { stdout, stderr } = await rigged.run(['run', 'p.yaml']);
  assert.match(stdout, /done in/);
  assert.match(stderr, /noisy/);
  assert.ok(!(stdout + stderr).includes(ESCAPE));
  const colored = await rigged.run(['plan', 'p.yaml'], { env: { FORCE_COLOR: '1' } });
  assert.ok(colored.stdout.includes(ESCAPE));
  for (const [args, env] of [
    [['plan', 'p.yaml', '--no-color'], { FORCE_COLOR: '1' }],
    [['plan', 'p.yaml'], { FORCE_COLOR: '1', NO_COLOR: '1' }],
  ] as const) {
    assert.ok(!(await rigged.run(args, { env })).stdout.includes(ESCAPE));
  }
});

test('quiet prints the result only, verbose more', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  assert.equal((await rigged.run(['run', 'p.yaml', '-q'])).stderr, '');
  assert.match((await rigged.run(['run', 'p.yaml', '-v', '--force'])).stderr, /mnist: started/);
});

test('dry runs and plans write nothing', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  assert.match((await rigged.run(['run', 'p.yaml', '-n'])).stdout, /2 stages to run/);
  assert.match((await rigged.run(['plan', 'p.yaml', '--mermaid'])).stdout, /^flowchart LR/);
  assert.equal((await rigged.run(['plan', 'p.yaml', 'nosy'])).code, 2);
  assert.ok(!rigged.exists('outputs') && !rigged.exists('.hourglass'));
});

test('clean removes outputs by name, and unreferenced results from the cache', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  rigged.write('q.yaml', VALID.replace('name: tiny', 'name: q').replace('seed: 7', 'seed: 8'));
  rigged.write('outputs/notes/mine.txt', 'not ours');
  await rigged.run(['run', 'p.yaml']);
  await rigged.run(['run', 'q.yaml']);
  await rigged.run(['clean', 'q', '--dry-run']);
  assert.ok(rigged.exists('outputs/q'));
  await rigged.run(['clean', 'q']);
  assert.ok(!rigged.exists('outputs/q') && rigged.exists('outputs/tiny'));
  const { json } = await rigged.runJson(['clean', '--cache']);
  assert.equal(json.cache.entries, 1, "the other pipeline's noise; the data set is shown");
  assert.match((await rigged.run(['run', 'p.yaml'])).stdout, /nothing to do/);
  await rigged.run(['clean', '--all']);
  assert.ok(!rigged.exists('outputs/tiny') && rigged.exists('outputs/notes/mine.txt'));
  assert.equal((await rigged.run(['clean', '../outputs'])).code, 2);
});

test('clean keeps files of the user in outputs, also after a stage was renamed or its folder replaced', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  await rigged.run(['run', 'p.yaml']);
  const mine = [
    'outputs/tiny/notes.txt',
    'outputs/tiny/mine/deep/a.txt',
    'outputs/tiny/noisy/notes.txt',
    'outputs/tiny/trials/notes.txt',
  ];
  for (const path of mine) rigged.write(path, 'years of work');
  rigged.write('p.yaml', VALID.replace('  noisy:', '  louder:'));
  assert.equal((await rigged.run(['run', 'p.yaml'])).code, 0);
  rmSync(rigged.path('outputs/tiny/louder'), { recursive: true });
  rigged.write('outputs/tiny/louder', 'a file in the place of a folder');
  const { json } = await rigged.runJson(['clean', 'tiny']);
  assert.deepEqual(
    json.outputs[0]?.kept.toSorted(),
    ['louder', 'mine', 'noisy', 'notes.txt', 'trials/notes.txt'].toSorted(),
  );
  for (const path of [...mine, 'outputs/tiny/louder']) assert.ok(rigged.exists(path), path);
  assert.ok(!rigged.exists('outputs/tiny/run.json') && !rigged.exists('outputs/tiny/mnist'));
});

test('clean also accepts files, and leaves the outputs of an active run', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  await rigged.run(['run', 'p.yaml']);
  const owner = {
    pid: process.pid,
    host: hostname(),
    space: pidNamespace(),
    processStart: '',
    since: '2026-01-01T00:00:00Z',
  };
  rigged.write('.hourglass/locks/tiny.lock', JSON.stringify(owner));
  for (const args of [['p.yaml'], ['--all'], ['--cache']]) {
    const { code, json } = await rigged.runJson(['clean', ...args]);
    assert.equal(code, 1);
    assert.equal(json.diagnostics[0]?.code, 'run-locked');
  }
  assert.equal((await rigged.run(['clean', '--all', '--dry-run'])).code, 0);
  assert.ok(rigged.exists('outputs/tiny/run.json'));
  rmSync(rigged.path('.hourglass/locks/tiny.lock'));
  const { json } = await rigged.runJson(['clean', 'p.yaml']);
  assert.deepEqual(
    json.outputs.map(({ name, bytes }) => [name, bytes > 0]),
    [['tiny', true]],
  );
  assert.ok(!rigged.exists('outputs/tiny') && rigged.exists('.hourglass/store'));
  assert.equal((await rigged.run(['clean', 'none.yaml'])).code, 2);
});

test('TensorFlow that cannot be installed is a failure of the machine, not of the call', async (t) => {
  const rigged = rig(t);
  const env = { HOURGLASS_CACHE: rigged.path('cache'), HOURGLASS_ENGINE_WHEEL: rigged.path('none.whl') };
  const { code, json } = await rigged.runJson(['engine', 'install'], { env });
  assert.equal(code, 1);
  assert.equal(json.status, 'failed');
  assert.equal(json.diagnostics[0]?.code, 'engine-install-failed');
  const removed = await rigged.run(['engine', 'remove'], { env });
  assert.equal(removed.code, 0);
});

test('the schema is one document; a stage type alone, too', async (t) => {
  const rigged = rig(t);
  const whole = JSON.parse((await rigged.run(['schema'])).stdout);
  assert.equal(whole.type, 'object');
  rigged.write('draft.yaml', 'name: draft\nstages: { a: { type: trian } }\n');
  assert.equal((await rigged.run(['schema', 'draft.yaml'])).stdout, `${JSON.stringify(whole, null, 2)}\n`);
  const train = JSON.parse((await rigged.run(['schema', '--stage', 'train'])).stdout);
  assert.equal(train.$ref, '#/definitions/train');
  assert.ok(train.definitions.train.properties.epochs);
});

test('code of plugins runs only if allowed', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'evil.mjs',
    `import { writeFileSync } from 'node:fs'; writeFileSync('canary', ''); export default {};`,
  );
  rigged.write('p.yaml', `${VALID}plugins: [./evil.mjs]\n`);
  const refused = await rigged.runJson(['run', 'p.yaml']);
  assert.equal(refused.code, 2);
  assert.equal(refused.json.diagnostics[0]?.code, 'plugin-refused');
  assert.ok(!rigged.exists('canary'));
  const invalid = await rigged.runJson(['run', 'p.yaml', '--allow-plugins']);
  assert.equal(invalid.json.diagnostics[0]?.code, 'plugin-invalid');
  assert.ok(rigged.exists('canary'));
});

test(
  'Ctrl-C exits with 130 and keeps finished work, and the next run continues',
  { timeout: 120_000 },
  async (t) => {
    const rigged = rig(t);
    rigged.write('p.yaml', TINY.replace('epochs: 2 }', 'epochs: 5000 }'));
    const { code } = await rigged.run(['run', 'p.yaml'], {
      steps: [{ when: /trained: .*epoch 2/, act: 'SIGINT' }],
    });
    assert.equal(code, 130);
    assert.equal(JSON.parse(rigged.read('outputs/tiny/run.json')).status, 'interrupted');
    assert.ok(!rigged.exists('outputs/tiny/trained'));
    const { json } = await rigged.runJson(['run', 'p.yaml', '-S', 'params.epochs=1']);
    const states = Object.fromEntries(json.stages.map(({ name, state }) => [name, state]));
    assert.deepEqual(
      [states.mnist, states.noisy, states.model, states.trained],
      ['cached', 'cached', 'cached', 'ran'],
    );
  },
);

test('mistakes of every kind are found at once: keys, references and shapes', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'p.yaml',
    TINY.replace('kind: gaussian', 'knd: gaussian')
      .replace('target_shape: [28, 28, 1]', 'target_shape: [28, 28, 2]')
      .replace('figure, kind: images, data: noisy', 'figure, kind: images, data: mnits'),
  );
  const { json } = await rigged.runJson(['check', 'p.yaml']);
  const codes = new Set(json.files[0]?.diagnostics.map(({ code }) => code));
  for (const code of ['unknown-key', 'shape-mismatch', 'unknown-stage']) assert.ok(codes.has(code), code);
  const lines = json.files[0]?.diagnostics.map(({ line }) => line ?? 0) ?? [];
  assert.deepEqual(
    lines,
    [...lines].sort((a, b) => a - b),
  );
});

test('the cache lists its content, finds damage, and makes room', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  await rigged.run(['run', 'p.yaml']);
  await rigged.run(['run', 'p.yaml', '-S', 'seed=8']);
  const status = await rigged.runJson(['cache', 'status']);
  assert.equal(status.code, 0);
  assert.equal(status.json.cache.entries, 3, 'a data set and two noises');
  const planned = await rigged.runJson(['cache', 'gc', '--max-size', '0', '--dry-run']);
  const collected = await rigged.runJson(['cache', 'gc', '--max-size', '0']);
  assert.deepEqual(collected.json.cache, planned.json.cache);
  assert.equal(collected.json.cache.entries, 1, 'what outputs show stays');
  assert.match((await rigged.run(['run', 'p.yaml', '-S', 'seed=8'])).stdout, /nothing to do/);
  assert.equal((await rigged.runJson(['cache', 'verify'])).code, 0);

  const store = rigged.path('.hourglass', 'store');
  const image = readdirSync(store, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('train-images.npy'),
  );
  assert.ok(image);
  chmodSync(join(store, image), 0o644);
  writeFileSync(join(store, image), 'no images');
  const { code, json } = await rigged.runJson(['cache', 'verify']);
  assert.equal(code, 3);
  assert.equal(json.diagnostics[0]?.code, 'cache-corrupt');
  assert.match((await rigged.run(['cache', 'status'])).stdout, /damaged, in quarantine +1 /);
});
