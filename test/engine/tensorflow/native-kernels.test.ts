/** The kernels are compiled once for a machine, and can be done without. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { kernelBuild } from '../../../src/engine/tensorflow/native-kernels.ts';
import { installedFolder, Machine } from '../machine.ts';

test("this machine's engine has kernels", async (t) => {
  const folder = await installedFolder();
  assert.ok(existsSync(kernelBuild().addon));
  assert.ok(kernelBuild().addon.startsWith(folder));
  const machine = new Machine(t);
  assert.equal((await machine.status('native')).value?.kernels, undefined, 'another machine has none yet');
});

test('kernels are compiled once, beside an installed engine', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_DIR: await installedFolder() };
  machine.compiler(`/bin/ln -s "${kernelBuild().addon}" "$last"`);
  for (let run = 0; run < 2; run++) {
    assert.equal((await machine.ensure('native', env)).value?.identity.kind, 'native');
    assert.equal(machine.calls('c++').filter((call) => call.includes('addon.cc')).length, 1);
  }
  const { value } = await machine.status('native');
  assert.equal(value?.kernels, kernelBuild().vectors);
  assert.equal(value?.problem, undefined);
});

test('if kernels cannot be compiled, TensorFlow runs without them, and status says why', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_DIR: await installedFolder() };
  machine.compiler('echo "addon.cc:1: error: no such thing" >&2\nexit 1');
  for (let run = 0; run < 2; run++) {
    assert.equal((await machine.ensure('native', env)).value?.identity.kind, 'native');
    assert.equal(machine.calls('c++').filter((call) => call.includes('addon.cc')).length, 1, 'tried once');
  }
  const { value } = await machine.status('native');
  assert.equal(value?.kernels, undefined);
  assert.match(value?.problem ?? '', /no such thing/);
  const left = readdirSync(join(machine.cache, 'engine'), { recursive: true, encoding: 'utf8' });
  assert.ok(!left.some((name) => name.includes('.tmp-')));
});

test('an engine in a cache where nothing can be written serves without kernels', async (t) => {
  const machine = new Machine(t);
  const env = { HOURGLASS_ENGINE_DIR: await installedFolder() };
  machine.compiler('exit 1');
  await machine.ensure('native', env);
  const engines = join(machine.cache, 'engine');
  for (const name of readdirSync(engines, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.refused.json')) rmSync(join(engines, name));
  }
  // A folder instead of the lock: no user can take it, not even root.
  mkdirSync(`${kernelFolder(machine)}.lock`);
  const { value } = await machine.ensure('auto', env);
  assert.deepEqual([value?.identity.kind, value?.notice], ['native', undefined]);
});

function kernelFolder(machine: Machine): string {
  return join(machine.cache, 'engine', basename(dirname(kernelBuild().addon)));
}
