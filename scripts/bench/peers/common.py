"""What the peers share: the task, the images, and the protocol of `protocol.ts`."""

import json
import os
import sys
import time

TASK = json.loads(sys.argv[1])
MODE = sys.argv[2]
BATCH = TASK["batch"]
STEPS = TASK["steps"]
LATENT = TASK["latent"]
DROPOUT = TASK["dropout"]
IS_DENSE = TASK["model"] == "dense"
THREADS = str(TASK["threads"])

for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[name] = THREADS
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np  # noqa: E402  (reads the environment)


def images():
    """Model inputs and targets, float32: [60000, 784], or [60000, 28, 28, 1] where the model convolves."""
    data = np.fromfile(TASK["images"], dtype=np.uint8)
    clean = data.reshape(-1, 784).astype(np.float32) / 255
    if IS_DENSE:
        return clean, clean
    clean = clean.reshape(-1, 28, 28, 1)
    draws = np.random.default_rng(1).normal(0.5, 0.5, clean.shape)
    return np.clip(clean + draws, 0, 1).astype(np.float32), clean


def orders(seed=1):
    """Row numbers of one stretch after the other: int64 [steps, batch]."""
    draws = np.random.default_rng(seed)
    while True:
        yield draws.permutation(60000)[: STEPS * BATCH].reshape(STEPS, BATCH)


def serve(versions, run):
    """Runs a stretch to warm up, then one at each line; `run` returns its last or mean loss."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever a library prints must not mix with the protocol.
    run()
    print(json.dumps({"ready": True, "versions": versions}), file=out, flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        loss = float(run())
        taken = (time.perf_counter() - started) * 1000
        print(json.dumps({"steps": STEPS, "ms": taken, "loss": loss}), file=out, flush=True)
