/** One rule of exit codes, for all commands. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT, exitCodeLines } from '../../src/cli/exit.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { rig, TINY, type Rig } from '../rig.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Runs calls one after the other in one process: starting one for each would take a minute. */
function codesOf({ folder }: Rig, calls: readonly (readonly string[])[]): readonly number[] {
  const program = `const { main } = await import(${JSON.stringify(MAIN)});
    const codes = [];
    for (const args of ${JSON.stringify(calls)}) codes.push(await main(args));
    process.stderr.write('\\ncodes ' + JSON.stringify(codes));`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.doesNotMatch(stderr, /internal-error|bug in Hourglass|^\s+at .*\(/m);
  return JSON.parse(/^codes (.*)$/m.exec(stderr)?.[1] ?? '[]') as number[];
}

const COMMANDS = ['run', 'check', 'plan', 'sweep', 'compare', 'report', 'pack', 'verify', 'schema', 'clean'];
const OTHERS = [
  ['init'],
  ['engine', 'status'],
  ['cache', 'status'],
  ['cache', 'verify'],
  ['cache', 'gc', '--max-size', '1GB'],
];

test('a wrong command line, or one that names something missing, does nothing and exits with 2', (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', TINY);
  rigged.write('invalid.yaml', TINY.replace('gaussian', 'gausian'));
  rigged.write('not-yaml.yaml', 'stages: [');
  rigged.write('folder.yaml/x', '');
  const calls = [
    ...COMMANDS.map((command) => [command, 'none.yaml']),
    ...COMMANDS.filter((command) => command !== 'init').map((command) => [command, 'folder.yaml']),
    ...COMMANDS.filter((command) => command !== 'verify').map((command) => [command, 'not-yaml.yaml']),
    ...['report', 'compare', 'clean'].map((command) => [command, 'nope']),
    ...[...COMMANDS.map((command) => [command, 'p.yaml']), ...OTHERS].map((call) => [...call, '--forse']),
    ...['run', 'plan'].map((command) => [command, 'p.yaml', 'nosy']),
    ...['run', 'check', 'plan', 'sweep', 'pack'].map((command) => [command, 'invalid.yaml']),
    ...['run', 'check', 'plan'].map((command) => [command, 'p.yaml', '-S', 'stages.none=1']),
    ['sweep', 'p.yaml'],
    ['pack', 'p.yaml'],
    ['report', 'p.yaml'],
    ['compare', 'p.yaml'],
    ['clean', 'p.yaml'],
    ['clean'],
    ['init', 'p.yaml'],
    ['schema', '--stage', 'trian'],
    ['verify', 'p.yaml', '--assignment', 'none.yaml'],
    ['cache', 'clear'],
    ['cache', 'gc'],
    ['cache', 'status', '--max-size', '1GB'],
    ['engine', 'start'],
    ['engine', 'install', '--engine', 'portable'],
    ['run', 'p.yaml', '--jobs', '0'],
    ['rnu', 'p.yaml'],
    [],
  ];
  const codes = codesOf(rigged, calls);
  assert.equal(codes.length, calls.length);
  calls.forEach((call, index) => {
    // An editor wants the schema of a file that is being written, and its stages may be anything.
    const isFine = call[0] === 'schema' && call.length === 2 && call[1] === 'invalid.yaml';
    assert.equal(codes[index], isFine ? EXIT.done : EXIT.invalid, call.join(' '));
  });
  assert.ok(!rigged.exists('outputs') && !rigged.exists('.hourglass'));
});

test('errors of the system exit with 1', (t) => {
  const rigged = rig(t);
  rigged.write('p.yaml', TINY);
  rigged.write('taken', 'a file');
  const calls = [
    ['run', 'p.yaml', 'mnist', '-o', 'taken'],
    ['init', 'taken/new'],
  ];
  assert.deepEqual(codesOf(rigged, calls), [EXIT.failed, EXIT.failed]);
});

test('the documents list the codes', () => {
  const page = readFileSync(join(packageRoot, 'docs', 'failures.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  assert.deepEqual(listed, Object.values(EXIT));
});

test('the help on Windows names no signals', () => {
  assert.match(exitCodeLines('linux').join('\n'), /SIGTERM/);
  assert.doesNotMatch(exitCodeLines('win32').join('\n'), /SIG[A-Z]|SIGTERM/);
  assert.match(exitCodeLines('win32').join('\n'), /Ctrl-C/);
});
