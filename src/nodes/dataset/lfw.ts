/**
 * Labeled Faces in the Wild: G. B. Huang, M. Ramesh, T. Berg, E. Learned-Miller, Technical Report 07-49, University of
 * Massachusetts, 2007. Addresses and hashes of the archives, and the default crop, are those of scikit-learn's `fetch_lfw_people`.
 */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { errorCode, exists } from '../../files/atomic.ts';
import { ensureFile } from '../../files/download.ts';
import type { LfwDatasetSettings } from '../../schema/generated/settings.ts';
import { failure, type Failure } from '../../core/diagnostic.ts';
import type { StageContext } from '../contract.ts';
import { OWN_LIST, scanArchive, type ArchiveListing } from './archive.ts';
import { dataFolder } from './cache.ts';
import { checkClassNames, classesOf, toRaw, warnOfTransparent } from './classes.ts';
import { collectImages } from './collect.ts';
import { listFolder } from './folder.ts';
import { warnOfSkipped } from './folders.ts';
import { compareNames, shownName } from './names.ts';
import { lfwSha256 } from './pins.ts';
import { limitOf, type RawSplit } from './raw.ts';
import { bySkippedName, isLoss, lossFailure, sumUp, type Skipped } from './skipped.ts';
import { inStretches, inTurn } from './turns.ts';

const ARCHIVES = {
  funneled: { name: 'lfw-funneled.tgz', url: 'https://ndownloader.figshare.com/files/5976015' },
  original: { name: 'lfw.tgz', url: 'https://ndownloader.figshare.com/files/5976018' },
} as const;

/** The largest archive, in bytes; the real ones have some 180 and 243 MB. */
const ARCHIVE_LIMIT = 2 ** 29;

/** @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted` */
export async function readLfw(context: StageContext<LfwDatasetSettings>): Promise<RawSplit> {
  const { settings, signal, log } = context;
  const path = await findArchive(context);
  context.progress({ text: 'counting images' });
  const { images, skipped, read } = (await stat(path)).isDirectory()
    ? await listPeople(path)
    : await scanArchive(path, signal);
  const lost = skipped.filter(isLoss);
  if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost);
  const people = frequent(images, settings.min_faces_per_person);
  const faces = images.filter(({ className }) => people.has(className));
  if (faces.length === 0) throw nobodyFailure(path, images.length, skipped, settings);
  const listed = faces.map(({ name }) => name).sort(compareNames);
  const limit = limitOf(settings, 'train');
  const tried = limit < faces.length ? inTurn(faces.toSorted((a, b) => compareNames(a.name, b.name))) : faces;
  const collected = await collectImages(
    inStretches(
      tried.map(({ name }) => name),
      limit,
      read,
    ),
    { count: faces.length, limit },
    context,
  );
  const all = [...skipped, ...collected.skipped].sort(bySkippedName);
  warnOfSkipped(all, images.length + skipped.length, `\`${shownName(basename(path))}\``, log);
  warnOfTransparent(collected, log);
  const classes = classesOf([{ files: faces, skipped: all }]);
  checkClassNames(classes, log);
  return toRaw({ ...collected, skipped: all }, { classes, listed, name: 'the faces' });
}

export async function listPeople(folder: string): Promise<ArchiveListing> {
  const { loose, sorted, skipped } = await listFolder(folder);
  const reason = 'is an image outside the class folders';
  const others = loose.map(({ name }) => ({ name, kind: 'loose', reason }) as const);
  return {
    images: sorted,
    skipped: [...skipped, ...others].filter(({ name }) => !OWN_LIST.test(name)),
    read: (names) => sorted.filter(({ name }) => names.has(name)),
  };
}

export function nobodyFailure(
  path: string,
  images: number,
  skipped: readonly Skipped[],
  { min_faces_per_person: least }: LfwDatasetSettings,
): Failure {
  if (images > 0) {
    return failure('data-missing', `of nobody there are ${least} images`, 'lower `min_faces_per_person`');
  }
  const but = skipped.length === 0 ? '' : `, but ${sumUp(skipped)}`;
  return failure(
    'data-missing',
    `\`${shownName(path)}\` holds no images of people in folders of their own${but}`,
    'images are looked for as `lfw/Ada_Lovelace/Ada_Lovelace_0001.jpg`; a folder is named as `path: lfw`',
  );
}

function frequent(images: ArchiveListing['images'], least: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { className } of images) counts.set(className, (counts.get(className) ?? 0) + 1);
  return new Set([...counts].flatMap(([name, count]) => (count >= least ? [name] : [])));
}

function downloadOf(settings: LfwDatasetSettings): {
  readonly archive: (typeof ARCHIVES)['funneled' | 'original'];
  readonly sha256: string;
  readonly path: string;
} {
  const archive = settings.funneled ? ARCHIVES.funneled : ARCHIVES.original;
  const sha256 = lfwSha256(settings);
  return { archive, sha256, path: join(dataFolder(), sha256.slice(0, 16), archive.name) };
}

/** The name of the archive if it has to be downloaded. */
export async function missingArchive(settings: LfwDatasetSettings): Promise<readonly string[]> {
  const { archive, path } = downloadOf(settings);
  return settings.path !== undefined || (await exists(path)) ? [] : [archive.name];
}

/** The archive or folder that the settings name, or the downloaded archive. */
async function findArchive(context: StageContext<LfwDatasetSettings>): Promise<string> {
  const { settings, pipelineFolder } = context;
  if (settings.path !== undefined) {
    const path = resolve(pipelineFolder, settings.path);
    const found = await stat(path).catch((error: unknown) => {
      const code = errorCode(error);
      const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
      throw failure(
        'data-missing',
        `\`${shownName(path)}\` ${what}`,
        'paths are relative to the pipeline file',
      );
    });
    if (found.isFile() || found.isDirectory()) return path;
    throw failure('data-missing', `\`${shownName(path)}\` is neither a file nor a folder`);
  }
  const { archive, sha256, path } = downloadOf(settings);
  await ensureFile(
    path,
    {
      url: settings.url ?? archive.url,
      sha256,
      limit: ARCHIVE_LIMIT,
      hint: `run it again to resume the download, or fetch \`${archive.name}\` by hand and name it with \`path\``,
    },
    {
      signal: context.signal,
      onProgress: (text, fraction) =>
        context.progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return path;
}
