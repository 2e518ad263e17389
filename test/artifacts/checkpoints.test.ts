import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Checkpoints, type Checkpoint, type Spent } from '../../src/artifacts/checkpoints.ts';
import { encodeTensors } from '../../src/formats/safetensors.ts';
import { sha256 } from '../../src/core/json.ts';

interface Place {
  readonly checkpoints: Checkpoints;
  /** The folder of a running stage. */
  readonly stage: string;
  /** Another one, as a second start of the stage has. */
  readonly again: string;
}

function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-checkpoints-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [stage, again] = [join(folder, 'stage'), join(folder, 'again')];
  mkdirSync(stage);
  mkdirSync(again);
  return { checkpoints: new Checkpoints(join(folder, 'lineage')), stage, again };
}

function checkpoint(epoch: number, files: readonly string[] = []): Checkpoint {
  const data = Float32Array.of(epoch, 0.1);
  return { epoch, arrays: [{ name: 'w', dtype: 'float32', shape: [2], data }], notes: { epoch }, files };
}

/** Names of the checkpoints, oldest first. */
function names({ checkpoints }: Place): readonly string[] {
  return readdirSync(checkpoints.folder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
}

const never = (name: string): void => assert.fail(`${name} is whole`);

test('the newest checkpoint comes back, with its files', async (t) => {
  const here = place(t);
  assert.equal(await here.checkpoints.newest(10), undefined);
  assert.equal(await here.checkpoints.restore(10, here.again, never), undefined);
  mkdirSync(join(here.stage, 'previews'));
  for (const epoch of [1, 2]) writeFileSync(join(here.stage, `previews/${epoch}.png`), `picture ${epoch}`);
  await here.checkpoints.save(checkpoint(1, ['previews/1.png']), here.stage);
  await here.checkpoints.save(checkpoint(2, ['previews/1.png', 'previews/2.png']), here.stage);
  assert.equal(await here.checkpoints.newest(10), 2);
  const restored = await here.checkpoints.restore(10, here.again, never);
  assert.deepEqual(restored, checkpoint(2, ['previews/1.png', 'previews/2.png']));
  assert.equal(readFileSync(join(here.again, 'previews/2.png'), 'utf8'), 'picture 2');
});

test('a checkpoint beyond the limit is of no use to a shorter run, and is left to the longer one', async (t) => {
  const here = place(t);
  for (const epoch of [7, 8]) await here.checkpoints.save(checkpoint(epoch), here.stage);
  assert.equal(await here.checkpoints.newest(6), undefined);
  for (const epoch of [1, 2, 3]) await here.checkpoints.save(checkpoint(epoch), here.stage);
  assert.equal(await here.checkpoints.newest(6), 3);
  assert.deepEqual(
    names(here).map((name) => Number.parseInt(name, 10)),
    [2, 3, 7, 8],
  );
});

test('a damaged checkpoint is reported and skipped, wherever the damage is', async (t) => {
  const here = place(t);
  await here.checkpoints.save(checkpoint(1), here.stage);
  await here.checkpoints.save(checkpoint(2), here.stage);
  const [, newest = ''] = names(here);
  const path = join(here.checkpoints.folder, newest);
  const whole = readFileSync(path);
  const damages = [
    ...Array.from(whole, (value, index) => Buffer.from(whole).fill(value ^ 0x10, index, index + 1)),
    ...Array.from(whole, (_, length) => whole.subarray(0, length)),
  ];
  for (const damaged of damages) {
    writeFileSync(path, damaged);
    const passed: string[] = [];
    const restored = await here.checkpoints.restore(5, here.again, (name) => void passed.push(name));
    assert.equal(restored?.epoch, 1);
    assert.deepEqual(passed, [newest]);
    assert.deepEqual(names(here).length, 1);
  }
});

test('a checkpoint whose files are lost or changed is skipped', async (t) => {
  const here = place(t);
  writeFileSync(join(here.stage, 'a.png'), 'first');
  writeFileSync(join(here.stage, 'b.png'), 'second');
  await here.checkpoints.save(checkpoint(1, ['a.png']), here.stage);
  await here.checkpoints.save(checkpoint(2, ['a.png', 'b.png']), here.stage);
  rmSync(join(here.checkpoints.folder, 'files/b.png'));
  const passed: string[] = [];
  const restored = await here.checkpoints.restore(5, here.again, (name) => void passed.push(name));
  assert.equal(restored?.epoch, 1);
  assert.equal(passed.length, 1);
});

test('a file with a valid hash that is not a checkpoint is skipped, and its paths are not followed', async (t) => {
  const here = place(t);
  await here.checkpoints.save(checkpoint(1), here.stage);
  const notes = { epoch: 2 };
  const records: readonly (string | undefined)[] = [
    undefined,
    '{',
    '[]',
    JSON.stringify({ epoch: 3, notes, files: {} }),
    JSON.stringify({ epoch: 2, files: {} }),
    JSON.stringify({ epoch: 2, notes, files: { '../../a.png': '0' } }),
    JSON.stringify({ epoch: 2, notes, files: { 'a.png': 3 } }),
  ];
  for (const record of records) {
    const metadata = new Map(record === undefined ? [] : [['checkpoint', record]]);
    const bytes = encodeTensors({ arrays: [], metadata });
    const name = `000002-${sha256(bytes)}.safetensors`;
    writeFileSync(join(here.checkpoints.folder, name), bytes);
    const passed: string[] = [];
    const restored = await here.checkpoints.restore(5, here.again, (each) => void passed.push(each));
    assert.equal(restored?.epoch, 1);
    assert.deepEqual(passed, [name]);
  }
  await here.checkpoints.remove();
  assert.equal(await here.checkpoints.newest(9), undefined);
});

test('what earlier runs spent is known once their checkpoint is restored', async (t) => {
  const here = place(t);
  await here.checkpoints.save(checkpoint(1), here.stage);
  assert.deepEqual(here.checkpoints.earlier, { seconds: 0, processor: 0 }, 'nothing was resumed');
  const spentAfter = async (epoch: number): Promise<Spent> => {
    const next = new Checkpoints(here.checkpoints.folder);
    await next.restore(epoch, here.again, never);
    for (const end = performance.now() + 5; performance.now() < end;);
    await next.save(checkpoint(epoch + 1), here.stage);
    return next.earlier;
  };
  const spent = [await spentAfter(1), await spentAfter(2), await spentAfter(3)];
  for (const [index, { seconds, processor }] of spent.entries()) {
    assert.ok(seconds > (spent[index - 1]?.seconds ?? 0), 'each run adds its wall time');
    assert.ok(processor > (spent[index - 1]?.processor ?? 0), 'and its processor time');
  }
  // Times of epochs whose checkpoints are gone are not kept.
  const path = join(here.checkpoints.folder, 'spent.json');
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object), ['2', '3', '4']);
  writeFileSync(path, '{"4": {"seconds": "many"}, ');
  const last = new Checkpoints(here.checkpoints.folder);
  await last.restore(4, here.again, never);
  assert.deepEqual(last.earlier, { seconds: 0, processor: 0 }, 'damaged times stop nothing');
});
