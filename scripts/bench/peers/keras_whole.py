"""Five epochs of the dense model on MNIST, as users write it: `keras_whole.py default|jit`."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "2"

import keras  # noqa: E402  (reads the environment)
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

x = np.fromfile(os.environ["MNIST"], dtype=np.uint8).reshape(-1, 784).astype(np.float32) / 255
model = keras.Sequential([keras.Input((784,))])
for units in (512, 256, 128, 64):
    model.add(layers.Dense(units, activation="relu"))
model.add(layers.Dense(32))
for units in (64, 128, 256, 512):
    model.add(layers.Dense(units, activation="relu"))
model.add(layers.Dense(784, activation="sigmoid"))
model.compile(optimizer="nadam", loss="binary_crossentropy", jit_compile=sys.argv[1] == "jit")
held_out = x[:10000]
history = model.fit(
    x, x, batch_size=32, epochs=5, verbose=0, validation_data=(held_out, held_out)
)
print(history.history["val_loss"][-1])
