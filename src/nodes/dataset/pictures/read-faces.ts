/** Faces in the layout of LFW: a folder or an archive with one folder of images for each person. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import type { LfwDatasetSettings } from '../../../schema/generated/settings.ts';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { compareNames, shownName } from '../names.ts';
import { limitOf, type RawSplit } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';
import { checkHead, OWN_LIST, scanArchive, type ArchiveListing } from './archive.ts';
import { checkClassNames, classesOf, toRaw, warnOfTransparent } from './classes.ts';
import { collectImages } from './collect.ts';
import type { PictureSettings } from './crop.ts';
import { listFolder } from './folder.ts';
import { bySkippedName, isLoss, lossFailure, sumUp, warnOfSkipped, type Skipped } from './skipped.ts';
import { inStretches, inTurn } from './turns.ts';

type FaceSettings = PictureSettings & Pick<LfwDatasetSettings, 'limit' | 'min_faces_per_person'>;

/**
 * Looks whether a folder holds faces, or a file may be an archive.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function checkFaces(path: string): Promise<void> {
  if ((await kindOf(path)) === 'file') return checkHead(path);
  const { images, skipped } = await listPeople(path);
  if (images.length === 0) throw nobodyFailure(path, 0, skipped);
}

/**
 * Reads the faces of an archive or a folder.
 *
 * @param path absolute
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
export async function readFaces(path: string, context: ReadContext<FaceSettings>): Promise<RawSplit> {
  const { settings, signal, log } = context;
  context.progress({ text: 'counting images' });
  const { images, skipped, read } = (await stat(path)).isDirectory()
    ? await listPeople(path)
    : await scanArchive(path, signal);
  const lost = skipped.filter(isLoss);
  if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost);
  const people = frequent(images, settings.min_faces_per_person);
  const faces = images.filter(({ className }) => people.has(className));
  if (faces.length === 0) throw nobodyFailure(path, images.length, skipped, settings.min_faces_per_person);
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

async function listPeople(folder: string): Promise<ArchiveListing> {
  const { loose, sorted, skipped } = await listFolder(folder);
  const reason = 'is an image outside the class folders';
  const others = loose.map(({ name }) => ({ name, kind: 'loose', reason }) as const);
  return {
    images: sorted,
    skipped: [...skipped, ...others].filter(({ name }) => !OWN_LIST.test(name)),
    read: (names) => sorted.filter(({ name }) => names.has(name)),
  };
}

function nobodyFailure(path: string, images: number, skipped: readonly Skipped[], least = 0): Failure {
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
