"""Loads exported models and prints what each computes, one JSON object a line.

    python load.py FOLDER…
    {"keras": [0.5, …], "onnx": [0.5, …], "weights": {"dense/kernel": [16, 8]}}

A folder has `model.keras`, `model.onnx` and `model.safetensors`, and `inputs.json`: a list of inputs, each with `shape` and `values`.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np
import onnxruntime
from safetensors.numpy import load_file

# Outputs of several models are compared with Keras's numbers, which were computed in full precision.
import jax

jax.config.update("jax_default_matmul_precision", "highest")


def attempt(compute):
    try:
        return compute()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


for folder in sys.argv[1:]:
    path = lambda name: os.path.join(folder, name)
    inputs = [
        np.array(each["values"], dtype="float32").reshape(each["shape"]) for each in json.load(open(path("inputs.json")))
    ]

    def by_keras():
        model = keras.models.load_model(path("model.keras"))
        output = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        return np.asarray(output, dtype="float64").ravel().tolist()

    def by_onnx():
        session = onnxruntime.InferenceSession(path("model.onnx"), providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_inputs()]
        (output,) = session.run(None, dict(zip(names, inputs)))
        return output.astype("float64").ravel().tolist()

    print(
        json.dumps(
            {
                "keras": attempt(by_keras),
                "onnx": attempt(by_onnx),
                "weights": attempt(lambda: {name: list(each.shape) for name, each in load_file(path("model.safetensors")).items()}),
            }
        )
    )
