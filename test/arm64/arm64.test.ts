/**
 * A tiny pipeline with Node for 64-bit ARM, whose processor is emulated by QEMU: the portable engine computes the bits that it
 * computes here. It needs Debian's `qemu-user`, `libc6-arm64-cross` and `libstdc++6-arm64-cross`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { installLibraries, installNode } from '../../scripts/node-binaries.ts';
import { fingerprint, rig, TINY } from '../rig.ts';

const SYSTEM = { os: 'linux', cpu: 'arm64' } as const;

/** Where Debian has the libraries that Node for ARM loads. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

const skip =
  (spawnSync('qemu-aarch64', ['--version']).status !== 0 && 'QEMU is not installed') ||
  (!existsSync(`${LIBRARIES}/lib/libstdc++.so.6`) && 'libraries for ARM are not installed');

test('64-bit ARM computes the bits of this processor', { skip, timeout: 1_200_000 }, async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', TINY);
  // Workers are started by a path: it must be that of the emulator with its program.
  rigged.write('node', `#!/bin/sh\nexec qemu-aarch64 -L ${LIBRARIES} ${installNode(20, SYSTEM)} "$@"\n`);
  chmodSync(rigged.path('node'), 0o755);
  rigged.write('start.cjs', `process.execPath = ${JSON.stringify(rigged.path('node'))};\n`);
  const env = {
    ...process.env,
    NODE_PATH: installLibraries(SYSTEM),
    NODE_OPTIONS: `--require ${rigged.path('start.cjs')}`,
  };
  const main = join(packageRoot, 'bin', 'hourglass.js');
  const run = (...args: readonly string[]) =>
    spawnSync(rigged.path('node'), args, { cwd: rigged.folder, env, encoding: 'utf8' });
  assert.equal(run('-p', 'process.arch').stdout.trim(), 'arm64');
  // Without figures that only take time to draw.
  const command = ['run', 'tiny.yaml', 'quality', 'comparison', '--engine', 'portable'];
  const there = run(main, ...command, '-o', 'there', '-j', '1');
  assert.equal(there.status, 0, there.stdout + there.stderr);
  const here = await rigged.run([...command, '-o', 'here']);
  assert.equal(here.code, 0, here.stderr);
  assert.deepEqual(fingerprint(rigged, 'tiny', 'there'), fingerprint(rigged, 'tiny', 'here'));
});
