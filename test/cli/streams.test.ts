/** Which output goes to which stream, and in which form; signals, and readers that close their end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { HOURGLASS, rig, TINY } from '../rig.ts';

const VALID = TINY.replace(/^ {2}model:[\s\S]*/m, '');
/** Such a test waits for what may never come if something is wrong. */
const PATIENT = { timeout: 120_000 };

const LONG = TINY.replace('epochs: 2 }', 'epochs: 5000 }');

test('with --json, stdout is always one document and stderr is empty', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  rigged.write('bad.yaml', VALID.replace('gaussian', 'gausian'));
  rigged.write('q.yaml', 'name: q\nstages:\n  own: { type: dataset, source: idx, train_images: none }\n');
  for (const [expected, ...args] of [
    [0, 'check', 'p.yaml'],
    [2, 'check', 'bad.yaml', 'p.yaml', 'none.yaml'],
    [0, 'plan', 'p.yaml'],
    [2, 'plan', 'bad.yaml'],
    [2, 'plan', 'p.yaml', 'nosy'],
    [0, 'run', 'p.yaml', '-v'],
    [0, 'run', 'p.yaml'],
    [2, 'run', 'bad.yaml'],
    [2, 'run', 'q.yaml'],
    [2, 'run', 'p.yaml', 'nosy'],
    [2, 'run'],
    [2, 'rnu'],
    [2, 'run', 'p.yaml', '--forse'],
    [0, 'schema'],
    [2, 'schema', '--stage', 'trian'],
    [0, 'init', 'new'],
    [2, 'init', 'new'],
    [2, 'check', '--watch', 'p.yaml'],
    [0, 'clean', 'tiny'],
    [2, 'clean', 'tiny'],
  ] as const) {
    const { code, stdout, stderr } = await rigged.run([...args, '--json']);
    const call = args.join(' ');
    assert.equal(code, expected, `${call}: ${stdout}`);
    assert.equal(stderr, '', call);
    const document: unknown = JSON.parse(stdout);
    assert.ok(typeof document === 'object' && document !== null, call);
  }
});

test('a second Ctrl-C ends at once; nothing of the run is left', PATIENT, async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', LONG);
  const { code } = await rigged.run(['run', 'p.yaml'], {
    steps: [
      { when: /trained: .*epoch 2/, act: 'SIGINT' },
      { when: /stopping/, act: 'SIGINT' },
    ],
  });
  assert.equal(code, 130);
  assert.ok(!rigged.exists('outputs/tiny/trained'));
});

test('SIGTERM exits with 143 and says what is kept and how to continue', PATIENT, async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', LONG);
  const { code, stderr } = await rigged.run(['run', 'p.yaml', '-S', 'seed=4'], {
    steps: [{ when: /trained: .*epoch 2/, act: 'SIGTERM' }],
  });
  assert.equal(code, 143);
  assert.match(stderr, /Kept: .*mnist/);
  assert.match(stderr, /^ {2}hourglass run p\.yaml -S seed=4$/m);
});

test('check --watch checks again after a change, also of a base, until it is stopped', PATIENT, async (t) => {
  const rigged = rig(t);
  rigged.write('base/p.yaml', VALID);
  rigged.write('q.yaml', 'extends: base/p.yaml\nname: q\n');
  const { code, stdout } = await rigged.run(['check', '--watch', 'q.yaml'], {
    steps: [
      { when: /waiting/, act: () => rigged.write('base/p.yaml', VALID.replace('gaussian', 'gausian')) },
      { when: /waiting/, act: () => rigged.write('base/p.yaml', VALID) },
      { when: /waiting/, act: 'SIGINT' },
    ],
  });
  assert.equal(code, 130);
  assert.deepEqual(
    stdout.split('\n').flatMap((line) => /^[✔✖] q\.yaml: (\w+)/u.exec(line)?.[1] ?? []),
    ['valid', '1', 'valid'],
  );
});

test('check --watch waits for a file that does not exist yet', PATIENT, async (t) => {
  const rigged = rig(t);
  const { code, stdout } = await rigged.run(['check', '--watch', 'later.yaml'], {
    steps: [
      { when: /waiting/, act: () => rigged.write('later.yaml', VALID) },
      { when: /waiting/, act: 'SIGTERM' },
    ],
  });
  assert.equal(code, 143);
  assert.match(stdout, /later\.yaml: valid/);
});

test('a reader that closes its end is not an error', async (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', VALID);
  for (const stream of ['stdout', 'stderr'] as const) {
    const args = stream === 'stdout' ? ['schema'] : ['run', 'p.yaml', '-v', '--force'];
    const child = spawn(process.execPath, [...HOURGLASS, ...args], {
      cwd: rigged.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child[stream].destroy();
    let other = '';
    child[stream === 'stdout' ? 'stderr' : 'stdout'].on('data', (text) => (other += String(text)));
    assert.deepEqual(await once(child, 'close'), [0, null]);
    if (stream === 'stdout') assert.equal(other, '');
    else assert.match(other, /done in/);
  }
});

test('warnings are shown before a run, do not fail it, and are in the JSON', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'p.yaml',
    TINY.replace('metrics: [mse, psnr, ssim] }', '}').replace(
      'quality: { type: evaluate, model: trained, data: noisy, target: mnist,',
      'quality: { type: evaluate, model: trained, data: mnist',
    ),
  );
  const checked = await rigged.run(['check', 'p.yaml']);
  assert.equal(checked.code, 0, checked.stdout);
  assert.match(checked.stdout, /valid \(9 stages, 1 warning\)/);
  const { code, stderr } = await rigged.run(['run', 'p.yaml', 'mnist']);
  assert.equal(code, 0);
  assert.ok(stderr.indexOf('clean-evaluation') < stderr.indexOf('✔ mnist'));
  const { json } = await rigged.runJson(['run', 'p.yaml', 'mnist']);
  assert.deepEqual(
    json.diagnostics.map((diagnostic) => diagnostic.code),
    ['clean-evaluation'],
  );
});
