/** The program in printed commands: it works where it is typed, for each way of installing Hourglass. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { test, type TestContext } from 'node:test';
import { programName, type Start } from '../../src/cli/program.ts';
import { temporaryFolder } from '../nodes/context.ts';

const PACKAGE = 'hourglass-autoencoders';

interface Place {
  readonly cwd: string;
  readonly script: string;
  readonly bin: string;
  /** The printed program here, and in a folder below. */
  said(start?: Partial<Start>): readonly [string, string];
}

/** A folder with its own packages. `bin/hourglass.js` was started by the script in `.bin`, as with pnpm and on Windows. */
function place(t: TestContext): Place {
  const cwd = temporaryFolder(t);
  const root = join(cwd, 'node_modules', PACKAGE);
  const script = join(root, 'bin', 'hourglass.js');
  const bin = join(cwd, 'node_modules', '.bin', 'hourglass');
  for (const file of [script, bin]) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
  const said: Place['said'] = (start = {}) => {
    const whole = { script, root, cwd, env: {}, ...start };
    return [programName(cwd, whole), programName(join(cwd, 'below'), whole)];
  };
  return { cwd, script, bin, said };
}

/** As a shell of the system takes it. */
const typed = (path: string): string => path.replaceAll('/', sep);
const BY_PATH = [typed('node_modules/.bin/hourglass'), typed('../node_modules/.bin/hourglass')];

test("the program of a folder's packages is called by its path, whether it is a link or a script", (t) => {
  const { said, bin } = place(t);
  assert.deepEqual(said(), BY_PATH);
  assert.deepEqual(said({ script: bin }), BY_PATH);
});

test('it is called by its name where its folder is on the path', (t) => {
  const { said, bin } = place(t);
  const env = { PATH: ['/usr/bin', dirname(bin)].join(delimiter) };
  assert.deepEqual(said({ env }), ['hourglass', 'hourglass']);
  assert.deepEqual(said({ env, script: bin }), ['hourglass', 'hourglass']);
});

test("pnpm's folder of packages leads to the program of the project, and its global one does not", (t) => {
  const { cwd, said } = place(t);
  const root = join(cwd, 'node_modules', '.pnpm', 'x@1', 'node_modules', PACKAGE);
  const script = join(root, 'bin', 'hourglass.js');
  assert.deepEqual(said({ root, script }), BY_PATH);
  assert.deepEqual(said({ root, script, cwd: dirname(cwd) }), ['hourglass', 'hourglass']);
});

test('a global program is called by its name', (t) => {
  const { cwd, said } = place(t);
  const root = join(cwd, 'lib', 'node_modules', PACKAGE);
  for (const script of [join(cwd, 'bin', 'hourglass'), join(root, 'bin', 'hourglass.js')])
    assert.deepEqual(said({ root, script }), ['hourglass', 'hourglass']);
});

test('npx and scripts of npm run the package by its name', (t) => {
  const { said, bin } = place(t);
  for (const command of ['exec', 'run-script']) {
    const env = { npm_command: command, npm_config_user_agent: 'npm/11.0.0 node/v20', PATH: dirname(bin) };
    assert.deepEqual(said({ env, script: bin }), [`npx ${PACKAGE}`, `npx ${PACKAGE}`]);
  }
});

test('pnpm and yarn are named in the folder of package.json only, to which they go first', (t) => {
  const { said, bin } = place(t);
  for (const manager of ['pnpm', 'yarn']) {
    const env = { npm_config_user_agent: `${manager}/1.0.0 npm/? node/v20`, PATH: dirname(bin) };
    assert.deepEqual(said({ env }), [`${manager} hourglass`, BY_PATH[1]]);
  }
});

test('pnpm dlx is named, since its folder is not kept', (t) => {
  const { cwd, said } = place(t);
  const root = join(cwd, 'pnpm', 'dlx', 'x1y2', 'node_modules', PACKAGE);
  const env = { npm_config_user_agent: 'pnpm/9.0.0 npm/? node/v20' };
  const expected = `pnpm dlx ${PACKAGE}`;
  assert.deepEqual(said({ env, root, script: join(root, 'bin', 'hourglass.js') }), [expected, expected]);
});

test('in a checkout, Node is given the script', (t) => {
  const cwd = temporaryFolder(t);
  const start = { script: join(cwd, 'bin', 'hourglass.js'), root: cwd, cwd, env: {} };
  assert.equal(programName(cwd, start), 'node bin/hourglass.js');
  assert.equal(programName(join(cwd, 'below'), start), 'node ../bin/hourglass.js');
  assert.equal(programName(cwd, { ...start, script: '/usr/bin/hourglass' }), 'hourglass');
});
