import type { ConcatSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { joinedClasses } from '../class-labels.ts';
import { resampledFinding, stepIdentity } from '../step.ts';
import type { ImagesDescription } from '../train/checks.ts';

const PORTS = ['data', 'with'] as const;

/** `concat`: appends one image set to another. */
export const concatNode: NodeDefinition<ConcatSettings> = {
  type: 'concat',
  version: 3,
  schema: readSchema('stages/concat'),
  inputs: { data: { accepts: ['images'] }, with: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze({ inputs, references, report }): OutputDescription | undefined {
    const [first, second] = PORTS.map((port) => inputs[port]);
    const [stage, other] = PORTS.map((port) => references[port]);
    if (stage === undefined || other === undefined) return undefined;
    if (first?.kind !== 'images' || second?.kind !== 'images') return undefined;
    const resampled = PORTS.filter((_, index) => [first, second][index]?.resampled === true);
    for (const port of resampled) report(resampledFinding(references[port] ?? '', port));
    const differ = first.shape && second.shape && first.shape.join() !== second.shape.join();
    if (differ === true) {
      report({
        code: 'shape-mismatch',
        message: `images of \`${stage}\` are ${first.shape.join('x')}, those of \`${other}\` ${second.shape.join('x')}`,
        hint: 'give them one size with a `resize` stage',
        at: ['with'],
      });
    }
    if (resampled.length > 0 || differ === true) return undefined;
    const joined = (a: string, b: string): string => stepIdentity('concat', {}, [a, b]);
    const shape = first.shape ?? second.shape;
    const { range: one } = first;
    const { range: two } = second;
    const corrupted = first.corruptionOf !== undefined || second.corruptionOf !== undefined;
    const classes = joinedClasses(first.classes, second.classes);
    return {
      kind: 'images',
      splits: (['train', 'test'] as const).filter(
        (split) => first.splits.includes(split) || second.splits.includes(split),
      ),
      ...(shape === undefined ? {} : { shape }),
      ...(one === undefined || two === undefined
        ? {}
        : { range: [Math.min(one[0], two[0]), Math.max(one[1], two[1])] }),
      identity: joined(first.identity ?? stage, second.identity ?? other),
      ...(classes === undefined ? {} : { classes }),
      ...(corrupted ? { corruptionOf: joined(cleanOf(stage, first), cleanOf(other, second)) } : {}),
    };
  },

  async run(context) {
    const { runConcat } = await import('./run.ts');
    return runConcat(context);
  },
};

/** The identity of images without their noise, if they have any. */
function cleanOf(stage: string, { identity, corruptionOf, cleanIdentity }: ImagesDescription): string {
  return cleanIdentity ?? corruptionOf ?? identity ?? stage;
}
