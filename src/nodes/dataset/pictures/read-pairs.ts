/** Two folders or archives of image files -> corrupted images and their clean ones, paired by name. */
import { NumberSource, TakenRows } from '../../../formats/numbers.ts';
import { atSetting, failure, Failure } from '../../../core/diagnostic.ts';
import type { ImageShape, Split } from '../../../core/stage-type.ts';
import { withoutExtension } from '../../../formats/same-images.ts';
import type { PairsDatasetSettings } from '../../../schema/generated/settings.ts';
import { shownName } from '../names.ts';
import { limitOf, type RawSplit, type RawSplits } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';
import { classesOf, toRaw, warnOfLookAlikes, warnOfTransparent, type ListedFiles } from './classes.ts';
import { collectImages, type Collected } from './collect.ts';
import type { FolderOptions } from './folder.ts';
import type { NamedImage } from './image-file.ts';
import { byFolder, listImages, withoutLabels } from './layout.ts';
import { isLoss, lossFailure, warnOfSkipped, type Skipped } from './skipped.ts';
import type { ImageTree } from './tree.ts';
import { inStretches, inTurn } from './turns.ts';

/** One of the two folders of a split. */
export interface Side extends FolderOptions {
  /** The setting that names it. */
  readonly key: string;
  /** As the setting names it. */
  readonly path: string;
  /** Absolute path. */
  readonly folder: string;
}

export interface PairFolders {
  readonly split: Split;
  readonly noisy: Side;
  readonly clean: Side;
}

type Context = ReadContext<PairsDatasetSettings>;

/** A corrupted image, and the name of its clean one. */
interface Pair extends NamedImage {
  readonly partner: string;
}

/** Skipped files, on either side. */
interface Omissions {
  readonly noisy: readonly Skipped[];
  readonly clean: readonly Skipped[];
}

type Pixels = Pick<Collected, 'data' | 'shape' | 'wide'>;

interface ReadPairs {
  readonly folders: PairFolders;
  readonly listed: ListedFiles;
  readonly noisy: Collected;
  /** In the order of `noisy`. */
  readonly clean: Pixels;
  readonly omissions: Omissions;
}

/**
 * Reads the pairs of all splits. If one image of a pair is missing or cannot be used, both are skipped and listed.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
export async function readPairs(context: Context, splits: readonly PairFolders[]): Promise<RawSplits> {
  const read: ReadPairs[] = [];
  for (const folders of splits) read.push(await readSplit(context, folders, read[0]?.noisy));
  const classes = classesOf(read.map(({ listed }) => listed));
  warnOfLookAlikes(classes, context.log);
  return Object.fromEntries(
    read.map(({ folders, listed, noisy, clean, omissions }): [Split, RawSplit] => {
      const raw = toRaw(noisy, {
        classes,
        listed: listed.files.map(({ name }) => name),
        name: `the images of \`${shownName(folders.noisy.path)}\``,
      });
      const { images } = raw;
      return [
        folders.split,
        {
          ...raw,
          skipped: [...below(folders.noisy, omissions.noisy), ...below(folders.clean, omissions.clean)],
          clean: {
            ...images,
            ...clean,
            dtype: clean.wide ? 'uint16' : 'uint8',
            name: `the images of \`${shownName(folders.clean.path)}\``,
          },
        },
      ];
    }),
  );
}

async function readSplit(
  context: Context,
  folders: PairFolders,
  train: Collected | undefined,
): Promise<ReadPairs> {
  const { settings, signal, log } = context;
  const { noisy, clean, split } = folders;
  context.progress({ text: `listing ${split} images` });
  const list = (side: Side): Promise<ImageTree> =>
    atSetting([side.key], () => listImages(side.folder, { ...side, shown: side.path }, signal));
  const noisyTree = await list(noisy);
  const cleanTree = await list(clean).catch((error: unknown) => {
    noisyTree.close();
    throw error;
  });
  try {
    const arrange = settings.labels === 'folder' ? byFolder : withoutLabels;
    const listed = await atSetting([noisy.key], async () => arrange(noisyTree, noisy.path));
    const partners = await atSetting([clean.key], async () => withoutLabels(cleanTree, clean.path));
    const matched = matchNames(listed.files, partners.files);
    if (matched.pairs.length === 0) throw noPair(folders, listed.files, partners.files);
    const before: Omissions = {
      noisy: [...listed.skipped, ...matched.noisy],
      clean: [...partners.skipped, ...matched.clean],
    };
    const lost = [...below(noisy, before.noisy), ...below(clean, before.clean)].filter(isLoss);
    if (settings.on_error === 'fail' && lost.length > 0)
      throw lossFailure(lost, {}, [before.noisy.some(isLoss) ? noisy.key : clean.key]);
    const decoded = await decodePairs(context, folders, matched.pairs, [noisyTree, cleanTree], train);
    const omissions: Omissions = {
      noisy: [...before.noisy, ...decoded.omissions.noisy],
      clean: [...before.clean, ...decoded.omissions.clean],
    };
    const all: readonly (readonly [Side, number, readonly Skipped[]])[] = [
      [noisy, listed.files.length + listed.skipped.length, omissions.noisy],
      [clean, partners.files.length + partners.skipped.length, omissions.clean],
    ];
    for (const [{ path }, total, skipped] of all)
      warnOfSkipped(skipped, { total, where: `\`${shownName(path)}\`` }, log);
    return {
      ...{ folders, omissions, clean: decoded.clean },
      listed: { files: listed.files, skipped: [...matched.noisy, ...decoded.omissions.noisy] },
      noisy: { ...decoded.noisy, skipped: omissions.noisy },
    };
  } finally {
    noisyTree.close();
    cleanTree.close();
  }
}

/** Pairs images whose paths agree, apart from the extensions. */
function matchNames(
  noisy: readonly NamedImage[],
  clean: readonly NamedImage[],
): Omissions & { readonly pairs: readonly Pair[] } {
  const [noisyNames, cleanNames] = [noisy, clean].map((files) => {
    const names = new Map<string, readonly string[]>();
    for (const { name } of files) {
      const stem = withoutExtension(name);
      names.set(stem, [...(names.get(stem) ?? []), name]);
    }
    return names;
  });
  const pairs: Pair[] = [];
  const unpaired = (
    { name }: NamedImage,
    others: ReadonlyMap<string, readonly string[]> | undefined,
  ): Skipped => {
    const found = others?.get(withoutExtension(name)) ?? [];
    const reason =
      found.length === 0 ? 'has no partner' : 'has the same name as another image, apart from the extension';
    return { name, kind: 'unpaired', reason };
  };
  const isSingle = ({ name }: NamedImage): boolean =>
    [noisyNames, cleanNames].every((names) => names?.get(withoutExtension(name))?.length === 1);
  for (const file of noisy) {
    const [partner] = cleanNames?.get(withoutExtension(file.name)) ?? [];
    if (partner !== undefined && isSingle(file)) pairs.push({ ...file, partner });
  }
  return {
    pairs,
    noisy: noisy.filter((file) => !isSingle(file)).map((file) => unpaired(file, cleanNames)),
    clean: clean.filter((file) => !isSingle(file)).map((file) => unpaired(file, noisyNames)),
  };
}

function noPair(
  { noisy, clean }: PairFolders,
  [one]: readonly NamedImage[],
  [other]: readonly NamedImage[],
): Failure {
  return failure(
    'data-missing',
    `no image of \`${shownName(noisy.path)}\` has a partner in \`${shownName(clean.path)}\`: ` +
      `the first ones are \`${shownName(one?.name ?? '')}\` and \`${shownName(other?.name ?? '')}\``,
    'give both images of a pair the same path below the two folders; only the extensions may differ',
    [clean.key],
  );
}

/**
 * Decodes both sides. If an image of one side cannot be used, its partner is skipped; with a `limit`, another pair takes their
 * place.
 */
async function decodePairs(
  context: Context,
  folders: PairFolders,
  pairs: readonly Pair[],
  [noisyTree, cleanTree]: readonly [ImageTree, ImageTree],
  train: Collected | undefined,
): Promise<Pick<ReadPairs, 'noisy' | 'clean' | 'omissions'>> {
  const limit = limitOf(context.settings, folders.split);
  const omitted = { noisy: new Map<string, Skipped>(), clean: new Map<string, Skipped>() };
  const partnerOf = new Map(pairs.map(({ name, partner }) => [name, partner]));
  const useless = (name: string): Skipped => ({
    ...{ name, kind: 'unpaired' },
    reason: 'has a partner that cannot be used',
  });
  const tried = limit < pairs.length ? inTurn(pairs) : pairs;
  for (;;) {
    const left = tried.filter(({ name }) => !omitted.noisy.has(name));
    if (left.length === 0) {
      const lost = [
        ...below(folders.noisy, [...omitted.noisy.values()]),
        ...below(folders.clean, [...omitted.clean.values()]),
      ];
      throw lossFailure(lost, {}, [folders.noisy.key]);
    }
    const noisy = await collectSide(context, folders.noisy, noisyTree, left, limit, shapeOf(train));
    const wanted = noisy.files.map((name) => ({ name: partnerOf.get(name) ?? '' }));
    const clean = await collectSide(context, folders.clean, cleanTree, wanted, Infinity, shapeOf(noisy));
    for (const item of noisy.skipped) {
      omitted.noisy.set(item.name, item);
      const partner = partnerOf.get(item.name) ?? '';
      omitted.clean.set(partner, useless(partner));
    }
    for (const item of clean.skipped) omitted.clean.set(item.name, item);
    const rows = new Map(clean.files.map((name, row) => [name, row]));
    const order = noisy.files.map((name) => rows.get(partnerOf.get(name) ?? '') ?? -1);
    if (!order.includes(-1)) {
      const omissions = { noisy: [...omitted.noisy.values()], clean: [...omitted.clean.values()] };
      warnOfTransparent(noisy, context.log);
      warnOfTransparent(clean, context.log);
      return { noisy, clean: reorder(clean, order), omissions };
    }
    for (const [index, name] of noisy.files.entries())
      if (order[index] === -1) omitted.noisy.set(name, useless(name));
  }
}

/** Images of one side. Those of another size than `wanted` are skipped. */
async function collectSide(
  context: Context,
  { key, path }: Side,
  tree: ImageTree,
  files: readonly NamedImage[],
  limit: number,
  wanted: ImageShape | undefined,
): Promise<Collected> {
  const names = files.map(({ name }) => name);
  const classOf = new Map(
    files.flatMap(({ name, className }) => (className === undefined ? [] : [[name, className] as const])),
  );
  try {
    return await atSetting([key], () =>
      collectImages(
        inStretches(names, limit, (some) => tree.read(some)),
        { count: files.length, limit, classOf, ...(wanted === undefined ? {} : { wanted }) },
        context,
      ),
    );
  } catch (error) {
    if (
      !(error instanceof Failure) ||
      error.diagnostics[0]?.code !== 'shape-mismatch' ||
      wanted === undefined
    )
      throw error;
    throw failure(
      'shape-mismatch',
      `most images of \`${shownName(path)}\` have another size than ${wanted[0]}x${wanted[1]}, which is kept`,
      'add `size` (height and width), which scales all images to one size',
      [key],
    );
  }
}

function shapeOf(collected: Collected | undefined): ImageShape | undefined {
  const [, height, width, channels] = collected?.shape ?? [];
  return height === undefined || width === undefined || channels === undefined
    ? undefined
    : [height, width, channels];
}

/** The images with these numbers, in this order. */
function reorder({ data, shape, wide }: Collected, order: readonly number[]): Pixels {
  if (order.every((from, to) => from === to)) return { data, shape, wide };
  if (data instanceof NumberSource) return { data: new TakenRows(data, Int32Array.from(order)), shape, wide };
  const size = data.length / shape[0];
  const moved = data.slice();
  for (const [to, from] of order.entries())
    moved.set(data.subarray(from * size, (from + 1) * size), to * size);
  return { data: moved, shape, wide };
}

/** With the folder in front of their names. */
function below({ path }: Side, skipped: readonly Skipped[]): readonly Skipped[] {
  return skipped.map((item) => ({ ...item, name: `${path.replace(/\/+$/, '')}/${item.name}` }));
}
