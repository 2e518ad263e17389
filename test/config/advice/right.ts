/** A pipeline that every mistake is put into. */
export const RIGHT = `name: small
seed: 7
params:
  latent_size: 16
stages:
  mnist:
    type: dataset
    source: mnist
    limit: 100
  noisy:
    type: noise
    data: mnist
    kind: gaussian
    stddev: 0.5
    clip: [0, 1]
  dense:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Flatten
      - Dense: { units: 64, activation: relu }
      - Dropout: { rate: 0.2 }
      - LeakyReLU: { negative_slope: 0.2 }
      - Dense:
          units: 16
    decoder:
      - Dense: { units: 784, activation: sigmoid }
      - Reshape: { target_shape: [28, 28, 1] }
  convolutional:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Conv2D: { filters: 8, kernel_size: 3, strides: 2, padding: same }
      - BatchNormalization
      - MaxPooling2D
    decoder:
      - UpSampling2D
      - Conv2DTranspose: { filters: 1, kernel_size: 3, strides: 2, padding: same, activation: sigmoid }
  trained:
    type: train
    model: dense
    data: noisy
    target: mnist
    optimizer: adam
    loss: mse
    metrics: [mae]
    epochs: 3
    batch_size: 32
    shuffle: true
    validation: test
    early_stopping: { patience: 3 }
  quality:
    type: evaluate
    model: trained
    data: noisy
    target: mnist
    metrics: [mse]
  curves:
    type: figure
    kind: history
    model: trained
    title: Loss
`;

/**
 * A text of the pipeline, the mistake in its place, and what is found first: code, line and column. Unless stated otherwise, the
 * advice restores the valid text.
 */
export type Mistake = readonly [right: string, wrong: string, found: string, repaired?: string];
