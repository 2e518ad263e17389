/** What `check` finds in the settings of a `train` stage that are for some kinds of latents: `kl`, `divide_by_variance` and `latent_regularizer`. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext } from '../../core/stage-type.ts';
import type { ImagesDescription, ModelDescription } from './checks.ts';
import { endsInOne, loneImage } from './latent-terms.ts';
import { lossName } from './loss.ts';

/** The divergence needs a variational latent, and a warm-up should end within the training. */
export function checkKl(
  { settings, references, report }: AnalysisContext<TrainSettings>,
  model: ModelDescription,
): void {
  const { kl, epochs } = settings;
  if (kl === undefined) return;
  const stage = references['model'];
  if (model.variational === false) {
    report({
      code: 'bad-setting',
      message: `\`kl\` needs a variational latent, but the encoder of \`${stage}\` does not end in \`Variational\``,
      hint: 'let the encoder end in `Variational: { units: … }` in place of its last `Dense`, or remove `kl`',
      at: ['kl'],
      ...(stage === undefined
        ? {}
        : { related: { message: 'the encoder is defined here', at: ['encoder'], stage } }),
    });
  } else if ((kl.importance_samples ?? 1) > 1) {
    checkBound(report, kl);
  } else if (kl.warmup_epochs >= epochs) {
    report({
      code: 'bad-setting',
      severity: 'warning',
      message: `the divergence never gets its full weight: the warm-up takes ${kl.warmup_epochs} epochs, but the training only ${epochs}`,
      hint: `use fewer \`warmup_epochs\` than \`epochs\``,
      at: ['kl', 'warmup_epochs'],
    });
  }
}

/** The importance-weighted bound has no divergence that could count differently. */
function checkBound(
  report: AnalysisContext<TrainSettings>['report'],
  kl: NonNullable<TrainSettings['kl']>,
): void {
  const changed = [
    ...(kl.weight === 1 ? [] : ['weight']),
    ...(kl.warmup_epochs === 0 ? [] : ['warmup_epochs']),
    ...(kl.free_bits === 0 ? [] : ['free_bits']),
  ];
  for (const key of changed) {
    report({
      code: 'bad-setting',
      message: `\`${key}\` does not go with \`importance_samples: ${kl.importance_samples}\`: the importance-weighted bound has no separate divergence`,
      hint: `remove \`${key}\` or \`importance_samples\``,
      at: ['kl', key],
    });
  }
}

/** Dividing by the variance changes the weight of the quantization, and what `reconstruction` is. */
export function checkDivision(
  { settings, references, report }: AnalysisContext<TrainSettings>,
  model: ModelDescription,
): void {
  if (settings.divide_by_variance !== true) return;
  if (model.quantized === false) {
    report({
      code: 'bad-setting',
      message: `\`divide_by_variance\` is for quantised latents, but the encoder of \`${references['model']}\` does not end in \`VectorQuantizer\``,
      hint: 'remove it: without a second part of the loss, it would only change the unit of the numbers',
      at: ['divide_by_variance'],
    });
  } else if (settings.loss !== 'mse') {
    report({
      code: 'bad-setting',
      message: `\`divide_by_variance\` is for squared errors, but the loss is \`${lossName(settings.loss)}\``,
      hint: 'use `loss: mse`, or remove it',
      at: ['divide_by_variance'],
    });
  }
}

/** The discrepancy compares vectors of plain numbers, at least two in a batch. */
export function checkRegularizer(
  { settings, references, report }: AnalysisContext<TrainSettings>,
  model: ModelDescription,
  data: ImagesDescription | undefined,
): void {
  const { latent_regularizer: regularizer, batch_size: size, validation } = settings;
  if (regularizer === undefined) return;
  const stage = references['model'];
  const refuse = (why: string, hint: string): void =>
    report({
      code: 'bad-setting',
      message: `\`latent_regularizer\` is for flat latents of plain numbers, but ${why}`,
      hint,
      at: ['latent_regularizer'],
      ...(stage === undefined
        ? {}
        : { related: { message: 'the encoder is defined here', at: ['encoder'], stage } }),
    });
  if (model.variational === true) {
    refuse(
      `the encoder of \`${stage}\` ends in \`Variational\`, whose \`kl\` already pulls them to the standard normal distribution`,
      'remove it, or let the encoder end in `Dense`',
    );
  } else if (model.quantized === true) {
    refuse(
      `the encoder of \`${stage}\` ends in \`VectorQuantizer\``,
      'remove it, or let the encoder end in `Dense`',
    );
  } else if (model.latentShape.length !== 1) {
    refuse(
      `those of \`${stage}\` are ${model.latentShape.join('x')}`,
      'let the encoder end in `Flatten` and `Dense: { units: 8 }`',
    );
  }
  const { train, test } = data?.chosen?.counts ?? {};
  const kept =
    train === undefined || typeof validation !== 'number' ? train : Math.floor(train * (1 - validation));
  const held =
    validation === 'test'
      ? test
      : typeof validation === 'number' && train !== undefined
        ? train - (kept ?? 0)
        : undefined;
  const lone =
    size === 1 ? (kept ?? 1) : [kept, held].find((count) => count !== undefined && endsInOne(count, size));
  if (lone === undefined) return;
  const [message, hint] = loneImage(lone, size);
  report({ code: 'bad-setting', message, hint, at: ['batch_size'], ifWritten: [['latent_regularizer']] });
}
