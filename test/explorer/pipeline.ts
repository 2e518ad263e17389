/** A run whose report has models of each kind that a reader can try. */

/** A denoiser with two latent values; a conditional variational model with 20, and a report that names them in this order. */
export const MODELS = `name: models
seed: 7
threads: 1
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 200, test: 40 } }
  noisy: { type: noise, data: mnist, kind: gaussian, mean: 0.1, stddev: 0.4, clip: [0, 1] }
  plane:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  denoiser: { type: train, model: plane, data: noisy, target: mnist, loss: mse, epochs: 2, batch_size: 50 }
  wide:
    type: model
    input_shape: [28, 28, 1]
    condition: labels
    classes: 10
    encoder: [Flatten, { Variational: { units: 20 } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  digits: { type: train, model: wide, data: mnist, loss: binary_crossentropy, epochs: 2, batch_size: 50 }
`;
