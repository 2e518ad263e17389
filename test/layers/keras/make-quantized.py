"""Writes `quantized.json`: losses and gradients of a small VQ-VAE in Keras 3.15, as in Keras's example. See README.md."""

from common import numbers, rounded, write

import keras
import numpy as np
import tensorflow as tf

PIXELS, SIZE, VECTORS, CODES, BATCH = 6, 2, 3, 5, 2
COMMITMENT, VARIANCE, CODE_SCALE = 0.25, 0.3, 0.5


class VectorQuantizer(keras.layers.Layer):
    """The losses and the straight-through gradient of Keras's example "Vector-Quantized Variational Autoencoders"."""

    def build(self, shape):
        self.codes = self.add_weight(shape=[CODES, shape[-1]], name="kernel")

    def call(self, x):
        vectors = tf.reshape(x, [-1, SIZE])
        distances = tf.reduce_sum((vectors[:, None] - self.codes[None]) ** 2, axis=2)
        self.choice = tf.argmin(distances, axis=1)
        nearest = tf.reshape(tf.gather(self.codes, self.choice), tf.shape(x))
        commitment = tf.reduce_mean((tf.stop_gradient(nearest) - x) ** 2)
        codebook = tf.reduce_mean((nearest - tf.stop_gradient(x)) ** 2)
        self.loss = codebook + COMMITMENT * commitment
        return x + tf.stop_gradient(nearest - x)


def step():
    image = keras.Input([PIXELS])
    hidden = keras.layers.Dense(SIZE * VECTORS, activation="tanh")
    quantizer = VectorQuantizer()
    output = keras.layers.Dense(PIXELS, activation="sigmoid")
    vectors = keras.layers.Reshape([VECTORS, SIZE])
    flat = keras.layers.Flatten()
    run = lambda x: output(flat(quantizer(vectors(hidden(x)))))
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    run(x)
    weights = [*hidden.weights, *quantizer.weights, *output.weights]
    for index, weight in enumerate(weights):
        weight.assign(numbers(weight.shape, index))
    quantizer.codes.assign(CODE_SCALE * quantizer.codes)
    with tf.GradientTape() as tape:
        reconstruction = tf.reduce_mean((run(x) - x) ** 2) / VARIANCE
        loss = reconstruction + quantizer.loss
    share = np.bincount(quantizer.choice.numpy(), minlength=CODES) / len(quantizer.choice)
    used = share[share > 0]
    return {
        "commitment": COMMITMENT,
        "variance": VARIANCE,
        "scale": CODE_SCALE,
        "loss": float(loss),
        "reconstruction": float(reconstruction),
        "vq": float(quantizer.loss),
        "perplexity": float(np.exp(-np.sum(used * np.log(used)))),
        "gradients": [rounded(gradient) for gradient in tape.gradient(loss, [weight.value for weight in weights])],
    }


if __name__ == "__main__":
    write("quantized.json", step())
