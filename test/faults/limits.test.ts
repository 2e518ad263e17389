/** Commands under limits of the system: they report what was refused. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import type { FromChecker } from '../../src/submission/limited.ts';
import { rig } from '../rig.ts';

const PROGRAM = join(packageRoot, 'bin', 'hourglass.js');
const PIPELINE = `name: small
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 16, test: 8 } }
  digits: { type: figure, kind: images, data: mnist, rows: 2, columns: 3 }
`;

const prepared = rig({ after });
before(() => {
  prepared.write('small.yaml', PIPELINE);
  const { code, stderr } = under('true', prepared.folder, 'run small.yaml');
  assert.equal(code, 0, stderr);
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs a command in a folder after a line of shell. */
function under(line: string, folder: string, command: string): Ended {
  const script = `${line}; exec "$@"`;
  const args = ['-c', script, 'sh', process.execPath, PROGRAM, ...command.split(' ')];
  const { status, stderr } = spawnSync('sh', args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  return { code: status, stderr };
}

/** A command that ended well, or with a problem that has a name. */
function assertTyped({ code, stderr }: Ended, what: string): void {
  assert.ok(code !== null && code <= 3, `${what}: ${code}: ${stderr}`);
  assert.doesNotMatch(stderr, /internal-error|node:internal|^ +at /m, what);
  if (code === 1) assert.match(stderr, /\[[a-z-]+\]|cannot start/, what);
}

/** Everything below a folder but the locks and temporary files that a command makes. */
function contents(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/locks|tmp|\.gitignore|CACHEDIR/.test(path))
    .sort();
}

test('with few open files, nothing that is shown is taken for unused or damaged', () => {
  const before = contents(prepared.path('.hourglass', 'store'));
  const commands = [
    [24, 'cache verify'],
    [30, 'cache gc --max-size 1kB'],
    [36, 'clean --cache'],
    [40, 'report small'],
  ] as const;
  for (const [files, command] of commands)
    assertTyped(under(`ulimit -n ${files}`, prepared.folder, command), `${command}, ${files}`);
  assert.deepEqual(contents(prepared.path('.hourglass', 'store')), before);
});

test('an archive is not to blame for few open files', async (t) => {
  const checker = join(packageRoot, 'dist', 'src', 'submission', 'checker.js');
  for (const files of [22, 40]) {
    const args = ['-c', `ulimit -n ${files}; exec "$@"`, 'sh', process.execPath, checker, `${process.pid}`];
    const child = spawn('sh', args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    t.after(() => child.kill());
    child.send({ type: 'check', options: {} });
    const answer = await new Promise<FromChecker | undefined>((resolve) => {
      child.once('message', resolve).once('close', () => resolve(undefined));
    });
    const code = answer?.type === 'refused' ? answer.diagnostics[0]?.code : answer?.type;
    assert.equal(code, 'system-limit', `${files}`);
  }
});

test('if only small files are allowed, a run says so and keeps existing files', () => {
  const shown = contents(prepared.path('outputs'));
  const ended = under('ulimit -f 0', prepared.folder, 'run small.yaml');
  assertTyped(ended, 'run');
  assert.equal(ended.code, 1);
  assert.deepEqual(contents(prepared.path('outputs')), shown);
});

test('a result that does not reach stdout is an error', () => {
  for (const command of ['cache status', '--help']) {
    const ended = under('exec >/dev/full', prepared.folder, command);
    assertTyped(ended, command);
    assert.equal(ended.code, 1, command);
  }
});

test('every command names a working folder that was removed', () => {
  for (const command of ['run small.yaml', 'init']) {
    mkdirSync(prepared.path('gone'));
    const ended = under('rmdir "$PWD"', prepared.path('gone'), command);
    assertTyped(ended, command);
    assert.notEqual(ended.code, 0, command);
  }
});

test('a project below the temporary folder is not taken for it', () => {
  const copy = prepared.path('copy');
  cpSync(prepared.path('outputs'), join(copy, 'outputs'), { recursive: true });
  rmSync(join(copy, 'outputs', 'small', 'run.json'));
  mkdirSync(join(copy, 'outputs', 'small', 'run.json'));
  const ended = under(`export TMPDIR='${prepared.folder}'`, copy, 'report small');
  assertTyped(ended, 'report');
  assert.doesNotMatch(ended.stderr, /TMPDIR/);
});
