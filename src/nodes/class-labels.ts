/** Classes that settings name. */
import { failure } from '../core/diagnostic.ts';
import { suggest } from '../core/suggest.ts';

/** Maximum names of classes listed in a message. */
const LISTED = 10;

/**
 * The labels of classes given by name or number.
 *
 * @param at the setting that names them, for messages
 * @throws Failure `bad-setting` if no class has a given name
 */
export function labelsOf(
  wanted: readonly (number | string)[],
  classes: readonly string[] | undefined,
  { stage, at }: { readonly stage: string; readonly at: readonly string[] },
): ReadonlySet<number> {
  const labels = wanted.map((one) => {
    const label = typeof one === 'number' ? one : (classes?.indexOf(one) ?? -1);
    if (label >= 0) return label;
    const near = suggest(String(one), classes ?? []);
    throw failure(
      'bad-setting',
      `\`${stage}\` has no class \`${one}\``,
      classes === undefined
        ? 'its classes have no names: use their labels'
        : near === undefined
          ? `its classes: ${classes.slice(0, LISTED).join(', ')}${classes.length > LISTED ? ', …' : ''}`
          : `did you mean \`${near}\`?`,
      at,
    );
  });
  return new Set(labels);
}
