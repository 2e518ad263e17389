"""Keras's first `evaluate` or `predict`: `keras_inference.py <task> evaluate|predict <batch>` prints a measurement."""

import json
import sys
import time

from common import MODE, images

import numpy as np

from keras_model import compiled_model

IMAGES = 70000
batch = int(sys.argv[3])
model = compiled_model()
x, y = images()
rows = np.arange(IMAGES) % len(x)
given, wanted = (x[rows], x[rows]) if x is y else (x[rows], y[rows])
if MODE == "evaluate":
    started = time.perf_counter()
    value = model.evaluate(given, wanted, batch_size=batch, verbose=0)
    ended = time.perf_counter()
else:
    started = time.perf_counter()
    outputs = model.predict(given, batch_size=batch, verbose=0)
    ended = time.perf_counter()
    value = outputs.mean()
print(json.dumps({"ms": (ended - started) * 1000, "images": IMAGES, "loss": float(value)}))
