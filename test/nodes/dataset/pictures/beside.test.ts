/** Other files beside images in real folders: all are listed, none changes labels, none blocks. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { temporaryFolder } from '../../context.ts';
import {
  ascii,
  AVIF,
  base,
  BMP,
  bytesName,
  failsWith,
  HEIC,
  JPEG_2000,
  pipe,
  PNG,
  PNM,
  read,
  WIDE,
} from './folders.ts';
import { put, type Files } from './photos.ts';

/** `quiet`: nobody misses it. `harmless`: named, but no image. `lost`: named, and fatal with `on_error: fail`. */
type Weight = 'quiet' | 'harmless' | 'lost';

interface Dirt {
  readonly weight: Weight;
  readonly make: (photos: string) => void;
  /** As `summary.json` names it. */
  readonly skipped?: readonly string[];
}

const files =
  (weight: Weight, names: () => Files): (() => Dirt) =>
  () => {
    const list = names();
    return {
      weight,
      make: (photos) => put(photos, list),
      ...(weight === 'quiet' ? {} : { skipped: Object.keys(list) }),
    };
  };
const made =
  (weight: Weight, skipped: readonly string[], make: (photos: string) => void): (() => Dirt) =>
  () => ({ weight, skipped, make });
const quiet = (name: string): (() => Dirt) => files('quiet', () => ({ [name]: PNG }));
/** Beside the images a/1.png, a/2.png and b/1.png. */
const DIRT: Readonly<Record<string, () => Dirt>> = {
  'a hidden file': quiet('.DS_Store'),
  'a hidden image': quiet('a/.1.png'),
  'a resource fork': quiet('a/._1.png'),
  'thumbnails of Windows': quiet('a/Thumbs.db'),
  'thumbnails in capitals': quiet('THUMBS.DB'),
  'settings of Windows': quiet('desktop.ini'),
  'checkpoints of notebooks': quiet('.ipynb_checkpoints/1-checkpoint.png'),
  'checkpoints in a class': quiet('a/.ipynb_checkpoints/1-checkpoint.png'),
  'a repository': quiet('.git/1.png'),
  'what macOS packs': quiet('__MACOSX/1.png'),
  'thumbnails of a NAS': quiet('@eaDir/1.png'),
  'a bin': quiet('$RECYCLE.BIN/1.png'),
  'volume information': quiet('System Volume Information/1.png'),
  'what fsck found': quiet('lost+found/1.png'),
  'compiled Python': quiet('__pycache__/1.png'),

  'a bitmap': files('lost', () => ({ 'a/3.bmp': BMP })),
  'an AVIF': files('lost', () => ({ 'a/3.avif': AVIF })),
  'a JPEG 2000': files('lost', () => ({ 'a/3.jp2': JPEG_2000 })),
  'a PNM': files('lost', () => ({ 'a/3.ppm': PNM })),
  'an HEIC': files('lost', () => ({ 'a/3.heic': HEIC })),
  'an SVG': files('lost', () => ({ 'a/3.svg': ascii('<?xml version="1.0"?>\n<svg xmlns="x"/>') })),
  'a Targa, which no first bytes tell': files('lost', () => ({ 'a/3.tga': Buffer.alloc(18) })),
  'a raw photo': files('lost', () => ({ 'a/3.NEF': ascii('MM\0*') })),
  'a JPEG 2000 called .png': files('lost', () => ({ 'a/3.png': JPEG_2000 })),
  'a JPEG 2000 called .jfif': files('lost', () => ({ 'a/3.jfif': JPEG_2000 })),
  'an AVIF without an ending': files('lost', () => ({ 'a/3': AVIF })),
  'a class of another format': files('lost', () => ({ '0/1.avif': AVIF })),

  'a text': files('harmless', () => ({ 'notes.txt': ascii('about') })),
  'a text in a class': files('harmless', () => ({ 'a/notes.txt': ascii('about') })),
  'a table': files('harmless', () => ({ 'labels.csv': ascii('name,label\n') })),
  'a file without an ending': files('harmless', () => ({ LICENSE: ascii('free') })),
  'a backup of an editor': files('harmless', () => ({ 'a/1.png~': PNG })),
  'a copy': files('harmless', () => ({ 'a/1.png.bak': PNG })),
  'half a download': files('harmless', () => ({ 'a/3.png.part': PNG })),
  'a folder of text': files('harmless', () => ({ '0/notes.txt': ascii('about') })),

  'an empty image': files('lost', () => ({ 'a/3.png': Buffer.of() })),
  'an empty image of another kind': files('lost', () => ({ 'a/3.bmp': Buffer.of() })),
  'a class of an empty image': files('lost', () => ({ '0/1.jpg': Buffer.of() })),
  'half an image': files('lost', () => ({ 'a/3.png': PNG.subarray(0, 40) })),
  'zeros called .png': files('lost', () => ({ 'a/3.png': Buffer.alloc(100) })),
  'a page called .jpg': files('lost', () => ({ 'a/3.jpg': ascii('<html>404</html>') })),
  'a class of damaged images': files('lost', () => ({ '0/1.png': PNG.subarray(0, 40) })),
  'a class of another size': files('lost', () => ({ '0/1.png': WIDE })),
  'an image beside the classes': files('lost', () => ({ '1.png': PNG })),
  'a third level': files('lost', () => ({ 'a/old/1.png': PNG })) as () => Dirt,

  'a link to an image': made('lost', ['a/link.png'], (photos) =>
    symlinkSync('1.png', join(photos, 'a/link.png')),
  ),
  'a link that dangles': made('lost', ['a/link.png'], (photos) =>
    symlinkSync('none', join(photos, 'a/link.png')),
  ),
  'a link to itself': made('lost', ['link.png'], (photos) =>
    symlinkSync('link.png', join(photos, 'link.png')),
  ),
  'a link to a class': made('lost', ['0'], (photos) => symlinkSync('a', join(photos, '0'))),
  'a link to the folder above': made('lost', ['a/up'], (photos) => symlinkSync('..', join(photos, 'a/up'))),
  'a named pipe': made('lost', ['a/3.png'], (photos) => pipe(join(photos, 'a/3.png'))),
  'a named pipe without an ending': made('lost', ['pipe'], (photos) => pipe(join(photos, 'pipe'))),
  'an empty class': made('quiet', [], (photos) => mkdirSync(join(photos, '0'))),
  'a folder in a class': made('lost', ['a/old/'], (photos) => mkdirSync(join(photos, 'a/old'))),
  'a name of Latin-1': made('lost', ['a/caf\\xe9.png'], (photos) =>
    writeFileSync(bytesName(photos, 'a/caf', 0xe9, '.png'), PNG),
  ),
  'a class of Latin-1': made('lost', ['Jos\\xe9/'], (photos) => {
    mkdirSync(bytesName(photos, 'Jos', 0xe9));
    writeFileSync(bytesName(photos, 'Jos', 0xe9, '/1.png'), PNG);
  }),
  'a name that steers a terminal': files('lost', () => ({ 'a/\u001b[2J\n\u202e.avif': AVIF })),
};

test('files beside images are listed or ignored, and labels stay', async (t) => {
  assert.ok(Object.keys(DIRT).length >= 50);
  for (const [name, dirtOf] of Object.entries(DIRT)) {
    await t.test(name, async (inner) => {
      const { weight, make, skipped = [] } = dirtOf();
      const root = await base(inner);
      make(join(root, 'photos'));
      const found = await read(root);
      assert.deepEqual(found.labels, [0, 0, 1]);
      assert.deepEqual(found.classes, ['a', 'b']);
      if (name === 'a third level') assert.deepEqual(found.skipped, ['a/old/']);
      else assert.deepEqual(found.skipped, [...skipped]);
      if (weight !== 'quiet') assert.ok(found.warnings.length > 0);
      for (const warning of found.warnings) assert.doesNotMatch(warning, /[\p{Cc}\p{Cf}]/u);
      if (weight === 'lost')
        await assert.rejects(read(root, { on_error: 'fail' }), failsWith('data-corrupt', 'shape-mismatch'));
      else assert.deepEqual((await read(root, { on_error: 'fail' })).labels, [0, 0, 1]);
    });
  }
});

test('a socket is skipped', async (t) => {
  const root = await base(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 'photos/a/3.png'), resolve));
  const found = await read(root);
  server.close();
  assert.deepEqual(found.skipped, ['a/3.png']);
});

test('images are read whatever their name', async (t) => {
  const root = await base(t);
  const image = sharp(PNG);
  const [jpeg, gif, webp, tiff] = await Promise.all([
    image.clone().jpeg().toBuffer(),
    image.clone().gif().toBuffer(),
    image.clone().webp().toBuffer(),
    image.clone().tiff().toBuffer(),
  ]);
  put(join(root, 'photos'), {
    ...{ 'b/2.jfif': jpeg, 'b/3.JPG': PNG, 'b/4.PNG': jpeg, 'b/5': jpeg, 'b/6.dat': PNG, 'b/7.jpe': jpeg },
    ...{ 'b/8.gif': gif, 'b/9.webp': webp, 'b/10.tif': tiff, 'b/11.tiff': gif, 'b/12': webp },
  });
  const found = await read(root, { on_error: 'fail' });
  assert.deepEqual(found.labels, [0, 0, ...Array<number>(12).fill(1)]);
  assert.deepEqual(found.warnings, []);
});

test('the warning stays short, the list complete', async (t) => {
  const root = await base(t);
  put(
    join(root, 'photos'),
    Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a/${index}.bmp`, BMP])),
  );
  const found = await read(root);
  assert.equal(found.skipped.length, 300);
  assert.equal(found.warnings.length, 1);
  assert.match(found.warnings[0] ?? '', /300.*`a\/0\.bmp`/);
  assert.ok((found.warnings[0] ?? '').length < 400);
});

test('loose images and folders of images: the more win, the others are named', async (t) => {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), { '1.png': PNG, '2.png': PNG, '3.png': PNG, 'old/1.png': PNG });
  const flat = await read(root);
  assert.equal(flat.labels, undefined);
  assert.equal(flat.count, 3);
  assert.deepEqual(flat.skipped, ['old/1.png']);
  assert.equal(flat.warnings.length, 1);
  await assert.rejects(read(root, { on_error: 'fail' }), failsWith('data-corrupt'));
  put(join(root, 'photos'), { 'old/2.png': PNG, 'old/3.png': PNG });
  const even = await read(root);
  assert.deepEqual(even.labels, [0, 0, 0]);
  assert.deepEqual(even.skipped, ['1.png', '2.png', '3.png']);
});
