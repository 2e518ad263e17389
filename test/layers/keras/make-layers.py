"""Writes `layers.json`: what Keras 3.15 makes of every layer and activation of the language. See README.md."""

import json

import common
from common import numbers, write_text

import keras
import numpy as np
import tensorflow as tf

VECTOR, MATRIX, IMAGE, WIDE = [6], [3, 4], [4, 3, 2], [5, 7, 2]
BATCH = 2

ACTIVATIONS = (
    "linear relu relu6 leaky_relu elu selu gelu silu hard_silu mish sigmoid hard_sigmoid "
    "log_sigmoid tanh hard_tanh tanh_shrink softplus softsign soft_shrink softmax log_softmax "
    "exponential hard_shrink sparse_plus sparse_sigmoid squareplus"
).split()

CONV = {"filters": 3, "kernel_size": 3}
PENALTY = {"l1": 0.03, "l2": 0.2}

CASES = [
    ("Dense", {"units": 3}, VECTOR),
    ("Dense", {"units": 3, "use_bias": False, "activation": "hard_sigmoid"}, VECTOR),
    ("Dense", {"units": 2, "activation": "leaky_relu", "kernel_regularizer": PENALTY}, MATRIX),
    ("Dense", {"units": 2, "activation": "softmax", "bias_regularizer": PENALTY}, IMAGE),
    ("Dense", {"units": 3, "activation": "hard_silu"}, VECTOR),
    ("Dense", {"units": 4, "activation": "soft_shrink"}, VECTOR),
    ("Conv2DTranspose", {**CONV, "activation": "tanh_shrink"}, IMAGE),
    *(("Activation", {"activation": name}, [2, 5]) for name in ACTIVATIONS),
    ("Dense", {"units": 4, "activation": "sparse_plus"}, VECTOR),
    ("Dense", {"units": 4, "activation": "squareplus"}, VECTOR),
    ("Conv2D", {"filters": 4, "kernel_size": 2, "activation": "hard_shrink"}, IMAGE),
    ("ReLU", {}, VECTOR),
    ("ReLU", {"max_value": 0.5}, IMAGE),
    ("LeakyReLU", {}, VECTOR),
    ("LeakyReLU", {"negative_slope": 0.05}, IMAGE),
    ("ELU", {}, VECTOR),
    ("ELU", {"alpha": 0.5}, IMAGE),
    ("PReLU", {}, IMAGE),
    ("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    ("PReLU", {"shared_axes": [3]}, IMAGE),
    ("PReLU", {"shared_axes": [2]}, IMAGE),
    ("PReLU", {"shared_axes": [1, 3]}, IMAGE),
    ("PReLU", {"shared_axes": [2]}, MATRIX),
    ("Softmax", {}, IMAGE),
    ("Softmax", {"axis": 1}, IMAGE),
    ("Softmax", {"axis": -2}, IMAGE),
    ("Dropout", {"rate": 0.5}, VECTOR),
    ("GaussianNoise", {"stddev": 0.5}, VECTOR),
    ("Flatten", {}, IMAGE),
    ("Reshape", {"target_shape": [-1, 4]}, IMAGE),
    ("Conv2D", CONV, IMAGE),
    ("Conv2D", {**CONV, "strides": 2, "padding": "same", "activation": "relu"}, WIDE),
    ("Conv2D", {**CONV, "kernel_size": [2, 5], "strides": [3, 1], "use_bias": False}, WIDE),
    ("Conv2D", {**CONV, "kernel_size": [1, 2], "strides": [2, 3], "padding": "same"}, WIDE),
    ("Conv2D", {**CONV, "dilation_rate": [2, 1], "activation": "tanh"}, WIDE),
    ("Conv2D", {**CONV, "kernel_size": [2, 3], "dilation_rate": 2, "padding": "same"}, WIDE),
    ("Conv2DTranspose", CONV, IMAGE),
    ("Conv2DTranspose", {**CONV, "strides": 2, "padding": "same", "activation": "relu"}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": [2, 4], "strides": [3, 2], "use_bias": False}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": 2, "strides": 3, "padding": "same"}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": 1, "strides": 2}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": [4, 2], "padding": "same"}, IMAGE),
    ("Conv2DTranspose", {**CONV, "strides": 2, "padding": "same", "output_padding": 0}, IMAGE),
    ("Conv2DTranspose", {**CONV, "strides": 2, "padding": "same", "output_padding": [1, 0]}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": [5, 4], "strides": [3, 4], "padding": "same", "output_padding": [0, 3], "activation": "hard_tanh"}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": [4, 1], "strides": [3, 2], "output_padding": [2, 1], "activation": "relu"}, IMAGE),
    ("Conv2DTranspose", {**CONV, "kernel_size": 2, "strides": 3, "output_padding": 0}, IMAGE),
    ("MaxPooling2D", {}, WIDE),
    ("MaxPooling2D", {"pool_size": [3, 2], "strides": 1, "padding": "same"}, WIDE),
    ("MaxPooling2D", {"pool_size": 2, "strides": [3, 1]}, WIDE),
    ("MaxPooling2D", {"pool_size": 3, "padding": "same"}, WIDE),
    ("AveragePooling2D", {"pool_size": 2}, WIDE),
    ("AveragePooling2D", {"pool_size": [3, 2], "strides": 1, "padding": "same"}, WIDE),
    ("AveragePooling2D", {"pool_size": 3, "padding": "same"}, WIDE),
    ("UpSampling2D", {"size": [2, 3]}, IMAGE),
    ("UpSampling2D", {"interpolation": "bilinear"}, IMAGE),
    ("UpSampling2D", {"size": [1, 3], "interpolation": "bilinear"}, IMAGE),
    ("UpSampling2D", {"size": [4, 5], "interpolation": "bilinear"}, [2, 1, 1]),
    ("BatchNormalization", {}, VECTOR),
    ("BatchNormalization", {"momentum": 0.9, "epsilon": 0.1}, IMAGE),
    ("BatchNormalization", {"axis": 1}, IMAGE),
    ("BatchNormalization", {"axis": -2, "center": False, "beta_regularizer": None}, IMAGE),
    ("BatchNormalization", {"axis": 1, "scale": False, "beta_regularizer": PENALTY}, MATRIX),
    ("LayerNormalization", {}, VECTOR),
    ("LayerNormalization", {"axis": 1, "epsilon": 0.01}, IMAGE),
    ("LayerNormalization", {"axis": -2, "scale": False}, IMAGE),
    ("LayerNormalization", {"center": False, "gamma_regularizer": PENALTY}, MATRIX),
    ("GroupNormalization", {"groups": 2}, VECTOR),
    ("GroupNormalization", {"groups": 2, "epsilon": 0.1}, [3, 2, 6]),
    ("GroupNormalization", {"groups": -1}, IMAGE),
    ("GroupNormalization", {"groups": 1, "beta_regularizer": PENALTY}, IMAGE),
    ("GroupNormalization", {"groups": 2, "axis": 1, "scale": False}, IMAGE),
    ("GroupNormalization", {"groups": 3, "axis": -2, "center": False}, [2, 6, 2]),
    ("GroupNormalization", {"groups": 2, "scale": False, "center": False}, MATRIX),
    ("ZeroPadding2D", {"padding": [[1, 0], [2, 1]]}, IMAGE),
    ("Cropping2D", {"cropping": [[1, 0], [0, 1]]}, IMAGE),
    ("GlobalAveragePooling2D", {}, IMAGE),
    ("GlobalMaxPooling2D", {}, IMAGE),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ("ActivityRegularization", {}, IMAGE),
    ("Variational", {"units": 2}, VECTOR),
]

# What each weight is filled with: factor times the numbers of `numbers`, plus an offset.
FILLING = {
    "kernel": (0.5, 0),
    "bias": (0.3, 0),
    "alpha": (0.2, 0.25),
    "gamma": (0.5, 1),
    "beta": (0.5, 0),
    "moving_mean": (0.3, 0),
    "moving_variance": (0.5, 1),
}


class Variational(keras.layers.Dense):
    """Outside of training: the means, which are the first half of the outputs."""

    def __init__(self, units):
        super().__init__(2 * units)

    def call(self, inputs):
        return super().call(inputs)[:, : self.units // 2]


def build(name, args, shape):
    penalties = {key: keras.regularizers.L1L2(**value) for key, value in args.items() if isinstance(value, dict)}
    kind = Variational if name == "Variational" else getattr(keras.layers, name)
    layer = kind(**{**args, **penalties})
    layer.build([None, *shape])
    for weight in layer.weights:
        factor, offset = FILLING.get(weight.name, (1, 0))
        if weight.name == "seed_generator_state":
            continue
        weight.assign(numbers(weight.shape, len(weight.name)) * np.float32(factor) + np.float32(offset))
    return layer


def rounded(tensor):
    return common.rounded(tensor, digits=6)


def measure(name, args, shape):
    layer = build(name, args, shape)
    x = tf.constant(numbers([BATCH, *shape], 3))
    random = name in ("Dropout", "SpatialDropout2D", "GaussianNoise")
    output = layer(x, training=False) if "training" in layer._call_signature.parameters else layer(x)
    case = {"layer": name, "args": args, "input": shape, "shape": list(output.shape[1:]), "output": rounded(output)}
    with tf.GradientTape() as tape:
        tape.watch(x)
        training = {"training": not random} if "training" in layer._call_signature.parameters else {}
        trained = layer(x, **training)
        penalty = tf.add_n(layer.losses) if layer.losses else tf.constant(0.0)
        total = tf.reduce_sum(trained * numbers(trained.shape, 5)) + penalty
    weights = [weight for weight in layer.trainable_weights]
    gradients = tape.gradient(total, [x, *(weight.value for weight in weights)])
    if name == "BatchNormalization":
        case["training"] = rounded(trained)
        case["moved"] = {weight.name: rounded(weight) for weight in layer.non_trainable_weights}
    if layer.losses:
        case["penalty"] = rounded(penalty)[0]
    case["gradients"] = {
        "input": rounded(gradients[0]),
        **{weight.name: rounded(gradient) for weight, gradient in zip(weights, gradients[1:])},
    }
    return case


if __name__ == "__main__":
    write_text("layers.json", "[\n" + ",\n".join(json.dumps(measure(*case)) for case in CASES) + "\n]\n")
