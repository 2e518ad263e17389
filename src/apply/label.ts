/** The class that a conditional model is told. */
import { failure } from '../core/diagnostic.ts';
import { suggest } from '../core/suggest.ts';
import { readGraph } from '../export/graph.ts';

/** How many classes a message lists. */
const LISTED = 20;

/**
 * The number of a class.
 *
 * @param folder of the saved autoencoder
 * @param word the class as the user wrote it, by number or name
 * @param classes names of the classes, if they have any
 * @returns undefined for a model without classes
 * @throws Failure `usage` if the model needs a class and none is given, or the reverse; `unknown-value`
 */
export async function labelFor(
  folder: string,
  word: string | undefined,
  classes: readonly string[] | undefined,
): Promise<number | undefined> {
  const { inputs, layers } = await readGraph(folder, 'autoencoder');
  const count = layers.find(({ name }) => name === inputs[1])?.shape[0];
  if (count === undefined) {
    if (word === undefined) return undefined;
    throw failure('usage', 'the model does not know classes', 'leave `--label` out');
  }
  const listed = classes?.slice(0, LISTED).join(', ');
  const known = `0 to ${count - 1}${listed === undefined ? '' : `: ${listed}${(classes?.length ?? 0) > LISTED ? ', …' : ''}`}`;
  if (word === undefined)
    throw failure(
      'usage',
      'the model is conditional: it needs the class of the images',
      `add \`--label CLASS\`, one of ${known}`,
    );
  const named = classes?.indexOf(word) ?? -1;
  const label = named >= 0 ? named : /^\d{1,9}$/.test(word) ? Number(word) : -1;
  if (label >= 0 && label < count) return label;
  const near = suggest(word, classes ?? []);
  throw failure(
    'unknown-value',
    `the model knows no class \`${word}\``,
    near === undefined ? `it knows ${known}` : `did you mean \`${near}\`?`,
  );
}
