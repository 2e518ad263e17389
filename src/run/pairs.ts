/** Compares the images that a stage pairs by name, as soon as both sets exist. */
import type { Entry } from '../artifacts/entry.ts';
import { takeNames, type ImageNames } from '../formats/image-names.ts';
import { readImageNames, readImageSet } from '../formats/images.ts';
import { compareNames, isGuess, type NameDifference } from '../formats/same-images.ts';
import { readVectors, readVectorSet } from '../formats/vectors.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { OutputKind, Pairing, Split } from '../core/stage-type.ts';
import { shownName } from '../nodes/dataset/names.ts';
import type { PlannedStage } from '../plan/plan.ts';

/** Names that a message lists; the rest are counted. */
const LISTED = 3;

/** The pairs of a stage that can be compared: both inputs exist. */
export function pairingsOf(
  stage: PlannedStage,
  located: LocatedPipeline,
  entries: ReadonlyMap<string, Entry>,
): readonly Pairing[] {
  const settings = located.pipeline.stages.get(stage.name);
  const pairings = settings && located.stageTypes.get(stage.type)?.pairings?.(settings);
  return (pairings ?? []).filter((pairing) => {
    const inputs = pairing.settings.map((setting) => stage.inputs[setting]);
    const [one, other] = inputs;
    return one !== other && inputs.every((name) => name !== undefined && entries.has(name));
  });
}

/**
 * Compares two inputs of a stage, split by split.
 *
 * @returns an error if images differ; a warning if an input does not say which images it contains
 * @throws Failure if a file is damaged
 */
export async function checkPairing(
  stage: PlannedStage,
  located: LocatedPipeline,
  { settings, splits }: Pairing,
  entries: ReadonlyMap<string, Entry>,
): Promise<readonly Diagnostic[]> {
  const [first, second] = settings.map((setting) => {
    const name = stage.inputs[setting] ?? '';
    const type = located.pipeline.stages.get(name)?.type ?? '';
    const kind = located.stageTypes.get(type)?.outputs;
    return { name, kind, folder: entries.get(name)?.folder ?? '' };
  });
  if (first === undefined || second === undefined) return [];
  const [nearer, farther] = settings;
  const at = {
    range: located.locate(['stages', stage.name, farther], 'value'),
    related: [
      {
        message: 'paired with these images',
        range: located.locate(['stages', stage.name, nearer], 'value'),
      },
    ],
    stage: stage.name,
  };
  const found: Diagnostic[] = [];
  for (const split of splits) {
    const [one, other] = [await readSide(first, split), await readSide(second, split)];
    // The stage itself reports a missing split.
    if (one === undefined || other === undefined) continue;
    const [names, others] = [fitTo(one, other), fitTo(other, one)];
    const difference = compareNames(names, others);
    const words = { stages: [first.name, second.name] as const, split, names: [names, others] as const };
    if (difference !== undefined) {
      found.push({
        code: 'pair-mismatch',
        severity: 'error',
        message: mismatchText(difference, words),
        hint: mismatchHint(difference, words),
        ...at,
      });
    } else if (isGuess(names, others)) {
      found.push({
        code: 'pair-mismatch',
        severity: 'warning',
        message: `the ${wordOf(split)} images of \`${first.name}\` and \`${second.name}\` were compared by position only: a plugin does not provide their names`,
        hint: 'let the plugin pass on `names`, as `docs/plugins.md` describes',
        ...at,
      });
    }
  }
  return found;
}

/** What is known about the images of one side. */
interface Side {
  readonly names: ImageNames;
  /** For vectors of some of the images: their numbers. */
  readonly rows?: Int32Array;
}

async function readSide(
  { kind, folder }: { readonly kind: OutputKind | undefined; readonly folder: string },
  split: Split,
): Promise<Side | undefined> {
  if (kind === 'images') {
    const { splits } = await readImageSet(folder);
    return splits[split] === undefined ? undefined : { names: await readImageNames(folder, split) };
  }
  if (kind !== 'vectors') return undefined;
  const { splits } = await readVectorSet(folder);
  if (splits[split] === undefined) return undefined;
  const { names, rows } = await readVectors(folder, split);
  return names === undefined ? undefined : { names, ...(rows === undefined ? {} : { rows }) };
}

/** The names of a side, limited to the images that belong to the vectors of the other side. */
function fitTo({ names, rows }: Side, { rows: wanted }: Side): ImageNames {
  if (wanted === undefined || rows !== undefined) return names;
  return takeNames(
    names,
    wanted.filter((row) => row < names.count),
  );
}

interface Words {
  readonly stages: readonly [string, string];
  readonly split: Split;
  readonly names: readonly [ImageNames, ImageNames];
}

function mismatchText({ missing, first }: NameDifference, { stages, split, names }: Words): string {
  const [one, other] = stages;
  const counts = names[0].count === names[1].count ? '' : ` (${names[1].count} and ${names[0].count})`;
  const begin = `\`${other}\` does not contain the same ${wordOf(split)} images as \`${one}\`${counts}`;
  const lacking = (missing ?? []).flatMap((all, index) =>
    all.length === 0 ? [] : [`only \`${stages[index]}\` has ${listText(all)}`],
  );
  if (lacking.length > 0) return `${begin}: ${lacking.join('; ')}`;
  if (first === undefined) return missing === undefined ? begin : `${begin}: some occur twice`;
  const [own, its] = first.names.map(shownName);
  return `${begin}${missing === undefined ? '' : ' in the same order'}: image ${first.row} is \`${own}\` in \`${one}\` and \`${its}\` in \`${other}\``;
}

function mismatchHint(
  { missing, first, byFile, otherSet }: NameDifference,
  { stages, names }: Words,
): string {
  if (otherSet) return 'name images of one data set';
  const [one, other] = stages;
  const omitted = [leftOut(names[0], one), leftOut(names[1], other)].filter((text) => text !== '');
  if (omitted.length > 0) {
    return `${omitted.join(', ')} (unreadable, or another size): repair what was left out, or remove it from both sets`;
  }
  if (byFile && missing?.[0].length === names[0].count) {
    return 'images from files are paired by name: give both files of a pair the same name, such as `noisy/01.png` and `clean/01.png`';
  }
  const [inFolder, inOtherFolder] = (first?.names ?? []).map((name) => name.includes('/'));
  if (byFile && inFolder !== inOtherFolder) {
    return 'give both the same class folders, or none: images are read class by class';
  }
  return byFile
    ? 'keep the same files in both folders, and let both go through the same steps (`split`, `subset`, `limit`)'
    : 'let both go through the same steps: `split`, `subset` and `limit` with the same settings and `seed`';
}

/** The files that a data set from a folder left out. */
function leftOut({ omitted = [] }: ImageNames, stage: string): string {
  return omitted.length === 0
    ? ''
    : `${listText(omitted)} ${omitted.length === 1 ? 'was' : 'were'} left out of \`${stage}\``;
}

/** `` `a.png`, `b.png`, `c.png` and 4 more `` */
function listText(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map((name) => `\`${shownName(name)}\``);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}

function wordOf(split: Split): string {
  return split === 'train' ? 'training' : 'test';
}
