import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { unpackWheel } from '../../../../src/engine/tensorflow/install/unpack.ts';
import { temporaryFolder } from '../../../nodes/context.ts';
import { MEMBERS, PIN, zip } from '../wheel.ts';

const LIBRARY = `tensorflow/${PIN.libraries[0]}`;

/** Unpacks a wheel of these bytes; returns the folder, which is some levels below a temporary one. */
async function unpack(
  t: TestContext,
  bytes: Buffer,
  onProgress: (step: string, fraction?: number) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<{ readonly root: string; readonly folder: string }> {
  const root = temporaryFolder(t);
  const folder = join(root, 'a', 'b', 'engine');
  const wheel = join(root, 'some.whl');
  mkdirSync(folder, { recursive: true });
  writeFileSync(wheel, bytes);
  await unpackWheel(wheel, folder, PIN, onProgress, signal);
  return { root, folder };
}

const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('only the libraries and the headers of the C interface of a wheel are unpacked', async (t) => {
  const fractions: number[] = [];
  const { folder } = await unpack(t, zip(MEMBERS), (_step, fraction) => fractions.push(fraction ?? NaN));
  assert.deepEqual(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort(),
    [
      'include',
      'include/tensorflow',
      'include/tensorflow/c',
      'include/tensorflow/c/c_api.h',
      ...PIN.libraries,
    ]
      .map((path) => join(path))
      .sort(),
  );
  assert.equal(readFileSync(join(folder, PIN.libraries[0]), 'utf8'), MEMBERS[LIBRARY]);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
  assert.equal(fractions.at(-1), 1);
});

test('a wheel without a library, a damaged one, or another file is refused', async (t) => {
  const { [LIBRARY]: _, ...rest } = MEMBERS;
  const whole = zip(MEMBERS);
  const firstData = whole.indexOf(LIBRARY) + LIBRARY.length;
  const cases: Readonly<Record<string, Buffer>> = {
    'no library': zip(rest),
    'a library elsewhere': zip({ ...rest, [PIN.libraries[0]]: 'not below tensorflow/' }),
    'no zip': Buffer.from('<html>not found</html>'),
    'half a zip': whole.subarray(0, whole.length / 2),
    empty: Buffer.alloc(0),
    'overwritten data': Buffer.from(whole).fill(0xff, firstData, firstData + 8),
    'no members': zip({}),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    await assert.rejects(unpack(t, bytes), failsWith('engine-install-failed'), name);
  }
});

test('a wheel that claims gigabytes is refused before anything is written', async (t) => {
  const bytes = zip(MEMBERS);
  const entry = bytes.indexOf('PK\x01\x02');
  bytes.writeUInt32LE(0xf000_0000, entry + 24);
  let steps = 0;
  await assert.rejects(
    unpack(t, bytes, () => steps++),
    failsWith('engine-install-failed'),
  );
  assert.equal(steps, 0);
});

test('a missing file and a folder are refused', async (t) => {
  const root = temporaryFolder(t);
  const signal = new AbortController().signal;
  for (const wheel of [join(root, 'none.whl'), root]) {
    await assert.rejects(
      unpackWheel(wheel, root, PIN, () => undefined, signal),
      failsWith('engine-install-failed'),
    );
  }
});

test('names of members lead nowhere outside of the folder', async (t) => {
  const header = 'tensorflow/include/tensorflow/c';
  const escapes = [
    `${header}/../../../../escaped.h`,
    `${header}/../../../../../../escaped.h`,
    `${header}\\..\\..\\..\\..\\escaped.h`,
    `../${header}/escaped.h`,
    `../tensorflow/${PIN.libraries[0]}`,
  ];
  for (const name of escapes) {
    const root = temporaryFolder(t);
    const folder = join(root, 'a', 'b', 'engine');
    const wheel = join(root, 'some.whl');
    mkdirSync(folder, { recursive: true });
    writeFileSync(wheel, zip({ ...MEMBERS, [name]: 'escaped' }));
    const before = outside(root, folder);
    await assert.rejects(
      unpackWheel(wheel, folder, PIN, () => undefined, new AbortController().signal),
      failsWith('engine-install-failed'),
      name,
    );
    assert.deepEqual(outside(root, folder), before, name);
    assert.ok(!existsSync(join(dirname(root), 'escaped.h')), name);
  }
  // An absolute name cannot be a header: it is skipped, or the wheel is refused, but nothing is written there.
  const target = join(temporaryFolder(t), 'escaped.h');
  await unpack(t, zip({ ...MEMBERS, [target]: 'escaped' })).catch(failsWith('engine-install-failed'));
  assert.ok(!existsSync(target));
});

/** Everything below a folder, except in `folder`. */
function outside(root: string, folder: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => !join(root, path).startsWith(folder))
    .sort();
}

test('unpacking can be stopped', async (t) => {
  const controller = new AbortController();
  const stopped = unpack(t, zip(MEMBERS), () => controller.abort(), controller.signal);
  await assert.rejects(stopped, failsWith('interrupted'));
});
