"""Keras's `fit` on arrays: `keras_peer.py <task> default|jit|jit-25`."""

from common import BATCH, MODE, STEPS, Turns, images, variance

import keras
import tensorflow as tf

from keras_model import compiled_model

tf.get_logger().setLevel("ERROR")
data = images()
model = compiled_model(
    variance(data[1]),
    jit_compile=MODE != "default",
    steps_per_execution=25 if MODE == "jit-25" else 1,
)


class Stretches(keras.callbacks.Callback):
    """Makes each epoch of one long `fit` a stretch, so that copying the data once is not timed."""

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


x, y = (part[: STEPS * BATCH] for part in data)
model.fit(x, y, batch_size=BATCH, epochs=1_000_000, verbose=0, callbacks=[Stretches()])
