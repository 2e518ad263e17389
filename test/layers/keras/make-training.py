"""Writes `training.json`: steps of Keras 3.15's optimizers, its schedules, losses and initializers. See README.md."""

from common import rounded, write

import keras
import numpy as np
import tensorflow as tf

ADAM = {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3}
RMSPROP = {"learning_rate": 0.05, "rho": 0.8, "momentum": 0.0, "epsilon": 1e-3, "centered": False}

SGD = {"learning_rate": 0.1, "momentum": 0.0, "nesterov": False}
ADAGRAD = {"learning_rate": 0.05, "initial_accumulator_value": 0.1, "epsilon": 1e-3}
ADADELTA = {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-3}

OPTIMIZERS = [
    ("SGD", {"learning_rate": 0.1, "momentum": 0.0, "nesterov": False}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": False}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True}),
    ("RMSprop", RMSPROP),
    ("RMSprop", {**RMSPROP, "momentum": 0.5, "centered": True}),
    ("Adam", {**ADAM, "amsgrad": False}),
    ("Adam", {**ADAM, "amsgrad": True}),
    ("AdamW", {**ADAM, "amsgrad": False, "weight_decay": 0.1}),
    ("Nadam", ADAM),
    ("Adamax", ADAM),
    ("Adagrad", ADAGRAD),
    ("Adadelta", ADADELTA),
    ("Adadelta", {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7}),
    ("SGD", {**SGD, "momentum": 0.8, "weight_decay": 0.3}),
    ("SGD", {**SGD, "clipnorm": 0.6}),
    ("SGD", {**SGD, "clipvalue": 0.45}),
    ("SGD", {**SGD, "global_clipnorm": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {**RMSPROP, "weight_decay": 0.3, "clipvalue": 0.2}),
    ("Adam", {**ADAM, "amsgrad": False, "weight_decay": 0.2, "global_clipnorm": 0.5}),
    ("AdamW", {**ADAM, "amsgrad": False, "weight_decay": 0.1, "clipnorm": 0.4}),
    ("Nadam", {**ADAM, "weight_decay": 0.2, "clipnorm": 0.5}),
    ("Adamax", {**ADAM, "weight_decay": 0.2, "global_clipnorm": 1.1}),
    ("Adagrad", {**ADAGRAD, "weight_decay": 0.4, "clipnorm": 100.0}),
    ("Adadelta", {**ADADELTA, "weight_decay": 0.2, "clipvalue": 0.6}),
]

SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": False}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": False}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 8, "alpha": 0.1, "warmup_target": None, "warmup_steps": 0}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 8, "alpha": 0.0, "warmup_target": 0.1, "warmup_steps": 3}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 6], "values": [0.3, 0.2, 0.1]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "end_learning_rate": 0.01, "power": 2.0, "cycle": False}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "end_learning_rate": 0.01, "power": 1.0, "cycle": True}),
]

INITIALIZERS = (
    "glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal random_uniform random_normal "
    "truncated_normal orthogonal zeros ones"
).split()
ARGUMENTS = [
    ("RandomNormal", {"mean": 0.3, "stddev": 0.02}),
    ("TruncatedNormal", {"mean": -0.1, "stddev": 0.2}),
    ("RandomUniform", {"minval": 0.1, "maxval": 0.4}),
    ("Orthogonal", {"gain": 1.5}),
    ("Constant", {"value": -0.25}),
    *(
        ("VarianceScaling", {"scale": scale, "mode": mode, "distribution": distribution})
        for scale, mode in ((0.5, "fan_in"), (1.0, "fan_out"), (3.0, "fan_avg"))
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ),
]

START = [1.5, -0.7, 0.02, 3.0]
GRADIENTS = [[0.3, -1.2, 1e-4, 0.0], [0.5, 0.4, -2e-4, 1.0], [-2.0, 0.1, 1e-5, 0.0], [0.05, -0.9, 3e-4, -0.5]]
TARGET = [0.0, 1.0, 0.25, 0.9, 1.0, 0.0]
OUTPUT = [0.1, 0.8, 0.5, 0.4, 0.0, 1.0]
LOGITS = [-3.0, 2.0, 0.5, -0.4, -40.0, 40.0]
SHAPE = [3, 3, 40, 50]


def optimizer(name, args):
    """Steps of two weights, each with half of the numbers: a norm can be that of one, or that of both."""
    rule = getattr(keras.optimizers, name)(**args)
    weights = [keras.Variable(START[:2]), keras.Variable(START[2:])]
    rule.build(weights)
    steps = []
    for gradient in GRADIENTS:
        rule.apply([tf.constant(gradient[:2]), tf.constant(gradient[2:])])
        steps.append([*rounded(weights[0]), *rounded(weights[1])])
    return {"optimizer": {name: args}, "steps": steps}


def schedule(name, args):
    rate = getattr(keras.optimizers.schedules, name)(**args)
    return {"schedule": {name: args}, "rates": rounded([rate(step) for step in range(13)])}


def loss(name, function, output):
    p = tf.constant([output])
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = tf.reduce_mean(function(tf.constant([TARGET]), p))
    return {"loss": name, "output": output, "value": rounded([value])[0], "gradient": rounded(tape.gradient(value, p))}


def initializer(name, sample):
    values = np.asarray(sample(SHAPE))
    measures = {"mean": values.mean(), "deviation": values.std(), "largest": abs(values).max()}
    return {"initializer": name, **{key: float(f"{value:.3g}") for key, value in measures.items()}}


def from_logits(target, logits):
    return keras.losses.binary_crossentropy(target, logits, from_logits=True)


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    pinned = {
        "start": START,
        "gradients": GRADIENTS,
        "target": TARGET,
        "shape": SHAPE,
        "optimizers": [optimizer(*each) for each in OPTIMIZERS],
        "schedules": [schedule(*each) for each in SCHEDULES],
        "losses": [
            loss("mse", keras.losses.mean_squared_error, OUTPUT),
            loss("mae", keras.losses.mean_absolute_error, OUTPUT),
            loss("binary_crossentropy", keras.losses.binary_crossentropy, OUTPUT),
            loss({"Huber": {"delta": 1.0}}, keras.losses.Huber(delta=1.0), OUTPUT),
            loss({"Huber": {"delta": 0.3}}, keras.losses.Huber(delta=0.3), OUTPUT),
        ],
        "logits": loss("binary_crossentropy", from_logits, LOGITS),
        "initializers": [
            *(initializer(name, keras.initializers.get(name)) for name in INITIALIZERS),
            *(initializer({name: args}, getattr(keras.initializers, name)(**args)) for name, args in ARGUMENTS),
        ],
    }
    write("training.json", pinned)
