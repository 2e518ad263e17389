/**
 * Installing, with small stand-ins for pip, the wheel and the compiler. Where TensorFlow itself is needed, it is the one that is
 * installed on this machine, by the same code.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { ensureEngine } from '../../src/engine/install.ts';
import { readEngineRecord } from '../../src/engine/location.ts';
import { unpackWheel } from '../../src/engine/install/unpack.ts';
import { PLATFORM, WHEELS, type WheelPin } from '../../src/engine/pins.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

const PIN: WheelPin = {
  ...(WHEELS['linux-x64'] ?? { name: '', tag: '', sha256: '', megabytes: 1 }),
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
};

const MEMBERS: Readonly<Record<string, string>> = {
  'tensorflow/libtensorflow_cc.so.2': 'the library',
  'tensorflow/libtensorflow_framework.so.2': 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// header',
  'tensorflow/include/other/unused.h': '// not needed',
  'tensorflow/python/__init__.py': 'not needed',
};

/** A zip file without compression. */
function zip(members: Readonly<Record<string, string>>): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const [path, data] = [Buffer.from(name), Buffer.from(text)];
    const sizes = Buffer.alloc(16);
    sizes.writeUInt32LE(crc32(data), 0);
    sizes.writeUInt32LE(data.length, 4);
    sizes.writeUInt32LE(data.length, 8);
    sizes.writeUInt16LE(path.length, 12);
    const common = Buffer.from([20, 0, 0, 0, 0, 0, 0, 0, 33, 0]);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, sizes, path, data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, sizes, place, path]));
    files.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, entries, end]);
}

const isFailure = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, 'engine-install-failed');
  assert.match(error.message, pattern);
  return true;
};

test('of a wheel, the libraries and the headers of the C interface are unpacked, and nothing else', async (t) => {
  const folder = temporaryFolder(t);
  const wheel = join(folder, 'a.whl');
  writeFileSync(wheel, zip(MEMBERS));
  const target = join(folder, 'engine');
  mkdirSync(target);
  await unpackWheel(wheel, target, PIN, () => undefined, new AbortController().signal);
  assert.deepEqual(readdirSync(target, { recursive: true }).sort(), [
    'include',
    'include/tensorflow',
    'include/tensorflow/c',
    'include/tensorflow/c/c_api.h',
    ...PIN.libraries,
  ]);
  assert.equal(readFileSync(join(target, PIN.libraries[0]), 'utf8'), 'the library');
});

test('a wheel without a library, a damaged one, or another file is refused; paths lead nowhere else', async (t) => {
  const folder = temporaryFolder(t);
  const target = join(folder, 'engine');
  mkdirSync(target);
  const { 'tensorflow/libtensorflow_cc.so.2': library = '', ...rest } = MEMBERS;
  const whole = zip(MEMBERS);
  const cases: Readonly<Record<string, Buffer>> = {
    'no library': zip(rest),
    'no zip': Buffer.from('<html>not found</html>'),
    'half a zip': whole.subarray(0, whole.length / 2),
    empty: Buffer.alloc(0),
    escape: zip({ ...rest, 'tensorflow/include/tensorflow/c/../../../../../escaped.h': library }),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const wheel = join(folder, 'bad.whl');
    writeFileSync(wheel, bytes);
    const unpacking = unpackWheel(wheel, target, PIN, () => undefined, new AbortController().signal);
    await assert.rejects(unpacking, isFailure(/wheel/), name);
  }
  assert.ok(!existsSync(join(folder, 'escaped.h')));
});

interface Stage {
  readonly cache: string;
  /** Runs `ensureEngine` in a process of its own, with stand-ins on its path. */
  ensure(choice: string, env?: Readonly<Record<string, string>>): Promise<Ensured>;
  /** A program of the path; `text` is a shell script. */
  program(name: string, text: string): void;
  /** How often a stand-in was called. */
  calls(name: string): number;
}

interface Ensured {
  readonly identity?: { readonly kind: string; readonly version: string };
  readonly warning?: { readonly code: string; readonly message: string };
  readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string };
}

const ENSURE = `
const { ensureEngine } = await import(${JSON.stringify(fileURLToPath(new URL('../../src/engine/install.js', import.meta.url)))});
try {
  console.log(JSON.stringify(await ensureEngine(process.argv[1], () => undefined, new AbortController().signal)));
} catch (error) {
  console.log(JSON.stringify({ failure: error.diagnostics?.[0] ?? { code: 'bug', message: String(error.stack) } }));
}`;

/** A machine with an empty cache, whose path has only what the test puts there. */
function stage(t: TestContext): Stage {
  const folder = temporaryFolder(t);
  const bin = join(folder, 'bin');
  const cache = join(folder, 'cache');
  mkdirSync(bin);
  // Without a network in tests, tfjs-node's own installer cannot do anything but fail; this makes it fail at once.
  const environment = { HOURGLASS_CACHE: cache, PATH: bin, HOME: folder, https_proxy: 'http://127.0.0.1:9' };
  return {
    cache,
    ensure: (choice, env = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', ENSURE, '--', choice], {
          env: { ...environment, ...env },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (text) => (output += String(text)));
        child.on('error', reject);
        child.on('close', () => {
          try {
            resolve(JSON.parse(output) as Ensured);
          } catch {
            reject(new Error(output));
          }
        });
      }),
    program(name, text) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho x >> "${join(folder, `${name}.calls`)}"\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    },
    calls: (name) => {
      const path = join(folder, `${name}.calls`);
      return existsSync(path) ? readFileSync(path, 'utf8').length / 2 : 0;
    },
  };
}

test('without pip and compiler: `native` says what to install, `auto` falls back once and remembers', async (t) => {
  const machine = stage(t);
  const native = await machine.ensure('native');
  assert.equal(native.failure?.code, 'engine-install-failed');
  assert.match(native.failure.message, /pip/);
  assert.match(native.failure.message, process.platform === 'darwin' ? /xcode-select/ : /apt install/);

  machine.program('python3', 'exit 1');
  const first = await machine.ensure('auto');
  assert.equal(first.identity?.kind, 'portable');
  assert.equal(first.warning?.code, 'engine-portable');
  const calls = machine.calls('python3');
  assert.ok(calls > 0);
  const second = await machine.ensure('auto');
  assert.equal(second.identity?.kind, 'portable');
  assert.equal(second.warning?.code, 'engine-portable');
  assert.equal(machine.calls('python3'), calls, 'a failed attempt is not repeated at each run');
  assert.equal((await machine.ensure('portable')).warning, undefined, 'who asks for it is not warned');
});

test('a download that is not the pinned file is not used', async (t) => {
  const machine = stage(t);
  const wheel = join(machine.cache, '..', 'other.whl');
  writeFileSync(wheel, zip(MEMBERS));
  machine.program(
    'python3',
    `for last; do :; done; case "$*" in *--version*) exit 0;; esac\nwhile [ "$1" != -d ]; do shift; done\n/bin/cp "${wheel}" "$2/other.whl"`,
  );
  const { failure } = await machine.ensure('native');
  assert.match(failure?.message ?? '', /SHA-256/);
  assert.deepEqual(leftovers(machine), []);
});

test('a wheel that the user names is unpacked; without a compiler that is said', async (t) => {
  const machine = stage(t);
  const wheel = join(machine.cache, '..', 'mine.whl');
  writeFileSync(wheel, zip(MEMBERS));
  const missing = await machine.ensure('native', { HOURGLASS_ENGINE_WHEEL: wheel });
  assert.match(missing.failure?.message ?? '', /compiler/);
  machine.program(
    'c++',
    'case "$*" in *--version*) exit 0;; esac\necho "x.cc:1: error: no such thing"; exit 1',
  );
  const failing = await machine.ensure('native', { HOURGLASS_ENGINE_WHEEL: wheel });
  assert.match(failing.failure?.message ?? '', /no such thing/);
  const absent = await machine.ensure('native', { HOURGLASS_ENGINE_WHEEL: `${wheel}.none` });
  assert.equal(absent.failure?.code, 'engine-install-failed');
  assert.deepEqual(leftovers(machine), []);
});

/** What is in the engine's folder besides the record of a refusal. */
function leftovers({ cache }: Stage): readonly string[] {
  const folder = join(cache, 'engine');
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.refused.json')) : [];
}

/** The folder of this machine's own engine, installed if it is not there. */
async function installedFolder(): Promise<string> {
  await ensureEngine('native', () => undefined, new AbortController().signal);
  const record = await readEngineRecord();
  assert.ok(record);
  return join(record.addon, '..');
}

test('a folder with libraries and a ready addon is used where it is', async (t) => {
  const machine = stage(t);
  const folder = await installedFolder();
  const { identity } = await machine.ensure('native', { HOURGLASS_ENGINE_DIR: folder });
  assert.deepEqual([identity?.kind, identity?.version], ['native', 'tensorflow 2.21.0']);
  assert.equal((await machine.ensure('auto')).identity?.kind, 'native', 'the record is kept');

  const empty = stage(t);
  const { failure } = await empty.ensure('native', { HOURGLASS_ENGINE_DIR: empty.cache });
  assert.match(failure?.message ?? '', /HOURGLASS_ENGINE_DIR/);
});

/** A compiler that takes its time, and then gives the addon of this machine's engine. */
async function slowCompiler(machine: Stage, seconds: number): Promise<Readonly<Record<string, string>>> {
  const folder = await installedFolder();
  const libraries = join(machine.cache, '..', 'libraries');
  mkdirSync(join(libraries, 'include'), { recursive: true });
  for (const name of WHEELS[PLATFORM]?.libraries ?? [])
    symlinkSync(join(folder, name), join(libraries, name));
  machine.program(
    'c++',
    `case "$*" in *--version*) exit 0;; esac\n/bin/sleep ${seconds}\nfor last; do :; done\n/bin/cp "${folder}/tfjs_binding.node" "$last"`,
  );
  return { HOURGLASS_ENGINE_DIR: libraries };
}

test('of several that install at once, one works and all get its engine', async (t) => {
  const machine = stage(t);
  const env = await slowCompiler(machine, 0.5);
  const results = await Promise.all(Array.from({ length: 4 }, () => machine.ensure('native', env)));
  for (const { identity, failure } of results) assert.equal(identity?.kind, 'native', failure?.message);
  assert.equal(machine.calls('c++'), 2, 'asked for its version, and called once');
});

test('a killed installation leaves no engine; the next one succeeds and cleans up', async (t) => {
  const machine = stage(t);
  const env = await slowCompiler(machine, 20);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', ENSURE, '--', 'native'], {
    env: { PATH: join(machine.cache, '..', 'bin'), HOURGLASS_CACHE: machine.cache, ...env },
    stdio: 'ignore',
  });
  while (machine.calls('c++') < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(leftovers(machine).filter((name) => name.includes('.tmp-')).length, 1);

  machine.program(
    'c++',
    `case "$*" in *--version*) exit 0;; esac\nfor last; do :; done\n/bin/cp "${await installedFolder()}/tfjs_binding.node" "$last"`,
  );
  const { identity } = await machine.ensure('native', env);
  assert.equal(identity?.kind, 'native');
  assert.deepEqual(
    leftovers(machine).filter((name) => name.includes('.tmp-')),
    [],
  );
});

test('the pins are SHA-256 hashes of distinct wheels', () => {
  const hashes = Object.values(WHEELS).map(({ sha256 }) => sha256);
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(new Set(hashes).size, hashes.length);
});
