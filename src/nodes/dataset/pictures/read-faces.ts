/** Faces in the layout of LFW: a folder or an archive with one folder of images for each person. */
import { basename, join } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import type { LfwDatasetSettings } from '../../../schema/generated/settings.ts';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { shownName } from '../names.ts';
import { limitOf, type RawSplit } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';
import { checkArchive, listArchive } from './archive.ts';
import { classesOf, toRaw, warnOfLookAlikes, warnOfTransparent } from './classes.ts';
import { collectImages } from './collect.ts';
import type { PictureSettings } from './crop.ts';
import { listFolder } from './folder.ts';
import type { NamedImage } from './image-file.ts';
import { bySkippedName, isLoss, lossFailure, sumUp, warnOfSkipped, type Skipped } from './skipped.ts';
import type { ImageTree } from './tree.ts';
import { inStretches, inTurn } from './turns.ts';

/** Lists of names for the benchmark, in the folder that contains the people's folders. */
const OWN_LIST = /^(?:pairs|people)\w*\.txt$/i;

type FaceSettings = PictureSettings & Pick<LfwDatasetSettings, 'limit' | 'min_faces_per_person' | 'path'>;

/**
 * Checks whether a folder contains faces, or whether a file can be an archive.
 *
 * @param path absolute
 * @param shown the path as messages name it
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function checkFaces(path: string, shown: string): Promise<void> {
  if ((await kindOf(path)) === 'file' && (await checkArchive(path, shown)) !== 'zip') return;
  const tree = await listFaces(path, shown);
  tree.close();
  const { faces, skipped } = arrange(tree);
  if (faces.length === 0) throw nobodyFailure(shown, 0, skipped);
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
  const shown = settings.path ?? basename(path);
  const tree = await listFaces(path, shown, signal);
  try {
    const { faces: all, skipped } = arrange(tree);
    const lost = skipped.filter(isLoss);
    if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost);
    const people = frequent(all, settings.min_faces_per_person);
    const faces = all.filter(({ className }) => people.has(className));
    if (faces.length === 0) throw nobodyFailure(shown, all.length, skipped, settings.min_faces_per_person);
    const limit = limitOf(settings, 'train');
    const tried = limit < faces.length ? inTurn(faces) : faces;
    const collected = await collectImages(
      inStretches(
        tried.map(({ name }) => name),
        limit,
        (names) => tree.read(names),
      ),
      {
        count: faces.length,
        limit,
        classOf: new Map(faces.map(({ name, className }) => [name, className])),
      },
      context,
    );
    const left = [...skipped, ...collected.skipped].sort(bySkippedName);
    const where = `\`${shownName(shown)}\``;
    warnOfSkipped(left, { total: all.length + skipped.length, where }, log);
    warnOfTransparent(collected, log);
    const classes = classesOf([{ files: faces, skipped: collected.skipped }]);
    warnOfLookAlikes(classes, log);
    const listed = faces.map(({ name }) => name);
    return toRaw({ ...collected, skipped: left }, { classes, listed, name: 'the faces' });
  } finally {
    tree.close();
  }
}

async function listFaces(path: string, shown: string, signal?: AbortSignal): Promise<ImageTree> {
  if ((await kindOf(path)) !== 'file') return listPeople(path);
  return listArchive(path, { shown, single: 'class', ...(signal === undefined ? {} : { signal }) });
}

/** Lists a folder of people, which may be the only folder inside the given one. */
export async function listPeople(folder: string): Promise<ImageTree> {
  const tree = await listFolder(folder);
  const [only, ...others] = tree.folders;
  const isEmpty = tree.images.length === 0 && tree.skipped.some(({ kind }) => kind === 'deep');
  return only !== undefined && others.length === 0 && isEmpty ? listPeople(join(folder, only)) : tree;
}

type Face = Required<NamedImage>;

/** Images in folders of people. Other images are skipped. */
function arrange({ images, skipped }: ImageTree): {
  readonly faces: readonly Face[];
  readonly skipped: readonly Skipped[];
} {
  const reason = 'is an image outside the class folders';
  const loose = images.filter((name) => !name.includes('/'));
  return {
    faces: images.flatMap((name) => {
      const [className, file] = name.split('/');
      return className === undefined || file === undefined ? [] : [{ name, className }];
    }),
    skipped: [...skipped, ...loose.map((name) => ({ name, kind: 'loose', reason }) as const)].filter(
      ({ name }) => !OWN_LIST.test(name.slice(name.lastIndexOf('/') + 1)),
    ),
  };
}

function nobodyFailure(shown: string, images: number, skipped: readonly Skipped[], least = 0): Failure {
  if (images > 0) {
    return failure('data-missing', `no person has ${least} or more images`, 'lower `min_faces_per_person`');
  }
  const but = skipped.length === 0 ? '' : `, but ${sumUp(skipped)}`;
  return failure(
    'data-missing',
    `\`${shownName(shown)}\` has no folders with images of one person each${but}`,
    '`path: lfw` is for images such as `lfw/Ada_Lovelace/Ada_Lovelace_0001.jpg`',
  );
}

function frequent(images: readonly Face[], least: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { className } of images) counts.set(className, (counts.get(className) ?? 0) + 1);
  return new Set([...counts].flatMap(([name, count]) => (count >= least ? [name] : [])));
}
