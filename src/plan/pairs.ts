/** Whether the inputs that a stage pairs can contain the same images, as far as the settings determine it. */
import type { ChosenImages, Finding, OutputDescription, Pairing, Split } from '../core/stage-type.ts';

/** The mismatch in one pair. Once the images exist, their names are compared as well. */
export function checkPairing(
  { settings, splits }: Pairing,
  inputs: Readonly<Record<string, OutputDescription | undefined>>,
  references: Readonly<Record<string, string>>,
): Finding | undefined {
  const [nearer, farther] = settings;
  const [one, other] = [references[nearer], references[farther]];
  const [first, second] = [chosenIn(inputs[nearer]), chosenIn(inputs[farther])];
  if (one === undefined || other === undefined || one === other) return undefined;
  if (first === undefined || second === undefined) return undefined;
  const report = (message: string, hint: string): Finding => ({
    code: 'pair-mismatch',
    message,
    hint,
    at: [farther],
    related: { message: 'paired with these', at: [nearer] },
  });
  if (first.set !== undefined && second.set !== undefined && first.set !== second.set) {
    return report(
      `\`${other}\` holds images of \`${second.set}\`, and \`${one}\` images of \`${first.set}\``,
      'name images of one data set',
    );
  }
  if (first.divisions.join() !== second.divisions.join()) {
    return report(
      `\`${other}\` and \`${one}\` hold different images: they were not divided by the same \`split\``,
      'let both go through a `split` stage with the same settings and `seed`',
    );
  }
  const split = splits.find((name) => differ(first.counts?.[name], second.counts?.[name]));
  if (split === undefined) return undefined;
  return report(
    `\`${other}\` has ${countText(second, split)}, and \`${one}\` has ${countText(first, split)}`,
    'give both the same `limit`, or the same `subset`',
  );
}

function chosenIn(input: OutputDescription | undefined): ChosenImages | undefined {
  return input?.kind === 'images' || input?.kind === 'vectors' ? input.chosen : undefined;
}

function differ(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function countText({ counts }: ChosenImages, split: Split): string {
  return `${counts?.[split] ?? 0} ${split} images`;
}
