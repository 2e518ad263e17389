"""Shared by the peers: the task, the images, and the protocol of `protocol.ts`."""

import json
import math
import os
import sys
import time

TASK = json.loads(sys.argv[1])
MODE = sys.argv[2]
BATCH = TASK["batch"]
STEPS = TASK["steps"]
ROWS = TASK["rows"]
LOSS = TASK["loss"]
IS_NOISY = TASK["data"] == "noisy"
THREADS = str(TASK["threads"])
((OPTIMIZER, OPTIMIZER_ARGS),) = TASK["optimizer"].items()

# The last is JAX's.
for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC"):
    os.environ[name] = THREADS
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np  # noqa: E402  (reads the environment)


def model():
    """Shape of a sample, and the layers, without those that only reshape between images and vectors."""
    shape, layers = TASK["architecture"]["input_shape"], TASK["layers"]
    if layers[0]["name"] == "Flatten" and layers[-1]["name"] == "Reshape":
        return (math.prod(shape),), layers[1:-1]
    return tuple(shape), layers


SHAPE, LAYERS = model()


# The loss of a variational autoencoder is summed over an image's values.
SUMS = any(layer["name"] == "Variational" for layer in LAYERS)


def variance(images):
    """What the reconstruction loss is divided by."""
    return float(images.var()) if TASK.get("divide_by_variance") else 1.0


def activity(args):
    """The L1 penalty on a layer's outputs; 0 if there is none."""
    return (args.get("activity_regularizer") or {}).get("l1", 0)


def logit_layers():
    """The layers, and whether the loss takes logits; the final sigmoid is then left out."""
    *before, last = LAYERS
    if LOSS != "binary_crossentropy" or last["args"].get("activation") != "sigmoid":
        return LAYERS, False
    return [*before, {**last, "args": {**last["args"], "activation": "linear"}}], True


def pair(value):
    """One number for both directions, or two."""
    return (value, value) if isinstance(value, int) else tuple(value)


def images():
    """Inputs and targets, float32 [rows, ...shape]; the same array if the input is the target."""
    data = np.fromfile(TASK["images"], dtype=np.uint8)[: ROWS * math.prod(SHAPE)]
    clean = data.reshape(ROWS, *SHAPE).astype(np.float32) / 255
    if not IS_NOISY:
        return clean, clean
    draws = np.random.default_rng(1).normal(0.5, 0.5, clean.shape)
    return np.clip(clean + draws, 0, 1).astype(np.float32), clean


def orders(seed=1):
    """Yields the row numbers of each stretch: int64 [steps, batch]."""
    draws = np.random.default_rng(seed)
    while True:
        yield draws.permutation(ROWS)[: STEPS * BATCH].reshape(STEPS, BATCH)


class Turns:
    """The protocol of `protocol.ts`."""

    def __init__(self):
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # Whatever a library prints must not mix with the protocol.
        self._started = 0.0

    def ready(self, versions):
        self._print({"ready": True, "versions": versions})

    def begin(self):
        """Waits for a turn; ends the program when there are no more."""
        if not sys.stdin.readline():
            os._exit(0)
        self._started = time.perf_counter()

    def end(self, loss):
        taken = (time.perf_counter() - self._started) * 1000
        self._print({"steps": STEPS, "ms": taken, "loss": float(loss)})

    def _print(self, line):
        print(json.dumps(line), file=self._out, flush=True)


def serve(versions, run):
    """Runs a stretch to warm up, then one per turn; `run` returns its last or mean loss."""
    turns = Turns()
    float(run())
    turns.ready(versions)
    while True:
        turns.begin()
        loss = float(run())
        turns.end(loss)
