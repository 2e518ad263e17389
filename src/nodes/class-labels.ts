/** Classes that settings name, and those that images have. */
import { failure } from '../core/diagnostic.ts';
import type { AnalysisContext, ClassDescription } from '../core/stage-type.ts';
import { suggest } from '../core/suggest.ts';
import type { ImageArray } from '../formats/images.ts';

/** Maximum classes listed in a message. */
const LISTED = 10;

type Classes = readonly ClassDescription[];

/** @param classes their names by label, or their number */
export function describeClasses(classes: readonly string[] | number): Classes {
  return typeof classes === 'number'
    ? Array.from({ length: classes }, (_, label) => ({ label }))
    : classes.map((name, label) => ({ label, name }));
}

/** The classes of an image set: those with names or, if labels are plain numbers, those with images; undefined without labels. */
export function classesIn(splits: readonly Pick<ImageArray, 'labels' | 'classes'>[]): Classes | undefined {
  const labelled = splits.filter(({ labels }) => labels !== undefined);
  if (labelled.length === 0) return undefined;
  const names = labelled.find(({ classes }) => classes !== undefined)?.classes;
  if (names !== undefined) return describeClasses(names);
  const found = new Set<number>();
  for (const { labels = [] } of labelled) for (const label of labels) found.add(label);
  return [...found].sort((one, other) => one - other).map((label) => ({ label }));
}

/** The classes of two sets in one; undefined if it is not known how they are numbered. */
export function joinedClasses(one: Classes | undefined, other: Classes | undefined): Classes | undefined {
  if (one === undefined || other === undefined) return undefined;
  const all = [...one, ...other];
  const names = all.flatMap(({ name }) => name ?? []);
  if (names.length === all.length) {
    const isNumbered = one.every(({ label }, index) => label === index);
    return [...new Set(names)].map((name, label) => (isNumbered ? { label, name } : { name }));
  }
  const labels = all.flatMap(({ label, name }) => (name === undefined ? (label ?? []) : []));
  return labels.length === all.length ? [...new Set(labels)].map((label) => ({ label })) : undefined;
}

/** Those of the classes that a setting names; undefined if they are not known. */
export function chosenClasses(
  wanted: readonly (number | string)[],
  classes: Classes | undefined,
): Classes | undefined {
  const found = wanted.map((one) => classes?.find((each) => isNamed(each, one)));
  return found.every((each) => each !== undefined) ? found : undefined;
}

function isNamed({ label, name }: ClassDescription, wanted: number | string): boolean {
  return wanted === (typeof wanted === 'number' ? label : name);
}

interface Problem {
  readonly message: string;
  readonly hint: string;
  /** What to write instead. */
  readonly replacement?: string;
}

export function hasClass(classes: Classes, wanted: number | string): boolean {
  return problemOf(wanted, classes, undefined) === undefined;
}

/** What is wrong with a class that a setting names. */
function problemOf(
  wanted: number | string,
  classes: Classes,
  stage: string | undefined,
): Problem | undefined {
  if (classes.some((each) => isNamed(each, wanted))) return undefined;
  const isNumbered = classes.every(({ label }) => label !== undefined);
  if (typeof wanted === 'number' && !isNumbered && wanted < classes.length) return undefined;
  const names = classes.flatMap(({ name }) => name ?? []);
  const message = `\`${stage}\` has no class \`${wanted}\``;
  if (typeof wanted === 'string' && names.length === 0) {
    const digits = classes.find(({ label }) => String(label) === wanted);
    return digits === undefined
      ? { message, hint: `its classes have no names: use their labels, ${listOf(classes)}` }
      : {
          message: `${message}: its classes have numbers, and no names`,
          hint: `write ${wanted} without quotes`,
        };
  }
  const near = typeof wanted === 'string' ? suggest(wanted, names) : undefined;
  return near === undefined
    ? { message, hint: `its classes: ${listOf(classes)}` }
    : { message, hint: `did you mean \`${near}\`?`, replacement: near };
}

/** For messages. */
export function listOf(classes: Classes): string {
  const all = [...new Set(classes.map(({ label, name }) => name ?? String(label)))];
  return `${all.slice(0, LISTED).join(', ')}${all.length > LISTED ? ', …' : ''}`;
}

/** Reports classes that a setting names and the images of `data` cannot have. */
export function checkClasses(
  { references, report }: Pick<AnalysisContext<unknown>, 'references' | 'report'>,
  classes: Classes | undefined,
  wanted: readonly (number | string)[],
  key: string,
): void {
  if (classes === undefined) return;
  for (const [index, one] of wanted.entries()) {
    const problem = problemOf(one, classes, references['data']);
    if (problem !== undefined) report({ code: 'bad-setting', ...problem, at: [key, index] });
  }
}

/**
 * The labels of classes given by name or number.
 *
 * @param classes of the images; undefined if they have no labels
 * @param at the setting that names them, for messages
 * @throws Failure `bad-setting` if no class has a given name or number
 */
export function labelsOf(
  wanted: readonly (number | string)[],
  classes: Classes | undefined,
  { stage, at }: { readonly stage: string; readonly at: readonly string[] },
): ReadonlySet<number> {
  requireClasses(wanted, classes ?? [], { stage, at });
  return knownLabels(wanted, classes);
}

/** @throws Failure `bad-setting` if no class has a given name or number */
export function requireClasses(
  wanted: readonly (number | string)[],
  classes: Classes,
  { stage, at }: { readonly stage: string; readonly at: readonly string[] },
): void {
  for (const [index, one] of wanted.entries()) {
    const problem = problemOf(one, classes, stage);
    if (problem !== undefined) throw failure('bad-setting', problem.message, problem.hint, [...at, index]);
  }
}

/** The labels of those classes, given by name or number, that a set has. */
export function knownLabels(
  wanted: readonly (number | string)[],
  classes: Classes | undefined,
): ReadonlySet<number> {
  return new Set(wanted.flatMap((one) => classes?.find((each) => isNamed(each, one))?.label ?? []));
}
