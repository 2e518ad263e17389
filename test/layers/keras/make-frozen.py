"""Writes `frozen.json`: steps of training with frozen layers in Keras 3.15. See README.md."""

from common import numbers, rounded, write

import keras
import numpy as np
import tensorflow as tf

PIXELS, BATCH, STEPS, RATE = 6, 4, 3, 0.2
FREEZES = ["encoder", "decoder", [2, 3], [5, 6, 7]]
ENCODER = 5
OFFSETS = {"gamma": 1, "moving_variance": 1.5}


def build():
    layers, penalty = keras.layers, keras.regularizers.L1L2(l1=0.01, l2=0.05)
    return keras.Sequential(
        [
            keras.Input([PIXELS]),
            layers.Reshape([3, 2, 1]),
            layers.Conv2D(2, 2, kernel_regularizer=penalty),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            layers.Dense(3, activation="tanh", kernel_regularizer=penalty),
            layers.Dense(4, activation="softplus", kernel_regularizer=penalty, activity_regularizer=penalty),
            layers.BatchNormalization(axis=1, scale=False),
            layers.Dense(PIXELS),
        ]
    )


def measure(freeze):
    model = build()
    count = len(model.layers)
    named = {"encoder": range(1, ENCODER + 1), "decoder": range(ENCODER + 1, count + 1)}
    for number in named[freeze] if isinstance(freeze, str) else freeze:
        model.layers[number - 1].trainable = False
    for index, weight in enumerate(weight for layer in model.layers for weight in layer.weights):
        weight.assign(numbers(weight.shape, index) * np.float32(0.5) + np.float32(OFFSETS.get(weight.name, 0)))
    optimizer = keras.optimizers.SGD(RATE)
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    losses = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            output = model(x, training=True)
            loss = tf.reduce_mean((output - x) ** 2) + tf.add_n(model.losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        losses.append(float(f"{float(loss):.7g}"))
    output = model(x, training=False)
    validation = tf.reduce_mean((output - x) ** 2) + tf.add_n(model.losses)
    weights = [rounded(weight) for layer in model.layers for weight in layer.weights]
    return {"freeze": freeze, "losses": losses, "validation": rounded([validation])[0], "weights": weights}


if __name__ == "__main__":
    write("frozen.json", [measure(freeze) for freeze in FREEZES])
