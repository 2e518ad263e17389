"""Writes `variational.json`: losses, gradients and likelihoods of a small variational autoencoder in Keras 3.15. See README.md."""

from common import numbers, rounded, write

import keras
import numpy as np
import tensorflow as tf

PIXELS, HIDDEN, UNITS, BATCH, SAMPLES = 6, 4, 3, 2, 5
WEIGHT, FREE = 0.7, 0.2


def build():
    image = keras.Input([PIXELS])
    hidden = keras.layers.Dense(HIDDEN, activation="tanh")(image)
    heads = keras.layers.Dense(2 * UNITS)(hidden)
    latent = keras.Input([UNITS])
    logits = keras.layers.Dense(PIXELS)(latent)
    encoder, decoder = keras.Model(image, heads), keras.Model(latent, logits)
    for index, weight in enumerate([*encoder.weights, *decoder.weights]):
        weight.assign(numbers(weight.shape, index))
    return encoder, decoder


def entropy(target, logits):
    return tf.reduce_sum(keras.ops.binary_crossentropy(target, logits, from_logits=True), axis=-1)


def step(free):
    encoder, decoder = build()
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    with tf.GradientTape() as tape:
        mean, log_variance = tf.split(encoder(x), 2, axis=1)
        z = mean + tf.exp(0.5 * log_variance) * numbers([BATCH, UNITS], 7)
        reconstruction = tf.reduce_mean(entropy(x, decoder(z)))
        of_values = tf.reduce_mean(-0.5 * (1 + log_variance - mean**2 - tf.exp(log_variance)), axis=0)
        loss = reconstruction + WEIGHT * tf.reduce_sum(tf.maximum(of_values, free))
    weights = [*encoder.trainable_weights, *decoder.trainable_weights]
    return {
        "free": free,
        "loss": float(loss),
        "reconstruction": float(reconstruction),
        "kl": float(tf.reduce_sum(of_values)),
        "gradients": [rounded(gradient) for gradient in tape.gradient(loss, [weight.value for weight in weights])],
    }


def likelihood():
    """The logarithm of each importance weight is written with whole densities, and the mean taken in float64."""
    encoder, decoder = build()
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    mean, log_variance = (part.numpy().astype("float64")[:, None] for part in tf.split(encoder(x), 2, axis=1))
    draws = numbers([BATCH, SAMPLES, UNITS], 7).astype("float64")
    z = mean + np.exp(0.5 * log_variance) * draws
    log_prior = np.sum(-0.5 * (np.log(2 * np.pi) + z**2), axis=2)
    log_posterior = np.sum(-0.5 * (np.log(2 * np.pi) + log_variance + (z - mean) ** 2 / np.exp(log_variance)), axis=2)
    logits = decoder(z.reshape(-1, UNITS).astype("float32"))
    losses = entropy(np.repeat(x, SAMPLES, axis=0), logits).numpy().reshape(BATCH, SAMPLES)
    weights = np.exp(-losses + log_prior - log_posterior)
    return float(-np.mean(np.log(np.mean(weights, axis=1))))


def bound(samples):
    """The importance-weighted bound as a loss, with whole densities: equation 8 of Burda et al."""
    encoder, decoder = build()
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    draws = numbers([BATCH * samples, UNITS], 7).reshape(BATCH, samples, UNITS)
    with tf.GradientTape() as tape:
        mean, log_variance = tf.split(encoder(x), 2, axis=1)
        of_values = tf.reduce_mean(-0.5 * (1 + log_variance - mean**2 - tf.exp(log_variance)), axis=0)
        mean, log_variance = mean[:, None], log_variance[:, None]
        z = mean + tf.exp(0.5 * log_variance) * draws
        log_prior = tf.reduce_sum(-0.5 * (np.log(2 * np.pi) + z**2), axis=2)
        deviation = (z - mean) ** 2 / tf.exp(log_variance)
        log_posterior = tf.reduce_sum(-0.5 * (np.log(2 * np.pi) + log_variance + deviation), axis=2)
        losses = tf.reshape(entropy(np.repeat(x, samples, axis=0), decoder(tf.reshape(z, [-1, UNITS]))), [BATCH, samples])
        log_weights = log_prior - log_posterior - losses
        loss = -tf.reduce_mean(tf.reduce_logsumexp(log_weights, axis=1) - np.log(samples))
    weights = [*encoder.trainable_weights, *decoder.trainable_weights]
    return {
        "samples": samples,
        "iwae": float(loss),
        "reconstruction": float(tf.reduce_mean(losses)),
        "kl": float(tf.reduce_sum(of_values)),
        "gradients": [rounded(gradient) for gradient in tape.gradient(loss, [weight.value for weight in weights])],
    }


if __name__ == "__main__":
    steps = [step(0.0), step(FREE)]
    write("variational.json", {"weight": WEIGHT, "samples": SAMPLES, "steps": steps, "nll": likelihood(), "bound": bound(4)})
