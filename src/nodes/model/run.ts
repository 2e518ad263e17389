/** Builds an autoencoder and saves it untrained. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSettings } from '../../schema/generated/settings.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../layers/build.ts';
import { saveArchitecture } from '../../layers/architecture-file.ts';
import { saveAutoencoder } from '../../layers/save.ts';
import { modelSummary } from '../../layers/summary.ts';
import type { StageContext, StageResult } from '../contract.ts';

/**
 * Writes `architecture.json`, the initial models in `encoder/`, `decoder/` and `autoencoder/`, and their tables in
 * `summary.txt`.
 */
export async function runModel({
  settings,
  folder,
  engine,
  seed,
}: StageContext<ModelSettings>): Promise<StageResult> {
  const { tf } = await engine();
  const models = buildAutoencoder(tf, settings, seed);
  try {
    await saveArchitecture(settings, folder);
    await saveAutoencoder(models, folder);
    const summaries = [models.encoder, models.decoder, models.autoencoder].map(modelSummary);
    await writeFile(join(folder, 'summary.txt'), summaries.join('\n'));
    return { metrics: { parameters: models.autoencoder.countParams() }, highlights: ['summary.txt'] };
  } finally {
    disposeAutoencoder(models);
  }
}
