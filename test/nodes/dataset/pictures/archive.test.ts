/** Archives and folders in LFW's layout, with other files as in real ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { before, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack, type Header } from 'tar-stream';
import { readImages } from '../../../../src/formats/images.ts';
import type { LfwDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { identityOf } from '../../../../src/nodes/dataset/identity.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const SETTINGS: LfwDatasetSettings = {
  type: 'dataset',
  source: 'lfw',
  path: 'lfw.tgz',
  funneled: true,
  crop: null,
  resize: 0.5,
  color: 'gray',
  min_faces_per_person: 0,
  on_error: 'skip',
  limit: null,
  normalize: 'none',
};

type Member = readonly [header: Partial<Header> & { name: string }, bytes?: Uint8Array];

const ABOUT = Buffer.from('about');

let JPEG: Buffer;
let PNG: Buffer;
let WHITE: Buffer;

before(async () => {
  const gray = (value: number): ReturnType<typeof sharp> =>
    sharp(Buffer.alloc(16, value).fill(0, 8), { raw: { width: 4, height: 4, channels: 1 } });
  [JPEG, PNG, WHITE] = [
    await gray(200).jpeg().toBuffer(),
    await gray(200).png().toBuffer(),
    await gray(255).jpeg().toBuffer(),
  ];
});

const people = (): readonly Member[] => [
  [{ name: 'lfw/Ada/1.jpg' }, JPEG],
  [{ name: 'lfw/Ada/2.jpg' }, JPEG],
  [{ name: 'lfw/Bob/1.jpg' }, JPEG],
];

async function tar(members: readonly Member[]): Promise<Buffer> {
  const packing = pack();
  for (const [header, bytes] of members) packing.entry(header, Buffer.from(bytes ?? Buffer.of()));
  packing.finalize();
  return buffer(packing);
}

/** The same archive with `_` in a name replaced by a byte, and the header's checksum that belongs to it. */
function withByte(archive: Buffer, name: string, byte: number): Buffer {
  const at = archive.indexOf(name);
  const header = archive.subarray(at - (at % 512), at - (at % 512) + 512);
  header[(at % 512) + name.indexOf('_')] = byte;
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, value) => total + value, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return archive;
}

interface Outcome {
  readonly labels: readonly number[];
  readonly classes: readonly string[];
  readonly skipped: readonly string[];
  readonly warnings: number;
  readonly data: readonly number[];
}

async function read(root: string, settings: Partial<LfwDatasetSettings> = {}): Promise<Outcome> {
  let warnings = 0;
  const context = fakeContext(root, { ...SETTINGS, ...settings }, { stage: 'out' });
  await datasetNode.run({ ...context, log: (level) => void (level === 'warn' && warnings++) });
  const { train } = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  const images = await readImages(context.folder, 'train');
  return {
    labels: [...(images.labels ?? [])],
    classes: images.classes ?? [],
    skipped: (train.skipped ?? []).map(({ name }: { name: string }) => name),
    warnings,
    data: [...images.data],
  };
}

const failsWith =
  (...codes: readonly string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof Failure, String(error));
    assert.ok(codes.includes(error.diagnostics[0]?.code ?? ''), JSON.stringify(error.diagnostics));
    return true;
  };

interface Dirt {
  readonly members: readonly Member[];
  readonly skipped: readonly string[];
  /** Whether `on_error: fail` stops for it. */
  readonly lost?: boolean;
}

const lost =
  (skipped: string, header: Partial<Header> = {}, bytes?: () => Buffer): (() => Dirt) =>
  () => ({
    members: [
      [{ name: `lfw/${skipped}`, ...header }, bytes?.() ?? (header.type === undefined ? JPEG : undefined)],
    ],
    skipped: [skipped],
    lost: true,
  });
const quiet =
  (name: string): (() => Dirt) =>
  () => ({ members: [[{ name }, JPEG]], skipped: [] });

const DIRT: Readonly<Record<string, () => Dirt>> = {
  'a list of pairs': quiet('lfw/pairs_01.txt'),
  'a list of people': quiet('lfw/peopleDevTrain.txt'),
  'a resource fork': quiet('lfw/Ada/._1.jpg'),
  'what macOS packs': quiet('__MACOSX/Ada/1.jpg'),
  'a repository': quiet('lfw/.git/1.jpg'),
  'a folder without images': () => ({ members: [[{ name: 'lfw/Abe/', type: 'directory' }]], skipped: [] }),
  'a text': () => ({ members: [[{ name: 'lfw/Ada/notes.txt' }, ABOUT]], skipped: ['Ada/notes.txt'] }),
  'a text beside the people': () => ({ members: [[{ name: 'lfw/README' }, ABOUT]], skipped: ['README'] }),
  'an image beside the people': lost('1.jpg'),
  'a third level': lost('Ada/old/1.jpg'),
  'a link': lost('Ada/3.jpg', { type: 'symlink', linkname: '1.jpg' }),
  'a hard link': lost('Ada/3.jpg', { type: 'link', linkname: 'lfw/Ada/1.jpg' }),
  'a named pipe': lost('Ada/3.jpg', { type: 'fifo' }),
  'a device': lost('Ada/3.jpg', { type: 'character-device' }),
  'an empty image': lost('Abe/1.jpg', {}, () => Buffer.of()),
  'half an image': lost('Abe/1.jpg', {}, () => JPEG.subarray(0, 100)),
  'another format': lost('Abe/1.jpg', {}, () => Buffer.from('GIF89a')),
  'a name with a line end': lost('Abe/a\n\u001b[2J.jpg', {}, () => Buffer.of()),
  'a way out': () => ({
    members: [[{ name: '../../Abe/1.jpg' }, JPEG]],
    skipped: ['../../Abe/1.jpg'],
    lost: true,
  }),
  'a file that comes twice': () => ({
    members: [
      [{ name: 'lfw/Bob/2.jpg' }, JPEG],
      [{ name: 'lfw/Bob/2.jpg' }, WHITE],
    ],
    skipped: ['Bob/2.jpg'],
  }),
};

test('other members of an archive are listed or ignored, and labels stay', async (t) => {
  for (const [name, dirtOf] of Object.entries(DIRT)) {
    await t.test(name, async (inner) => {
      const root = temporaryFolder(inner);
      const { members, skipped, lost: isLost = false } = dirtOf();
      writeFileSync(join(root, 'lfw.tgz'), gzipSync(await tar([...people(), ...members])));
      const found = await read(root);
      assert.deepEqual(found.classes, ['Ada', 'Bob']);
      assert.deepEqual(found.labels.slice(0, 3), [0, 0, 1]);
      assert.deepEqual(found.skipped, skipped);
      assert.equal(found.warnings, skipped.length === 0 ? 0 : 1);
      if (isLost) await assert.rejects(read(root, { on_error: 'fail' }), failsWith('data-corrupt'));
      else await read(root, { on_error: 'fail' });
    });
  }
});

test('if an archive contains a file twice, the last one is read', async (t) => {
  const root = temporaryFolder(t);
  const members: readonly Member[] = [...people(), [{ name: './lfw/Ada/1.jpg' }, WHITE]];
  writeFileSync(join(root, 'lfw.tgz'), gzipSync(await tar(members)));
  const { data, labels } = await read(root);
  assert.equal(labels.length, 3);
  assert.ok((data[0] ?? 0) - (data[4] ?? 0) > 20);
});

test('names that are not UTF-8 are named, and do not make two people one', async (t) => {
  const root = temporaryFolder(t);
  const archive = await tar([
    ...people(),
    [{ name: 'lfw/Jos_/1.jpg' }, JPEG],
    [{ name: 'lfw/Jos_/2.jpg' }, JPEG],
  ]);
  withByte(withByte(archive, 'lfw/Jos_/1.jpg', 0xe9), 'lfw/Jos_/2.jpg', 0xe8);
  writeFileSync(join(root, 'lfw.tgz'), gzipSync(archive));
  const found = await read(root);
  assert.deepEqual(found.classes, ['Ada', 'Bob']);
  assert.equal(found.skipped.length, 2);
});

test('a folder and an archive lead to the same images, also for PNG', async (t) => {
  const root = temporaryFolder(t);
  const members: readonly Member[] = [
    ...people(),
    [{ name: 'lfw/Eve/1.png' }, PNG],
    [{ name: 'lfw/Eve/old/1.png' }, PNG],
    [{ name: 'lfw/pairs.txt' }, PNG],
    [{ name: 'lfw/Ada/notes.txt' }, Buffer.from('text')],
  ];
  writeFileSync(join(root, 'lfw.tgz'), gzipSync(await tar(members)));
  for (const [{ name }, bytes] of members) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), bytes ?? '');
  }
  const archive = await read(root);
  const folder = await read(root, { path: 'lfw' });
  assert.deepEqual(folder.classes, ['Ada', 'Bob', 'Eve']);
  assert.deepEqual(
    [folder.classes, folder.labels, folder.data],
    [archive.classes, archive.labels, archive.data],
  );
  assert.deepEqual(
    [archive.skipped, folder.skipped],
    [
      ['Ada/notes.txt', 'Eve/old/1.png'],
      ['Ada/notes.txt', 'Eve/old/'],
    ],
  );
});

/** Runs as somebody whom permissions bind. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

test(
  'a path that is neither an archive nor a folder of people is explained',
  { skip: process.platform === 'win32' },
  async (t) => {
    const root = temporaryFolder(t);
    const write = (name: string, bytes: Uint8Array): void => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), bytes);
    };
    write('lfw.zip', Buffer.from('PK\x03\x04'));
    write('photo.jpg', JPEG);
    write('flat/1.jpg', JPEG);
    write('none.tgz', gzipSync(await tar([[{ name: 'lfw/pairs.txt' }]])));
    write('loose.tgz', gzipSync(await tar([[{ name: '1.jpg' }, JPEG]])));
    mkdirSync(join(root, 'empty'));
    assert.equal(spawnSync('mkfifo', [join(root, 'pipe')]).status, 0);
    const paths = [
      'lfw.zip',
      'photo.jpg',
      'flat',
      'none.tgz',
      'loose.tgz',
      'empty',
      'pipe',
      'absent',
      '/dev/null',
    ];
    for (const path of paths) {
      await assert.rejects(read(root, { path }), failsWith('data-missing', 'data-corrupt'), path);
      const settings: LfwDatasetSettings = { ...SETTINGS, path };
      if (!['pipe', 'absent', '/dev/null'].includes(path)) await datasetNode.fingerprint?.(settings, root);
      const { findings } = (await datasetNode.inspect?.(settings, root)) ?? { findings: [] };
      // Only a run finds whether a complete archive contains people.
      if (['none.tgz', 'loose.tgz'].includes(path)) continue;
      assert.deepEqual([findings.length, findings[0]?.at], [1, ['path']], path);
    }
    write('secret.tgz', gzipSync(await tar(people())));
    chmodSync(join(root, 'secret.tgz'), 0);
    chmodSync(root, 0o755);
    chmodSync(join(root, 'out'), 0o777);
    await asNobody(() => assert.rejects(read(root, { path: 'secret.tgz' }), failsWith('data-missing')));
    await asNobody(() => assert.rejects(identityOf(join(root, 'secret.tgz')), failsWith('data-missing')));
  },
);

test('faces of too many sizes are refused', async (t: TestContext) => {
  const root = temporaryFolder(t);
  const members: Member[] = [];
  for (let width = 1; width <= 5; width++) {
    const image = sharp(Buffer.alloc(4 * width, 9), { raw: { width, height: 4, channels: 1 } });
    members.push([{ name: `lfw/Ada/${width}.jpg` }, await image.jpeg().toBuffer()]);
  }
  writeFileSync(join(root, 'lfw.tgz'), gzipSync(await tar(members)));
  await assert.rejects(
    read(root, { resize: 1 }),
    (error) => error instanceof Failure && /`size: \[4, 5\]`/.test(error.diagnostics[0]?.hint ?? ''),
  );
});
