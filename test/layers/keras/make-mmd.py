"""Writes `mmd.json`: losses and gradients of a small Wasserstein autoencoder, with Keras 3.15's layers. See README.md."""

from common import numbers, rounded, write

import keras
import tensorflow as tf

PIXELS, HIDDEN, UNITS, BATCH, WEIGHT = 6, 4, 3, 4, 10.0

# What Hourglass samples from the prior with the seeds [1, 2] and [3, 4]; the test compares them.
PRIOR = [
    [-0.3180373907, 1.4354000092, -0.3238520026],
    [0.3452593088, -0.1833861470, 1.2233184576],
    [0.7069562078, -1.6090729237, -0.0713316426],
    [0.6472940445, -0.6600705385, 0.4118910730],
]


def nearness(kernel, one, other):
    distance = tf.reduce_sum((one - other) ** 2)
    scale = 2.0 * UNITS
    return scale / (scale + distance) if kernel == "imq" else tf.exp(-distance / (2 * scale))


def discrepancy(kernel, encoded, prior):
    """Algorithm 2 of Tolstikhin et al. (2018), pair by pair."""
    total = 0.0
    for i in range(BATCH):
        for j in range(BATCH):
            if i != j:
                pairs = nearness(kernel, encoded[i], encoded[j]) + nearness(kernel, prior[i], prior[j])
                total += pairs / (BATCH * (BATCH - 1))
            total -= 2 * nearness(kernel, encoded[i], prior[j]) / BATCH**2
    return total


def step(kernel):
    layers = [
        keras.layers.Dense(HIDDEN, activation="tanh"),
        keras.layers.Dense(UNITS),
        keras.layers.Dense(PIXELS),
    ]
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    layers[2](layers[1](layers[0](x)))
    weights = [weight for layer in layers for weight in layer.weights]
    for index, weight in enumerate(weights):
        weight.assign(numbers(weight.shape, index))
    with tf.GradientTape() as tape:
        encoded = layers[1](layers[0](x))
        reconstruction = tf.reduce_mean(tf.reduce_sum((layers[2](encoded) - x) ** 2, axis=1))
        mmd = discrepancy(kernel, encoded, tf.constant(PRIOR))
        loss = reconstruction + WEIGHT * mmd
    return {
        "kernel": kernel,
        "loss": float(loss),
        "reconstruction": float(reconstruction),
        "mmd": float(mmd),
        "gradients": [rounded(gradient) for gradient in tape.gradient(loss, [weight.value for weight in weights])],
    }


if __name__ == "__main__":
    steps = [step("imq"), step("rbf")]
    write("mmd.json", {"weight": WEIGHT, "prior": PRIOR, "steps": steps})
