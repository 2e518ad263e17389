"""Writes `structure.json`: a step of models whose layers are not one chain, in Keras 3.15. See README.md."""

from common import numbers, rounded, write

import keras
import tensorflow as tf
from keras import layers

PIXELS, BATCH, CLASSES = 6, 2, 3


def residual():
    """Blocks in both parts, one inside another, and an activation of a sum."""
    image = layers.Input([PIXELS])
    x = layers.Reshape([3, 2, 1])(image)
    x = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    outer = x
    x = layers.Conv2D(2, 3, padding="same", activation="tanh")(x)
    inner = x
    x = layers.Conv2D(2, 1)(x)
    x = layers.Add()([inner, x])
    x = layers.Add()([outer, x])
    x = layers.ReLU()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(3)(x)
    start = x
    x = layers.Dense(3, activation="tanh")(x)
    x = layers.Add()([start, x])
    x = layers.Dense(PIXELS, activation="sigmoid")(x)
    return keras.Model(image, x)


class Tied(layers.Layer):
    """Keras has none: a dense layer with the transposed kernel of another."""

    def __init__(self, source, activation=None, bias_regularizer=None):
        super().__init__()
        self.source, self.activation = [source], keras.activations.get(activation)
        self.penalty = bias_regularizer

    def build(self, shape):
        units = self.source[0].kernel.shape[0]
        self.bias = self.add_weight(shape=(units,), initializer="zeros", regularizer=self.penalty, name="bias")

    def call(self, inputs):
        return self.activation(tf.tensordot(inputs, tf.transpose(self.source[0].kernel), 1) + self.bias)


def tied():
    """Two layers tied to two; penalties on a kernel that counts once and on a bias; a tied layer on the last axis of a matrix."""
    penalty = keras.regularizers.L1L2(l1=0.03, l2=0.2)
    image = layers.Input([PIXELS])
    first = layers.Dense(4, activation="tanh", kernel_regularizer=penalty)
    second = layers.Dense(2, activation="relu")
    x = layers.Reshape([2, 3])(image)
    x = first(x)
    x = second(x)
    x = Tied(second, "tanh")(x)
    x = Tied(first, "sigmoid", penalty)(x)
    x = layers.Flatten()(x)
    return keras.Model(image, x)


def conditional():
    """The label is appended to the first vector in the encoder and to the latent."""
    image, label = layers.Input([3, 2, 1]), layers.Input([CLASSES])
    x = layers.Conv2D(2, 2, activation="tanh")(image)
    x = layers.Flatten()(x)
    x = layers.Concatenate()([x, label])
    x = layers.Dense(4, activation="tanh")(x)
    x = layers.Dense(2)(x)
    x = layers.Concatenate()([x, label])
    x = layers.Dense(PIXELS, activation="sigmoid")(x)
    x = layers.Reshape([3, 2, 1])(x)
    return keras.Model([image, label], x)


MODELS = {"residual": residual, "tied": tied, "conditional": conditional}


def measure(name):
    model = MODELS[name]()
    for index, weight in enumerate(model.weights):
        weight.assign(numbers(weight.shape, index))
    x = numbers([BATCH, *model.inputs[0].shape[1:]], 3)
    # Images of the classes 0 and 1.
    inputs = x if len(model.inputs) == 1 else [tf.constant(x), tf.one_hot(range(BATCH), CLASSES)]
    with tf.GradientTape() as tape:
        output = model(inputs, training=True)
        penalties = tf.add_n(model.losses) if model.losses else 0.0
        loss = tf.reduce_mean((output - x) ** 2) + penalties
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    return {
        "loss": float(loss),
        "output": rounded(output),
        "gradients": [rounded(gradient) for gradient in gradients],
    }


if __name__ == "__main__":
    write("structure.json", {name: measure(name) for name in MODELS})
