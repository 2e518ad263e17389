"""Keras's `fit` on arrays: `keras_peer.py <task> default|jit|jit-25`."""

from common import BATCH, DROPOUT, IS_DENSE, LATENT, MODE, STEPS, TASK, Turns, images

import keras
import tensorflow as tf
from keras import layers

tf.get_logger().setLevel("ERROR")


def dense_model():
    model = keras.Sequential([keras.Input((784,))])
    for units in (512, 256, 128, 64, None, 64, 128, 256, 512):
        if units is None:
            model.add(layers.Dense(LATENT))
            continue
        model.add(layers.Dense(units, activation="relu"))
        if DROPOUT:
            model.add(layers.Dropout(DROPOUT))
    model.add(layers.Dense(784, activation="sigmoid"))
    return model


def conv_model():
    how = {"padding": "same", "activation": "relu"}
    shape, stride = ((28, 28, 1), 1) if TASK["model"] == "conv" else ((7, 7, 64), 2)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, strides=2, **how),
            layers.Conv2D(64, 3, strides=2, **how),
            layers.Flatten(),
            layers.Dense(LATENT),
            layers.Dense(shape[0] * shape[1] * shape[2]),
            layers.Reshape(shape),
            layers.Conv2DTranspose(64, 3, strides=stride, **how),
            layers.Conv2DTranspose(32, 3, strides=stride, **how),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ]
    )


model = dense_model() if IS_DENSE else conv_model()
model.compile(
    optimizer=keras.optimizers.Nadam() if IS_DENSE else keras.optimizers.Adam(),
    loss="binary_crossentropy" if IS_DENSE else "mse",
    jit_compile=MODE != "default",
    steps_per_execution=25 if MODE == "jit-25" else 1,
)


class Stretches(keras.callbacks.Callback):
    """Makes each epoch of one long `fit` a stretch: copying the data, done once, is not timed."""

    def __init__(self):
        super().__init__()
        self.turns = Turns()

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.turns.ready({"keras": keras.__version__, "tensorflow": tf.__version__})
        if epoch > 0:
            self.turns.begin()

    def on_epoch_end(self, epoch, logs=None):
        if epoch > 0:
            self.turns.end(logs["loss"])


x, y = (part[: STEPS * BATCH] for part in images())
model.fit(x, y, batch_size=BATCH, epochs=1_000_000, verbose=0, callbacks=[Stretches()])
