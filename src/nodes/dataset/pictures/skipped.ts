/** Skipped files: the reasons, and how a warning summarises them. */
import { failure, type Failure } from '../../../core/diagnostic.ts';
import type { StageContext } from '../../contract.ts';
import { compareNames, shownName } from '../names.ts';

/** Why a file is skipped, in the singular and in the plural. */
const KINDS = {
  format: ['image of another format', 'images of other formats'],
  empty: ['empty file', 'empty files'],
  large: ['file that is too large', 'files that are too large'],
  damaged: ['image that cannot be decoded', 'images that cannot be decoded'],
  size: ['image of another size', 'images of other sizes'],
  unlabeled: ['image without a label in the table', 'images without a label in the table'],
  unpaired: ['image without a usable partner', 'images without usable partners'],
  loose: ['image outside the class folders', 'images outside the class folders'],
  nested: ['image in a folder beside loose images', 'images in folders beside loose images'],
  deep: ['file or folder that is too deep', 'files or folders that are too deep'],
  link: ['link', 'links'],
  'archive-link': ['link in the archive', 'links in the archive'],
  special: ['pipe, socket or device', 'pipes, sockets or devices'],
  unreadable: ['file or folder that cannot be read', 'files or folders that cannot be read'],
  packing: ['file packed in an unsupported way', 'files packed in an unsupported way'],
  name: ['unusable name', 'unusable names'],
  repeated: ['file that occurs again later in the archive', 'files that occur again later in the archive'],
  backup: ['backup or partial copy', 'backups or partial copies'],
  foreign: ['file that is not an image', 'files that are not images'],
} as const;

export type SkipKind = keyof typeof KINDS;

/** Kinds that the user hardly meant as images: they are listed, but do not stop a stage. */
const HARMLESS: ReadonlySet<SkipKind> = new Set(['backup', 'foreign', 'repeated']);

/** Kinds whose reason differs from file to file. */
const DETAILED: ReadonlySet<SkipKind> = new Set(['damaged', 'large', 'name', 'packing', 'unreadable']);

export interface Skipped {
  /** Path below the folder or in the archive, with `/`, also at the end of a folder's. */
  readonly name: string;
  readonly kind: SkipKind;
  /** The rest of a sentence that begins with the name. */
  readonly reason: string;
}

/** Thrown by code that reads one file: this file cannot be used, but others may be. */
export class Unusable extends Error {
  readonly kind: SkipKind;

  constructor(kind: SkipKind, reason: string) {
    super(reason);
    this.name = 'Unusable';
    this.kind = kind;
  }
}

/** Whether `on_error: fail` stops for it. */
export function isLoss({ kind }: Skipped): boolean {
  return !HARMLESS.has(kind);
}

/** How many names of each kind a message shows. */
const SHOWN = 3;

/** ``2 links (`a`, `b`), 1 empty file (`c`)`` */
export function sumUp(skipped: readonly Skipped[]): string {
  const groups = (Object.keys(KINDS) as SkipKind[]).flatMap((kind) => {
    const group = skipped.filter((item) => item.kind === kind);
    const [first, ...others] = group;
    if (first === undefined) return [];
    const title = KINDS[kind][group.length === 1 ? 0 : 1];
    return [`${group.length} ${title} (${DETAILED.has(kind) ? detail(first, others) : nameSome(group)})`];
  });
  return groups.join(', ');
}

/** `` `a` is a WebP image; also `b`, `c`, `d` and 3 more`` */
function detail(first: Skipped, others: readonly Skipped[]): string {
  const more = others.length === 0 ? '' : `; also ${nameSome(others)}`;
  return `\`${shownName(first.name)}\` ${first.reason}${more}`;
}

/** `` `a`, `b`, `c` and 3 more`` */
export function nameSome(items: readonly { readonly name: string }[]): string {
  const names = items.slice(0, SHOWN).map(({ name }) => `\`${shownName(name)}\``);
  const more = items.length - names.length;
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`;
}

/** For each kind, the setting that would include such files, if there is one. */
export type Remedies = Readonly<Partial<Record<SkipKind, string>>>;

/** ``; to use the files that are too deep, set `recursive: true` ``, for files that a setting would include. */
function remediesFor(skipped: readonly Skipped[], remedies: Remedies): string {
  const kinds = (Object.keys(KINDS) as SkipKind[]).filter((kind) =>
    skipped.some((item) => item.kind === kind),
  );
  return kinds
    .flatMap((kind) =>
      remedies[kind] === undefined ? [] : `; to use the ${KINDS[kind][1]}, set ${remedies[kind]}`,
    )
    .join('');
}

/** Warns of skipped files, on one line however many there are. */
export function warnOfSkipped(
  skipped: readonly Skipped[],
  {
    total,
    where,
    remedies = {},
  }: { readonly total: number; readonly where: string; readonly remedies?: Remedies },
  log: StageContext['log'],
): void {
  if (skipped.length === 0) return;
  log(
    'warn',
    `${skipped.length} of ${total} files of ${where} are skipped: ${sumUp(skipped)}${remediesFor(skipped, remedies)}; \`summary.json\` names all`,
  );
}

/**
 * For `on_error: fail`.
 *
 * @param at the setting that names the folder
 */
export function lossFailure(
  lost: readonly Skipped[],
  remedies: Remedies = {},
  at: readonly string[] = [],
): Failure {
  return failure(
    'data-corrupt',
    `not every image can be used: ${sumUp(lost)}`,
    `convert, move or remove them, or use \`on_error: skip\`${remediesFor(lost, remedies)}`,
    at,
  );
}

export function bySkippedName(a: Skipped, b: Skipped): number {
  return compareNames(a.name, b.name);
}
