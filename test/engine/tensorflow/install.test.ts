/**
 * Installing, with small stand-ins for pip, the wheel and the compiler. If TensorFlow itself is needed, it is the one that is
 * installed on this machine, by the same code.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { EnsuredEngine } from '../../../src/engine/tensorflow/install.ts';
import { engineFolder } from '../../../src/engine/tensorflow/location.ts';
import { PLATFORM, TENSORFLOW_VERSION, WHEELS } from '../../../src/engine/tensorflow/pins.ts';
import { Machine, installedFolder, until, type Outcome } from '../machine.ts';
import { loopback } from '../../loopback.ts';
import { library } from './library.ts';
import { MEMBERS, PIN, zip } from './wheel.ts';

function assertFails({ failure }: Outcome<EnsuredEngine>, pattern: RegExp): void {
  assert.equal(failure?.code, 'engine-install-failed');
  assert.match(`${failure.message} ${failure.hint ?? ''}`, pattern);
}

function assertNative({ value, failure }: Outcome<EnsuredEngine>): void {
  assert.equal(value?.identity.kind, 'native', failure?.message);
  assert.equal(value.notice, undefined);
}

test('without pip, `native` says what to install', async (t) => {
  const machine = new Machine(t);
  const result = await machine.ensure('native');
  assertFails(result, /pip/);
  assertFails(result, process.platform === 'darwin' ? /xcode-select/ : /apt install/);
  assert.deepEqual(machine.engines(), []);
});

test('`auto` falls back with a notice, and does not try again at each run', async (t) => {
  const machine = new Machine(t);
  machine.program('python3', 'exit 1');
  for (const attempt of ['first', 'second']) {
    const { value } = await machine.ensure('auto');
    assert.equal(value?.identity.kind, 'portable', attempt);
    assert.match(value.notice ?? '', /engine install.*pip/s, attempt);
    assert.equal(machine.calls('python3').length, 1, attempt);
  }
  assert.equal((await machine.ensure('portable')).value?.notice, undefined, 'who asks for it knows');
  await machine.ensure('native');
  assert.equal(machine.calls('python3').length, 2, 'who insists gets another attempt');
});

test('`auto` falls back also where that cannot be remembered', async (t) => {
  const machine = new Machine(t);
  mkdirSync(join(machine.cache, 'engine', `${engineName()}.refused.json`), { recursive: true });
  const { value } = await machine.ensure('auto');
  assert.equal(value?.identity.kind, 'portable');
});

/** The name of an engine's folder in the cache. */
function engineName(): string {
  return basename(engineFolder());
}

test('a pip that fails is quoted; the way around it is named', async (t) => {
  const machine = new Machine(t);
  machine.python('echo Collecting; echo "ERROR: no such index" >&2; exit 1');
  const result = await machine.ensure('native');
  assertFails(result, /no such index/);
  assertFails(result, /HOURGLASS_ENGINE_WHEEL/);
  assert.deepEqual(machine.engines(), []);
});

test('a pip that gives nothing, or not the pinned file, installs nothing', async (t) => {
  const machine = new Machine(t);
  machine.python('exit 0');
  assertFails(await machine.ensure('native'), /no wheel/);
  machine.pipGives(zip(MEMBERS));
  assertFails(await machine.ensure('native'), /SHA-256/);
  assert.deepEqual(machine.engines(), []);
});

test('a package index that sends another file than the pinned one ends the installation', async (t) => {
  const python = ['python3', 'python'].find(
    (name) => spawnSync(name, ['-m', 'pip', '--version']).status === 0,
  );
  assert.ok(python, 'these tests need pip');
  const pin = WHEELS[PLATFORM];
  assert.ok(pin);
  const name = `${pin.name.replaceAll('-', '_')}-${TENSORFLOW_VERSION}-cp311-cp311-${pin.tag}.whl`;
  const index = await loopback(t, (request, response) => {
    if (request.url?.endsWith('.whl') === true) response.end(zip(MEMBERS));
    else response.setHeader('content-type', 'text/html').end(`<a href="/files/${name}">${name}</a>`);
  });
  const machine = new Machine(t);
  const env = {
    PIP_INDEX_URL: `${index.url}/simple`,
    PIP_CONFIG_FILE: '/dev/null',
    NO_PROXY: '127.0.0.1',
    PATH: process.env['PATH'] ?? '',
  };
  for (const choice of ['native', 'auto']) {
    const before = index.requests.length;
    const running = machine.startEnsure(choice, env);
    const { value, failure } = await running.outcome;
    assert.ok(
      index.requests.slice(before).some((url) => url.endsWith('.whl')),
      index.requests.join(),
    );
    // The portable engine is part of Hourglass; nothing else is fetched.
    if (choice === 'native') assert.equal(failure?.code, 'engine-install-failed');
    else assert.equal(value?.identity.kind, 'portable');
    assert.ok((failure?.message ?? value?.notice ?? '').includes(pin.sha256));
    assert.ok(!running.steps.some((step) => step.includes('installer')));
    assert.deepEqual(machine.engines(), []);
  }
});

test('the pinned wheel is downloaded with its hash, unpacked, compiled and kept; removed, nothing is left', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler();
  assertNative(await machine.ensure('auto', env));
  const [, download = ''] = machine.calls('python3');
  for (const option of ['download', '--require-hashes', '--no-deps', '--only-binary=:all:'])
    assert.ok(download.split(' ').includes(option), option);
  assert.deepEqual(machine.engines(), [engineName()]);
  assert.deepEqual(
    readdirSync(join(machine.cache, 'engine', engineName())).sort(),
    ['engine.json', 'include', 'tfjs_binding.node', ...PIN.libraries].sort(),
    'the download does not stay; the headers do, for the kernels',
  );

  assertNative(await machine.ensure('native'));
  assert.equal(machine.calls('python3').length, 2, 'it is there, and is not installed again');

  assert.equal((await machine.remove()).value, true);
  assert.deepEqual(machine.engines(), []);
  assert.equal((await machine.remove()).value, false);
});

test('libraries are stripped when they are unpacked, and those of an older version when something is installed beside them', async (t) => {
  const machine = new Machine(t);
  const whole = readFileSync(library(t).path);
  const [name] = PIN.libraries;
  const env = machine.pipGives(zip({ ...MEMBERS, [`tensorflow/${name}`]: whole }));
  await machine.workingCompiler();
  assertNative(await machine.ensure('native', env));
  const folder = join(machine.cache, 'engine', engineName());
  const { size } = statSync(join(folder, name));
  assert.ok(size < whole.length);

  writeFileSync(join(folder, name), whole);
  // With these, there are kernels to compile.
  mkdirSync(join(folder, 'include', 'xla', 'ffi', 'api'), { recursive: true });
  writeFileSync(join(folder, 'include', 'xla', 'ffi', 'api', 'ffi.h'), '');
  assertNative(await machine.ensure('native', env));
  assert.equal(statSync(join(folder, name)).size, size);
});

test('to remove the engine also forgets a failed attempt', async (t) => {
  const machine = new Machine(t);
  machine.program('python3', 'exit 1');
  await machine.ensure('auto');
  await machine.remove();
  await machine.ensure('auto');
  assert.equal(machine.calls('python3').length, 2);
});

test('a wheel that the user names is unpacked; a missing compiler or its errors are reported', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_WHEEL: machine.file('mine.whl', zip(MEMBERS)) };
  const missing = await machine.ensure('native', env);
  assertFails(missing, /compiler/);
  assertFails(missing, process.platform === 'darwin' ? /xcode-select/ : /g\+\+/);
  machine.compiler('echo "x.cc:1: error: no such thing"; echo "1 error generated."; exit 1');
  assertFails(await machine.ensure('native', env), /no such thing/);
  machine.compiler('echo "not a library" > "$last"');
  assertFails(await machine.ensure('native', env), /tfjs_binding\.node/);
  assert.deepEqual(machine.engines(), []);
  assert.deepEqual(machine.calls('python3'), [], 'no other way is tried than the one that was chosen');

  await machine.workingCompiler();
  assertNative(await machine.ensure('native', env));
});

test('`CXX` names the compiler, and no other is tried', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_WHEEL: machine.file('mine.whl', zip(MEMBERS)), CXX: 'my-compiler' };
  await machine.workingCompiler();
  assertFails(await machine.ensure('native', env), /compiler/);
  assert.deepEqual(machine.calls('c++'), []);
});

test('a wheel that is missing, invalid or lacks a library is named', async (t) => {
  const machine = new Machine(t);
  const { [`tensorflow/${PIN.libraries[1]}`]: _, ...rest } = MEMBERS;
  const wheels = [
    join(machine.folder, 'none.whl'),
    machine.file('page.whl', Buffer.from('<html>not found</html>')),
    machine.file('other.whl', zip(rest)),
  ];
  for (const wheel of wheels) {
    const result = await machine.ensure('native', { HOURGLASS_ENGINE_WHEEL: wheel });
    assertFails(result, new RegExp(basename(wheel)));
  }
  assert.deepEqual(machine.engines(), []);
});

test('a folder with libraries and a ready addon is used where it is', async (t) => {
  const machine = new Machine(t);
  const folder = await installedFolder();
  const { value } = await machine.ensure('native', { HOURGLASS_ENGINE_DIR: folder });
  assert.deepEqual([value?.identity.kind, value?.identity.version], ['native', 'tensorflow 2.21.0']);
  assertNative(await machine.ensure('auto'));
  assert.equal((await machine.status('auto')).value?.route, 'folder');
  await machine.remove();
  assert.ok(existsSync(join(folder, 'tfjs_binding.node')), 'what is not ours is not removed');
});

test('a folder that the user names is used instead of the installed engine; a wrong one changes nothing', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler();
  assertNative(await machine.ensure('native', env));
  const route = async (): Promise<string | undefined> => (await machine.status('native')).value?.route;

  const wrong = { HOURGLASS_ENGINE_DIR: join(machine.folder, 'none') };
  assertFails(await machine.ensure('native', wrong), /HOURGLASS_ENGINE_DIR/);
  assert.equal(await route(), 'wheel');
  assertNative(await machine.ensure('native', { HOURGLASS_ENGINE_DIR: await installedFolder() }));
  assert.equal(await route(), 'folder');
});

test('an engine whose addon is gone is installed again', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler();
  for (const downloads of [1, 2]) {
    assertNative(await machine.ensure('auto', env));
    assert.equal(machine.calls('python3').filter((call) => call.includes('download')).length, downloads);
    rmSync(join(machine.cache, 'engine', engineName(), 'tfjs_binding.node'));
  }
});

test('a lock of another machine is waited for, and named with its file', async (t) => {
  const machine = new Machine(t);
  const lock = join(machine.cache, 'engine', `${engineName()}.lock`);
  mkdirSync(join(machine.cache, 'engine'), { recursive: true });
  const since = '2026-01-01T00:00:00Z';
  const owner = { pid: 1, host: 'another.invalid', space: '', processStart: '', since };
  writeFileSync(lock, JSON.stringify(owner));
  const running = machine.startEnsure('native');
  await until(
    () => running.steps.some((step) => step.includes(owner.host) && step.includes(lock)),
    [running],
  );
  running.child.kill('SIGINT');
  assert.equal((await running.outcome).failure?.code, 'interrupted');
});

test('for a folder without an addon, missing files are named; otherwise the addon is compiled against its libraries', async (t) => {
  const machine = new Machine(t);
  const own = join(machine.folder, 'own');
  const env = { HOURGLASS_ENGINE_DIR: own };
  mkdirSync(own);
  await machine.workingCompiler();
  const folder = await installedFolder();
  for (const library of PIN.libraries) {
    assertFails(await machine.ensure('native', env), new RegExp(library.replaceAll('.', '\\.')));
    symlinkSync(join(folder, library), join(own, library));
  }
  assertFails(await machine.ensure('native', env), /headers/);
  mkdirSync(join(own, 'include'));
  assertNative(await machine.ensure('native', env));
  const compiling = machine.calls('c++').at(-1)?.split(' ') ?? [];
  assert.ok(compiling.includes(`-I${join(own, 'include')}`));
});

test('if several processes install at once, one works and all get its engine', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler({ isHeld: true });
  const running = Array.from({ length: 3 }, () => machine.startEnsure('native', env));
  const isWaiting = (step: string): boolean => step.startsWith('waiting');
  const waiting = (): number => running.filter(({ steps }) => steps.some(isWaiting)).length;
  await until(() => waiting() === running.length - 1 && machine.calls('c++').length === 2, running);
  machine.letGo();
  for (const { outcome } of running) assertNative(await outcome);
  assert.equal(machine.calls('python3').length, 2, 'asked for its version, and called once');
  assert.equal(machine.calls('c++').length, 2);
});

test('a killed installation leaves no engine; the next one succeeds and cleans up', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler({ isHeld: true });
  const running = machine.startEnsure('native', env);
  await until(() => machine.calls('c++').length === 2, [running]);
  const { child, outcome } = running;
  child.kill('SIGKILL');
  // The compiler outlives its parent, and may hold the pipes: the process itself is what must be gone.
  await new Promise((resolve) => child.once('exit', resolve));
  machine.letGo();
  await assert.rejects(outcome);
  assert.ok(!machine.engines().includes(engineName()));
  assert.ok(machine.engines().some((name) => name.includes('.tmp-')));

  assertNative(await machine.ensure('native', env));
  assert.deepEqual(machine.engines(), [engineName()]);
});

test('a stopped installation leaves nothing, and is not remembered as failed', async (t) => {
  const machine = new Machine(t);
  const env = machine.pipGives(zip(MEMBERS));
  await machine.workingCompiler({ isHeld: true });
  const running = machine.startEnsure('auto', env);
  await until(() => machine.calls('c++').length === 2, [running]);
  running.child.kill('SIGINT');
  assert.equal((await running.outcome).failure?.code, 'interrupted');
  machine.letGo();
  assert.deepEqual(machine.engines(), []);
  assertNative(await machine.ensure('auto', env));
});

test('the pins are SHA-256 hashes of distinct wheels', () => {
  const hashes = Object.values(WHEELS).map(({ sha256 }) => sha256);
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(new Set(hashes).size, hashes.length);
});
