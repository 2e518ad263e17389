"""One autoencoder for each latent size, in a loop: `keras_sweep.py default|jit IMAGES EPOCHS SIZE...`."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "2"

import keras  # noqa: E402  (reads the environment)
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

mode, images, epochs, *sizes = sys.argv[1:]
x = np.fromfile(os.environ["MNIST"], dtype=np.uint8).reshape(-1, 784).astype(np.float32) / 255
held_out = x[:10000]
x = x[: int(images)]
for size in sizes:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((784,))])
    for units in (256, 128):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(int(size)))
    for units in (128, 256):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(784, activation="sigmoid"))
    model.compile(optimizer="adam", loss="mse", jit_compile=mode == "jit")
    history = model.fit(
        x, x, batch_size=128, epochs=int(epochs), verbose=0, validation_data=(held_out, held_out)
    )
    print(size, history.history["val_loss"][-1])
