/** Times a sweep of eight latent sizes, and the same trainings in a loop. */
import type { WholeWork } from './whole.ts';

const SIZES = [2, 4, 8, 16, 32, 64, 128, 256];
const EPOCHS = 10;
const BATCH = 128;
const IMAGES = 60_000;

/** @param steps steps per epoch; by default all images */
export function sweepWork(steps: number | undefined): WholeWork {
  const images = Math.min(IMAGES, steps === undefined ? IMAGES : steps * BATCH);
  return {
    name: `sweep, ${SIZES.length} sizes, ${EPOCHS} epochs`,
    command: 'sweep',
    pipeline: pipelineOf(images),
    script: 'keras_sweep.py',
    arguments: [String(images), String(EPOCHS), ...SIZES.map(String)],
    epochs: SIZES.length * EPOCHS,
    steps: Math.ceil(images / BATCH),
  };
}

/** Together, the trials have as many threads as the loop's one process: a core for each of two trials. */
function pipelineOf(images: number): string {
  return `name: sweep
seed: 1
threads: 1
params: { latent_size: 16 }
stages:
  mnist: { type: dataset, source: mnist, normalize: minmax, limit: { train: ${images} } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Flatten
      - Dense: { units: 256, activation: relu }
      - Dense: { units: 128, activation: relu }
      - Dense: { units: "\${params.latent_size}" }
    decoder:
      - Dense: { units: 128, activation: relu }
      - Dense: { units: 256, activation: relu }
      - Dense: { units: 784, activation: sigmoid }
      - Reshape: { target_shape: [28, 28, 1] }
  trained:
    type: train
    model: model
    data: mnist
    optimizer: adam
    loss: mse
    epochs: ${EPOCHS}
    batch_size: ${BATCH}
    validation: test
sweep:
  parameters: { latent_size: [${SIZES.join(', ')}] }
  metric: { name: trained.val_loss, goal: minimize }
`;
}
