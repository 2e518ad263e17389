/** What `check` finds in the loss of a `train` stage. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext } from '../../core/stage-type.ts';
import type { ImagesDescription, ModelDescription } from './checks.ts';
import { ACTIVATION_RANGES } from './targets.ts';

/** The outputs of the model must fit the loss, and the targets the outputs. */
export function checkLoss(
  context: AnalysisContext<TrainSettings>,
  model: ModelDescription,
  target: ImagesDescription | undefined,
): void {
  if (model.kind !== 'model') return;
  const { settings, references, report } = context;
  const { outputActivation: activation } = model;
  const stage = references['model'];
  const related =
    stage === undefined
      ? {}
      : { related: { message: 'the decoder ends here', at: ['decoder', ...(model.lastLayer ?? [])], stage } };
  if (
    settings.loss === 'binary_crossentropy' &&
    !['sigmoid', 'hard_sigmoid', 'sparse_sigmoid'].includes(activation)
  ) {
    const wrong =
      activation === 'softmax'
        ? 'it ends in `softmax`, whose outputs sum to 1'
        : `it ends in ${activation === 'linear' ? 'no activation' : `\`${activation}\``}`;
    report({
      code: 'loss-output-mismatch',
      message: `\`binary_crossentropy\` needs each output of \`${stage}\` between 0 and 1, but ${wrong}`,
      hint: 'end the decoder with `activation: sigmoid`, or use `loss: mse`',
      at: ['loss'],
      ...related,
    });
    return;
  }
  const reach = ACTIVATION_RANGES[activation];
  const range = target?.range;
  if (reach === undefined || range === undefined || (range[0] >= reach[0] && range[1] <= reach[1])) return;
  // The check of the cross-entropy's targets reports this more precisely.
  if (settings.loss === 'binary_crossentropy') return;
  report({
    code: 'loss-output-mismatch',
    severity: 'warning',
    message:
      `\`${activation}\` at the end of \`${stage}\` returns ${rangeText(reach)}, ` +
      `but the targets range from ${range[0]} to ${range[1]}`,
    hint: 'end the decoder with another activation, or load the images with `normalize: minmax`',
    at: ['loss'],
    ...related,
  });
}

function rangeText([low, high]: readonly [number, number]): string {
  if (low === -Infinity) return `values up to ${high}`;
  return high === Infinity ? `values from ${low} up` : `values from ${low} to ${high}`;
}
