/** The metric of a quantised latent, which needs its choice of codes. */
import { join } from 'node:path';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { CodeCounts, savedChooser } from '../../engine/train/code-counts.ts';
import type { Engine } from '../../engine/engine.ts';
import type { RowOptions } from '../../engine/train/rows.ts';
import { rowNumbers, type Samples } from '../../engine/train/samples.ts';
import { loadQuantized } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';

export interface PerplexityMeasure {
  measure(images: Samples, options: RowOptions): Promise<number>;
  dispose(): void;
}

/**
 * Loads a trained model to count its codes.
 *
 * @throws Failure `bad-setting` for a model without codes. For models of plugins, this is only known here
 */
export async function perplexityMeasure(
  { settings, inputs }: StageContext<EvaluateSettings>,
  engine: Engine,
): Promise<PerplexityMeasure> {
  const { folder, stage } = requireInput(inputs, 'model');
  const parts = await loadQuantized(engine.tf, join(folder, 'model'));
  if (parts === undefined) {
    throw failure(
      'bad-setting',
      `\`perplexity\` needs a quantised latent, which \`${stage}\` does not have`,
      'leave it out of `metrics`',
      ['metrics', settings.metrics.indexOf('perplexity')],
    );
  }
  const chooser = savedChooser(engine.tf, parts.choices);
  return {
    async measure(images, options) {
      const counts = await CodeCounts.of(engine, chooser, images, rowNumbers(images.count), options);
      return counts.perplexity;
    },
    dispose: parts.dispose,
  };
}
