import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { kernelBuild } from '../../src/engine/tensorflow/native-kernels.ts';
import { PLATFORM } from '../../src/engine/tensorflow/pins.ts';
import { Machine, installedFolder } from './machine.ts';

test('before anything is installed, status says what would be used, and in which folder', async (t) => {
  const machine = new Machine(t);
  const { value } = await machine.status('auto');
  assert.equal(value?.identity.kind, 'native');
  assert.equal(value.installed, false);
  assert.equal(dirname(value.folder), join(machine.cache, 'engine'));
  assert.equal(value.xla, false);
  assert.equal(value.problem, undefined);
  assert.equal(value.node, process.versions.node);
  assert.ok(value.threads >= 1);
  for (const version of [value.tfjs, value.addon]) assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(machine.engines(), [], 'to ask installs nothing');
});

test('the portable engine is always there', async (t) => {
  const { value } = await new Machine(t).status('portable');
  assert.equal(value?.identity.kind, 'portable');
  assert.equal(value.installed, true);
  assert.equal(value.route, undefined);
  assert.deepEqual(value.webassembly, { simd: true, threads: true, relaxedSimd: false });
});

test('an installed engine is loaded: its version, how it came, and whether it compiles with XLA', async (t) => {
  const machine = new Machine(t);
  machine.compiler(`/bin/ln -s "${kernelBuild().addon}" "$last"`);
  await machine.ensure('native', { HOURGLASS_ENGINE_DIR: await installedFolder() });
  const { value } = await machine.status('native');
  assert.deepEqual(value?.identity, { kind: 'native', version: 'tensorflow 2.21.0', platform: PLATFORM });
  assert.equal(value.installed, true);
  assert.equal(value.route, 'folder');
  assert.equal(value.problem, undefined);
  assert.equal(value.xla, true);
});

test('after a failed installation, status says why the portable engine is used', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_WHEEL: join(machine.folder, 'none.whl') };
  await machine.ensure('auto', env);
  const { value } = await machine.status('auto');
  assert.equal(value?.identity.kind, 'portable');
  assert.match(value.problem ?? '', /none\.whl/);
});

test('if an engine no longer loads, the reason is shown', async (t) => {
  const machine = new Machine(t);
  const { value: before } = await machine.status('native');
  const addon = join(machine.folder, 'tfjs_binding.node');
  const record = {
    tensorflow: '2.21.0',
    platform: PLATFORM,
    route: 'folder',
    addon,
    installed: '2026-01-01T00:00:00Z',
  };
  const folder = before?.folder ?? '';
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'engine.json'), JSON.stringify(record));
  assert.equal((await machine.status('native')).value?.installed, false, 'its addon is gone');
  writeFileSync(addon, 'not a library');
  const { value } = await machine.status('native');
  assert.equal(value?.installed, true);
  assert.match(value.problem ?? '', /tfjs_binding\.node/);
  assert.equal(value.xla, false);
});

test('a damaged record counts as no engine', async (t) => {
  const machine = new Machine(t);
  const { value: before } = await machine.status('native');
  const folder = before?.folder ?? '';
  mkdirSync(folder, { recursive: true });
  for (const text of ['', '{"tensorflow":', '[]', '{"tensorflow":"2.21.0","platform":"other"}']) {
    writeFileSync(join(folder, 'engine.json'), text);
    assert.equal((await machine.status('native')).value?.installed, false, text);
  }
});
