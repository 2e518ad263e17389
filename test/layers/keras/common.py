"""What the scripts here share. It is imported before TensorFlow, which it keeps quiet."""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf


def numbers(shape, seed):
    """Numbers from -1 to 1, the same in every language."""
    index = np.arange(int(np.prod(shape)), dtype=np.int64)
    values = (index * index * 31 + index * 17 + seed * 101) % 997
    return (values / 498.5 - 1).astype("float32").reshape(shape)


def rounded(tensor, digits=7):
    # The gradient of rows that were looked up is not an array.
    array = tf.convert_to_tensor(tensor) if isinstance(tensor, tf.IndexedSlices) else tensor
    return [float(f"{value:.{digits}g}") for value in np.asarray(array, dtype="float64").ravel()]


def write(name, value):
    write_text(name, json.dumps(value, indent=1) + "\n")


def write_text(name, text):
    """Writes a file beside this one."""
    assert keras.__version__.startswith("3.15."), keras.__version__
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as file:
        file.write(text)
