import assert from 'node:assert/strict';
import { hostname, userInfo } from 'node:os';
import { test } from 'node:test';
import type { RunRecord } from '../../src/artifacts/run-record.ts';
import { environmentOf, vectorFeatures } from '../../src/submission/environment.ts';
import { readEnvironment, toText } from '../../src/submission/manifest.ts';

const RUN: RunRecord = {
  status: 'done',
  file: 'p.yaml',
  pipeline: 'x',
  seed: 1,
  overrides: [],
  versions: { hourglass: '1.2.3', node: '20.0.0' },
  engine: { kind: 'portable', version: 'tfjs-wasm 4', platform: 'linux-x64' },
  stages: {},
};

test('vector instructions are read from `/proc/cpuinfo` on x86 and Arm', () => {
  const x86 = 'processor : 0\nflags\t\t: fpu smep avx2 sse4_1 fma avx512f ssse3 smap\nflags\t: other\n';
  assert.deepEqual(vectorFeatures(x86), ['avx2', 'avx512f', 'fma', 'sse4_1', 'ssse3']);
  assert.deepEqual(vectorFeatures('Features : fp asimd evtstrm sve2 asimddp crc32'), [
    'asimd',
    'asimddp',
    'sve2',
  ]);
  assert.deepEqual(vectorFeatures(''), []);
});

test('an environment does not reveal user or place, and can be read back', async () => {
  const environment = environmentOf(RUN);
  assert.ok(environment);
  assert.equal(environment.hourglass, '1.2.3');
  const text = toText(environment);
  assert.ok(!text.includes(userInfo().username === 'root' ? '/root' : userInfo().username));
  assert.ok(!text.includes(hostname()) || hostname().length < 4);
  assert.deepEqual(await readEnvironment(text), environment);
});

test('a record without an engine has no environment', () => {
  const { engine: _engine, ...rest } = RUN;
  assert.equal(environmentOf(rest), undefined);
  assert.equal(environmentOf({ ...RUN, engine: { kind: 'steam', version: '1', platform: 'x' } }), undefined);
  for (const [name, value] of Object.entries({ version: 4, platform: null, kind: true })) {
    assert.equal(environmentOf({ ...RUN, engine: { ...RUN.engine, [name]: value } }), undefined);
  }
  const nameless = environmentOf({ ...RUN, versions: {} });
  assert.deepEqual([nameless?.node, nameless?.hourglass], ['unknown', 'unknown']);
});
