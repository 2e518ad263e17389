/** What users of Keras and beginners in YAML write: a line of a valid pipeline, and the mistake in its place. */

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

/** Found first: code, line and column. Unless stated otherwise, the advice restores the valid text. */
export const MISTAKES: readonly (readonly [
  right: string,
  wrong: string,
  found: string,
  repaired?: string,
])[] = [
  ['units: 784, activation', 'units: 28*28*1, activation', 'wrong-type 27:25'],
  [
    'input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'input_shape: (28, 28, 1)\n    encoder:\n      - Flatten',
    'wrong-type 18:18',
  ],
  [
    'input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'input_shape: 28x28x1\n    encoder:\n      - Flatten',
    'wrong-type 18:18',
  ],
  [
    'input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'input_shape: [None, 28, 28, 1]\n    encoder:\n      - Flatten',
    'out-of-range 18:18',
  ],
  [
    'strides: 2, padding: same }\n      - Batch',
    'strides: (2,2), padding: same }\n      - Batch',
    'yaml-syntax 33:56',
    'strides: [2, 2], padding: same }\n      - Batch',
  ],
  [
    'strides: 2, padding: same }\n      - Batch',
    'strides: (2, 2), padding: same }\n      - Batch',
    'yaml-syntax 33:56',
    'strides: [2, 2], padding: same }\n      - Batch',
  ],
  ['Reshape: { target_shape: [28, 28, 1] }', 'Reshape: [28, 28, 1]', 'wrong-type 28:18'],
  ['Reshape: { target_shape: [28, 28, 1] }', 'Reshape: (28, 28, 1)', 'wrong-type 28:18'],
  ['Reshape: { target_shape: [28, 28, 1] }', 'Reshape((28, 28, 1))', 'unknown-value 28:9'],
  ['Reshape: { target_shape: [28, 28, 1] }', 'Reshape: { target_shape: (28, 28, 1) }', 'yaml-syntax 28:34'],
  ['units: 16\n', 'units: "16"\n', 'wrong-type 25:18'],
  ['units: 16\n', 'units: 2**4\n', 'wrong-type 25:18'],
  ['rate: 0.2', 'rate: 20%', 'wrong-type 22:26'],
  ['Dropout: { rate: 0.2 }', 'Dropout: 20%', 'wrong-type 22:18'],
  ['rate: 0.2', 'rate: 0,2', 'yaml-syntax 22:26'],
  ['stddev: 0.5', 'stddev: 0,5', 'wrong-type 14:13'],
  ['stddev: 0.5', 'stddev: 1/2', 'wrong-type 14:13'],
  ['clip: [0, 1]', 'clip: (0, 1)', 'wrong-type 15:11'],
  ['limit: 100', 'limit: "100"', 'wrong-type 9:12'],
  ['limit: 100', 'limit: 1e2\n    normalise: true', 'unknown-key 10:5', 'limit: 1e2\n    normalize: minmax'],
  ['shuffle: true', 'shuffle: "True"', 'wrong-type 49:14'],
  ['shuffle: true', 'shuffle: yes', 'wrong-type 49:14'],
  ['early_stopping: { patience: 3 }', 'early_stopping: None', 'wrong-type 51:21', 'early_stopping: null'],
  ['clip: [0, 1]', 'clip: None', 'wrong-type 15:11', 'clip: null'],
  ['Dense: { units: 64, activation: relu }', 'Dense(64, activation="relu")', 'unknown-value 21:9'],
  ['Dense: { units: 64, activation: relu }', "layers.Dense(64, activation='relu')", 'unknown-value 21:9'],
  [
    'Dense: { units: 64, activation: relu }',
    'tf.keras.layers.Dense(units=64, activation=tf.nn.relu)',
    'unknown-value 21:9',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    'layers.Dense: { units: 64, activation: relu }',
    'unknown-value 21:9',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    '{ name: Dense, units: 64, activation: relu }',
    'unknown-value 21:11',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    '{ type: dense, units: 64, activation: ReLU }',
    'unknown-value 21:11',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    '{ class_name: Dense, config: { units: 64, activation: relu } }',
    'unknown-value 21:11',
  ],
  ['Dense: { units: 64, activation: relu }', 'Dense: 64', 'wrong-type 21:16', 'Dense: { units: 64 }'],
  ['Dense: { units: 64, activation: relu }', 'Dense: { 64 }', 'yaml-syntax 21:16', 'Dense: { units: 64 }'],
  ['Dense: { units: 64, activation: relu }', 'Dense: [64, relu]', 'wrong-type 21:16'],
  ['Dense: { units: 64, activation: relu }', 'dense: { units: 64, activation: relu }', 'unknown-value 21:9'],
  ['Dense: { units: 64, activation: relu }', 'Dense: { neurons: 64, activation: relu }', 'unknown-key 21:18'],
  [
    'Dense: { units: 64, activation: relu }',
    'Linear: { in_features: 784, out_features: 64 }',
    'unknown-value 21:9',
    'Dense: { units: 64 }',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    'nn.Linear(784, 64)',
    'unknown-value 21:9',
    'Dense: { units: 64 }',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    'Dense: { in_features: 784, out_features: 64 }',
    'unknown-key 21:18',
    'Dense: { units: 64 }',
  ],
  [
    'Dense: { units: 64, activation: relu }',
    'Dense: { units: 64, activation: relu, input_shape: [784] }',
    'unknown-key 21:47',
    'Dense: { units: 64, activation: relu,  }',
  ],
  ['Dense: { units: 64, activation: relu }', 'Dense: { units:64, activation: relu }', 'unknown-key 21:18'],
  ['Dense: { units: 64, activation: relu }', 'Dense: { units: 64 activation: relu }', 'yaml-syntax 21:25'],
  ['Dense: { units: 64, activation: relu }', 'Dense: { units: 64, activation: relu', 'yaml-syntax 22:7'],
  [
    'Dense: { units: 64, activation: relu }',
    'Dense: { units: ${params.latent_size} }',
    'yaml-syntax 21:26',
    'Dense: { units: "${params.latent_size}" }',
  ],
  ['- Flatten', '- Flatten()', 'unknown-value 20:9'],
  ['- Flatten', '- Flatten:', 'wrong-type 20:9'],
  ['- Flatten', '-Flatten', 'yaml-syntax 20:7'],
  ['- Flatten', '- layers.Flatten()', 'unknown-value 20:9'],
  ['- Flatten', '- Flaten', 'unknown-value 20:9'],
  ['Dropout: { rate: 0.2 }', 'Dropout: 0.2', 'wrong-type 22:18'],
  ['Dropout: { rate: 0.2 }', 'Dropout: { p: 0.2 }', 'unknown-key 22:20'],
  ['Dropout: { rate: 0.2 }', 'nn.Dropout(p=0.2)', 'unknown-value 22:9'],
  ['LeakyReLU: { negative_slope: 0.2 }', 'LeakyReLU: { alpha: 0.2 }', 'unknown-key 23:22'],
  ['LeakyReLU: { negative_slope: 0.2 }', 'LeakyReLU: 0.2', 'wrong-type 23:20'],
  ['- BatchNormalization', '- BatchNorm', 'unknown-value 34:9'],
  ['- BatchNormalization', '- BatchNorm2d', 'unknown-value 34:9'],
  ['- BatchNormalization', '- nn.BatchNorm2d(8)', 'unknown-value 34:9'],
  [
    '- BatchNormalization',
    '- nn.GroupNorm(2, 8)',
    'unknown-value 34:9',
    '- GroupNormalization: { groups: 2 }',
  ],
  [
    '- BatchNormalization',
    '- InstanceNorm2d(8)',
    'unknown-value 34:9',
    '- GroupNormalization: { groups: -1, center: false, scale: false }',
  ],
  [
    '- BatchNormalization',
    '- nn.InstanceNorm2d(8, affine=True)',
    'unknown-value 34:9',
    '- GroupNormalization: { groups: -1 }',
  ],
  [
    '- BatchNormalization',
    '- nn.BatchNorm2d(8, affine=False)',
    'unknown-value 34:9',
    '- BatchNormalization: { center: false, scale: false }',
  ],
  ['- MaxPooling2D', '- MaxPool2D', 'unknown-value 35:9'],
  ['- MaxPooling2D', '- MaxPooling', 'unknown-value 35:9'],
  [
    '- MaxPooling2D',
    '- MaxPool2d: { kernel_size: 2 }',
    'unknown-value 35:9',
    '- MaxPooling2D: { pool_size: 2 }',
  ],
  ['- UpSampling2D', '- UpSampling', 'unknown-value 37:9'],
  ['- UpSampling2D', '- UpSampling2D: 2', 'wrong-type 37:23', '- UpSampling2D: { size: 2 }'],
  ['Conv2DTranspose: { filters: 1', 'ConvTranspose2d: { filters: 1', 'unknown-value 38:9'],
  ['Conv2DTranspose: { filters: 1', 'Deconv2D: { filters: 1', 'unknown-value 38:9'],
  [
    'kernel_size: 3, strides: 2, padding: same }\n',
    'kernel: 3, strides: 2, padding: same }\n',
    'unknown-key 33:31',
  ],
  [
    'kernel_size: 3, strides: 2, padding: same }\n',
    'kernel_size: 3x3, strides: 2, padding: same }\n',
    'wrong-type 33:44',
    'kernel_size: [3, 3], strides: 2, padding: same }\n',
  ],
  [
    'kernel_size: 3, strides: 2, padding: same }\n',
    'kernel_size: (3, 3), stride: 2, padding: same }\n',
    'yaml-syntax 33:44',
    'kernel_size: [3, 3], strides: 2, padding: same }\n',
  ],
  ['padding: same }\n', 'padding: SAME }\n', 'unknown-value 33:68'],
  ['padding: same }\n', 'padding: "zeros" }\n', 'unknown-value 33:68'],
  ['padding: same }\n', 'padding: 1 }\n', 'wrong-type 33:68'],
  [
    'padding: same }\n',
    'padding: same, data_format: channels_first }\n',
    'unknown-key 33:74',
    'padding: same,  }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, kernel_initializer: xavier }\n',
    'unknown-value 33:94',
    'padding: same, kernel_initializer: glorot_uniform }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, kernel_initializer: keras.initializers.RandomNormal(stddev=0.01) }\n',
    'unknown-value 33:94',
    'padding: same, kernel_initializer: { RandomNormal: { stddev: 0.01 } } }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, kernel_initializer: { class_name: VarianceScaling, config: { scale: 2.0, mode: fan_out, seed: 1 } } }\n',
    'unknown-value 33:96',
    'padding: same, kernel_initializer: { VarianceScaling: { scale: 2, mode: fan_out } } }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, kernel_initializer: tf.keras.initializers.HeNormal(seed=3) }\n',
    'unknown-value 33:94',
    'padding: same, kernel_initializer: he_normal }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, bias_initializer: { Constant: 0.1 } }\n',
    'wrong-type 33:104',
    'padding: same, bias_initializer: { Constant: { value: 0.1 } } }\n',
  ],
  [
    'padding: same }\n',
    'padding: same, kernel_regularizer: l2(0.001) }\n',
    'wrong-type 33:94',
    'padding: same, kernel_regularizer: { l2: 0.001 } }\n',
  ],
  ['activation: relu', 'activation: ReLU', 'unknown-value 21:41'],
  ['activation: relu', 'activation: tf.nn.relu', 'unknown-value 21:41'],
  ['activation: relu', 'activation: nn.ReLU()', 'unknown-value 21:41'],
  ['activation: relu', 'activation: leaky_relu(0.2)', 'unknown-value 21:41', 'activation: leaky_relu'],
  ['activation: relu', 'activation: keras.activations.relu', 'unknown-value 21:41'],
  ['activation: relu', 'activation: None', 'unknown-value 21:41', 'activation: linear'],
  ['activation: relu', 'activation_fn: relu', 'unknown-key 21:29'],
  ['activation: relu', 'activation: \u201crelu\u201d', 'unknown-value 21:41'],
  [
    'Conv2D: { filters: 8, kernel_size: 3, strides: 2, padding: same }',
    "Conv2D(8, (3, 3), strides=2, padding='same')",
    'unknown-value 33:9',
    'Conv2D: { filters: 8, kernel_size: [3, 3], strides: 2, padding: same }',
  ],
  [
    'Conv2D: { filters: 8, kernel_size: 3, strides: 2, padding: same }',
    'Conv2D: [8, 3, 2, same]',
    'wrong-type 33:17',
  ],
  [
    'encoder:\n      - Flatten\n      - Dense: { units: 64, activation: relu }\n      - Dropout: { rate: 0.2 }\n      - LeakyReLU: { negative_slope: 0.2 }\n      - Dense:\n          units: 16\n',
    'encoder:\n      Flatten:\n      Dense: { units: 16 }\n',
    'wrong-type 19:5',
    'encoder:\n      [Flatten, { Dense: { units: 16 } }]\n',
  ],
  [
    'encoder:\n      - Flatten\n      - Dense: { units: 64, activation: relu }\n      - Dropout: { rate: 0.2 }\n      - LeakyReLU: { negative_slope: 0.2 }\n      - Dense:\n          units: 16\n',
    'encoder: Sequential([Flatten(), Dense(16)])\n',
    'wrong-type 19:14',
    'encoder: [Flatten, { Dense: { units: 16 } }]\n',
  ],
  [
    'type: model\n    input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'type: Sequential\n    input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'unknown-value 17:11',
  ],
  [
    'type: model\n    input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'type: model\n    Input: (28, 28, 1)\n    encoder:\n      - Flatten',
    'unknown-key 18:5',
  ],
  [
    'type: model\n    input_shape: [28, 28, 1]\n    encoder:\n      - Flatten',
    'type: model\n    input_shape: [28, 28, 1]\n    data_format: channels_last\n    encoder:\n      - Flatten',
    'unknown-key 19:5',
    'type: model\n    input_shape: [28, 28, 1]\n    \n    encoder:\n      - Flatten',
  ],
  ['optimizer: adam', 'optimizer: Adam()', 'unknown-value 44:16'],
  [
    'optimizer: adam',
    'optimizer: keras.optimizers.Adam(1e-3)',
    'unknown-value 44:16',
    'optimizer: { Adam: { learning_rate: 0.001 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: Adam(learning_rate=0.001, beta_1=0.9)',
    'unknown-value 44:16',
    'optimizer: { Adam: { learning_rate: 0.001, beta_1: 0.9 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: { name: nadam, learning_rate: 0.001 }',
    'unknown-value 44:18',
    'optimizer: { Nadam: { learning_rate: 0.001 } }',
  ],
  ['optimizer: adam', 'optimizer: { nadam: {} }', 'unknown-value 44:18', 'optimizer: nadam'],
  [
    'optimizer: adam',
    'optimizer: { Adam: 0.001 }',
    'wrong-type 44:24',
    'optimizer: { Adam: { learning_rate: 0.001 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: { Adam: { lr: 0.001 } }',
    'unknown-key 44:26',
    'optimizer: { Adam: { learning_rate: 0.001 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: { adam: { lr: 0.001 } }',
    'unknown-value 44:18',
    'optimizer: { Adam: { learning_rate: 0.001 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: adam, lr: 0.001',
    'yaml-syntax 44:16',
    'optimizer: { Adam: { learning_rate: 0.001 } }',
  ],
  [
    'optimizer: adam',
    'optimizer: adam\n    learning_rate: 0.001',
    'unknown-key 45:5',
    'optimizer: { Adam: { learning_rate: 0.001 } }\n    ',
  ],
  ['optimizer: adam', 'lr: 0.001', 'unknown-key 44:5', 'optimizer: { Adam: { learning_rate: 0.001 } }'],
  ['optimizer: adam', 'optimizer: ADAM', 'unknown-value 44:16'],
  ['optimizer: adam', 'optimiser: adam', 'unknown-key 44:5'],
  [
    'optimizer: adam',
    'optimizer: torch.optim.SGD(lr=0.1, momentum=0.9)',
    'unknown-value 44:16',
    'optimizer: { SGD: { learning_rate: 0.1, momentum: 0.9 } }',
  ],
  ['loss: mse', 'loss: crossentropy', 'unknown-value 45:11', 'loss: binary_crossentropy'],
  ['loss: mse', 'loss: keras.losses.MeanSquaredError()', 'unknown-value 45:11'],
  ['loss: mse', 'loss: nn.MSELoss()', 'unknown-value 45:11'],
  ['loss: mse', 'loss: mean squared error', 'unknown-value 45:11'],
  ['loss: mse', 'criterion: mse', 'unknown-key 45:5'],
  ['metrics: [mae]', 'metrics: mae', 'wrong-type 46:14'],
  ['metrics: [mae]', 'metrics: accuracy', 'wrong-type 46:14', 'metrics: [mse]'],
  ['metrics: [mae]', 'metrics: [accuracy]', 'unknown-value 46:15', 'metrics: [mse]'],
  ['metrics: [mae]', 'metric: mae', 'unknown-key 46:5'],
  ['epochs: 3', 'epochs = 3', 'yaml-syntax 47:5'],
  ['epochs: 3', 'epochs:3', 'yaml-syntax 47:5'],
  ['epochs: 3', 'epochs 3', 'yaml-syntax 47:5'],
  ['epochs: 3', 'nb_epoch: 3', 'unknown-key 47:5'],
  ['epochs: 3', 'epoch: 3', 'unknown-key 47:5'],
  ['epochs: 3', 'epochs:\u00a03', 'yaml-syntax 47:12'],
  ['epochs: 3', '\u00a0epochs: 3', 'yaml-syntax 47:5'],
  ['    epochs: 3', '\tepochs: 3', 'yaml-syntax 47:1'],
  ['    epochs: 3', '     epochs: 3', 'yaml-syntax 47:6'],
  ['batch_size: 32', 'batch: 32', 'unknown-key 48:5'],
  ['batch_size: 32', 'batchsize: 32', 'unknown-key 48:5'],
  ['batch_size: 32', 'batch_size: 32\n    verbose: 1', 'unknown-key 49:5', 'batch_size: 32\n    '],
  [
    'batch_size: 32',
    'batch_size: 32\n    callbacks: [TensorBoard]',
    'unknown-key 49:5',
    'batch_size: 32\n    ',
  ],
  ['batch_size: 32', 'batch_size: 32\n    save_best_only: true', 'unknown-key 49:5', 'batch_size: 32\n    '],
  [
    'batch_size: 32',
    'batch_size: 32\n    callbacks: [ReduceLROnPlateau(factor=0.5), ModelCheckpoint("best.h5")]',
    'unknown-key 49:5',
    'batch_size: 32\n    reduce_lr_on_plateau: { factor: 0.5 }',
  ],
  ['validation: test', 'validation_data: (x_test, x_test)', 'unknown-key 50:5'],
  ['validation: test', 'validation_split: 0.1', 'unknown-key 50:5', 'validation: 0.1'],
  ['validation: test', 'validation: 10%', 'unknown-value 50:17', 'validation: 0.1'],
  ['early_stopping: { patience: 3 }', 'early_stopping: true', 'wrong-type 51:21', 'early_stopping: {}'],
  ['early_stopping: { patience: 3 }', 'early_stopping: 3', 'wrong-type 51:21'],
  ['early_stopping: { patience: 3 }', 'patience: 3', 'unknown-key 51:5'],
  ['early_stopping: { patience: 3 }', 'callbacks: [EarlyStopping(patience=3)]', 'unknown-key 51:5'],
  [
    'early_stopping: { patience: 3 }',
    'callbacks:\n      - EarlyStopping: { patience: 3, mode: min }',
    'unknown-key 51:5',
  ],
  [
    'early_stopping: { patience: 3 }',
    'early_stopping: { patience: 3, mode: min }',
    'unknown-key 51:36',
    'early_stopping: { patience: 3,  }',
  ],
  [
    'optimizer: adam\n    loss: mse\n    metrics: [mae]',
    'compile: { optimizer: adam, loss: mse, metrics: [mae] }',
    'wrong-type 44:14',
  ],
  ['epochs: 3\n    batch_size: 32', 'fit: { epochs: 3, batch_size: 32, verbose: 0 }', 'unknown-key 47:5'],
  [
    'data: noisy\n    target: mnist\n    optimizer',
    'x_train: noisy\n    y_train: mnist\n    optimizer',
    'unknown-key 42:5',
  ],
  ['type: train', 'type: fit', 'unknown-value 40:11'],
  ['source: mnist', 'source: \u201cmnist\u201d', 'unknown-value 8:13'],
  ['source: mnist', 'source: keras.datasets.mnist', 'unknown-value 8:13'],
  ['source: mnist', 'name: mnist', 'unknown-key 8:5'],
  ['source: mnist', 'dataset: mnist', 'unknown-key 8:5'],
  [
    'source: mnist',
    'source: mnist\n    normalise: true',
    'unknown-key 9:5',
    'source: mnist\n    normalize: minmax',
  ],
  [
    'source: mnist',
    'source: mnist\n    normalize: true',
    'wrong-type 9:16',
    'source: mnist\n    normalize: minmax',
  ],
  ['limit: 100', 'num_samples: 100', 'unknown-key 9:5'],
  ['kind: gaussian\n    stddev: 0.5', 'kind: gaussian\n    noise_factor: 0.5', 'unknown-key 14:5'],
  ['kind: gaussian\n    stddev: 0.5', 'kind: gaussian\n    std: 0.5', 'unknown-key 14:5'],
  ['kind: gaussian\n    stddev: 0.5', 'kind: normal\n    stddev: 0.5', 'unknown-value 13:11'],
  [
    'type: noise\n    data: mnist\n    kind: gaussian',
    'type: GaussianNoise\n    data: mnist',
    'unknown-value 11:11',
    'type: noise\n    kind: gaussian\n    data: mnist',
  ],
  ['clip: [0, 1]', 'clip: true', 'wrong-type 15:11'],
  ['type: evaluate', 'type: evaluation', 'unknown-value 53:11'],
  ['title: Loss', 'title: 1.10', 'wrong-type 62:12', 'title: "1.10"'],
  ['title: Loss', 'title: Loss: training', 'yaml-syntax 62:12', 'title: "Loss: training"'],
  ['title: Loss', 'title: "Loss', 'yaml-syntax 62:12', 'title: "Loss"'],
  ['title: Loss', 'title: @Loss', 'yaml-syntax 62:12', 'title: "@Loss"'],
  ['kind: history', 'kind: loss', 'unknown-value 60:11'],
  ['seed: 7', 'random_state: 7', 'unknown-key 2:1'],
  ['seed: 7', 'seed: "7"', 'wrong-type 2:7'],
  ['seed: 7', 'seed: s0123456', 'wrong-type 2:7', 'seed: 0123456'],
  ['params:', 'parameters:', 'unknown-key 3:1'],
  ['latent_size: 16', 'latent-size: 16', 'out-of-range 4:3'],
  ['stages:', 'steps:', 'unknown-key 5:1'],
  [
    'units: 16\n',
    'units: ${params.latent_sise}\n',
    'unknown-param 25:18',
    'units: "${params.latent_size}"\n',
  ],
  [
    'units: 16\n',
    'units: ${params.latent_size.x}\n',
    'unknown-param 25:18',
    'units: "${params.latent_size}"\n',
  ],
  ['units: 16\n', 'units: ${latent_size}\n', 'bad-interpolation 25:18', 'units: "${params.latent_size}"\n'],
  [
    'units: 16\n',
    'units: ${param.latent_size}\n',
    'bad-interpolation 25:18',
    'units: "${params.latent_size}"\n',
  ],
  [
    'units: 16\n',
    'units: ${ params.latent_size }\n',
    'bad-interpolation 25:18',
    'units: "${params.latent_size}"\n',
  ],
  ['validation: test', 'val_data: test', 'unknown-key 50:5'],
  ['model: dense\n    data', 'network: dense\n    data', 'unknown-key 41:5'],
];
