"""The task's model in Keras. Hourglass uses Keras's names of layers and arguments."""

from common import LAYERS, LOSS, OPTIMIZER, OPTIMIZER_ARGS, SHAPE, SUMS

import keras
from keras import ops


class Variational(keras.layers.Layer):
    """Two heads, a sample, and the divergence as a loss, as in Keras's example."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.mean = keras.layers.Dense(units)
        self.log_variance = keras.layers.Dense(units)
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x):
        mean, log_variance = self.mean(x), self.log_variance(x)
        kl = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
        self.add_loss(ops.mean(ops.sum(kl, axis=1)))
        epsilon = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_variance) * epsilon


class VectorQuantizer(keras.layers.Layer):
    """The nearest codes, as in Keras's example."""

    def __init__(self, codes, commitment, **options):
        super().__init__(**options)
        self.codes, self.commitment = codes, commitment

    def build(self, shape):
        self.table = self.add_weight(shape=(shape[-1], self.codes), initializer="random_uniform")

    def call(self, x):
        flat = ops.reshape(x, (-1, x.shape[-1]))
        distances = (
            ops.sum(flat**2, axis=1, keepdims=True)
            + ops.sum(self.table**2, axis=0)
            - 2 * ops.matmul(flat, self.table)
        )
        chosen = ops.one_hot(ops.argmin(distances, axis=1), self.codes)
        nearest = ops.reshape(ops.matmul(chosen, ops.transpose(self.table)), ops.shape(x))
        fixed = ops.stop_gradient
        self.add_loss(
            self.commitment * ops.mean((fixed(nearest) - x) ** 2) + ops.mean((nearest - fixed(x)) ** 2)
        )
        return x + fixed(nearest - x)


OWN = {"Variational": Variational, "VectorQuantizer": VectorQuantizer}


def argument(key, value):
    if isinstance(value, list):
        return tuple(argument(key, each) for each in value)
    return keras.regularizers.L1L2(**value) if isinstance(value, dict) else value


def layer(name, args):
    kind = OWN.get(name) or getattr(keras.layers, name)
    # Hourglass's names of what both of our layers take from the example.
    known = {key: value for key, value in args.items() if name not in OWN or key in ("units", "codes", "commitment")}
    return kind(**{key: argument(key, value) for key, value in known.items()})


def loss(variance):
    if SUMS:
        return lambda wanted, outputs: ops.sum(ops.binary_crossentropy(wanted, outputs), axis=-1)
    if variance != 1:
        return lambda wanted, outputs: ops.mean((wanted - outputs) ** 2, axis=(1, 2, 3)) / variance
    return LOSS


def compiled_model(variance=1.0, **options):
    x = inputs = keras.Input(SHAPE)
    given = []
    for each in LAYERS:
        given.append(x)
        if each["name"] == "Residual":
            x = keras.layers.add([given[-1 - each["inside"]], x])
        else:
            x = layer(each["name"], each["args"])(x)
    model = keras.Model(inputs, x)
    optimizer = getattr(keras.optimizers, OPTIMIZER)(**OPTIMIZER_ARGS)
    model.compile(optimizer=optimizer, loss=loss(variance), **options)
    return model
