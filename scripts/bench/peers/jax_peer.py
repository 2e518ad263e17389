"""JAX with resident data and donated state: `jax_peer.py <task> step|scan`."""

from functools import partial

from common import BATCH, DROPOUT, IS_DENSE, LATENT, MODE, STEPS, TASK, images, orders, serve

import jax
import jax.numpy as jnp
import optax
from jax import lax

x, y = (jnp.asarray(part) for part in images())
optimizer = optax.nadam(0.001) if IS_DENSE else optax.adam(0.001)
glorot = jax.nn.initializers.glorot_uniform()
LAYOUT = ("NHWC", "HWIO", "NHWC")


def start(key):
    if IS_DENSE:
        sizes = [784, 512, 256, 128, 64, LATENT, 64, 128, 256, 512, 784]
        shapes = list(zip(sizes, sizes[1:]))
    else:
        size = 784 if TASK["model"] == "conv" else 3136
        channels = 1 if TASK["model"] == "conv" else 64
        shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (3136, LATENT), (LATENT, size)]
        shapes += [(3, 3, channels, 64), (3, 3, 64, 32), (3, 3, 32, 1)]
    keys = jax.random.split(key, len(shapes))
    return [(glorot(k, shape), jnp.zeros(shape[-1])) for k, shape in zip(keys, shapes)]


def dense_model(params, batch, key):
    for index, (kernel, bias) in enumerate(params):
        batch = batch @ kernel + bias
        if index in (4, len(params) - 1):
            continue
        batch = jax.nn.relu(batch)
        if DROPOUT:
            kept = jax.random.bernoulli(jax.random.fold_in(key, index), 1 - DROPOUT, batch.shape)
            batch = jnp.where(kept, batch / (1 - DROPOUT), 0)
    return batch


def conv_model(params, batch, _key):
    shape, stride = ((28, 28, 1), 1) if TASK["model"] == "conv" else ((7, 7, 64), 2)
    for kernel, bias in params[:2]:
        batch = lax.conv_general_dilated(batch, kernel, (2, 2), "SAME", dimension_numbers=LAYOUT)
        batch = jax.nn.relu(batch + bias)
    batch = batch.reshape(len(batch), -1)
    for kernel, bias in params[2:4]:
        batch = batch @ kernel + bias
    batch = batch.reshape(len(batch), *shape)
    for index, (kernel, bias) in enumerate(params[4:]):
        step = (1, 1) if index == 2 else (stride, stride)
        batch = lax.conv_transpose(batch, kernel, step, "SAME", dimension_numbers=LAYOUT) + bias
        if index < 2:
            batch = jax.nn.relu(batch)
    return batch


def loss_of(params, given, wanted, key):
    if IS_DENSE:
        logits = dense_model(params, given, key)
        return optax.sigmoid_binary_cross_entropy(logits, wanted).mean()
    return jnp.mean((jax.nn.sigmoid(conv_model(params, given, key)) - wanted) ** 2)


def advance(state, rows, x, y):
    params, slots, key = state
    key, own = jax.random.split(key) if DROPOUT else (key, key)
    wanted = y[rows]
    given = wanted if IS_DENSE else x[rows]
    loss, gradients = jax.value_and_grad(loss_of)(params, given, wanted, own)
    updates, slots = optimizer.update(gradients, slots, params)
    return (optax.apply_updates(params, updates), slots, key), loss


step = jax.jit(advance, donate_argnums=0)


@partial(jax.jit, donate_argnums=0)
def scan(state, rows, x, y):
    return lax.scan(lambda carried, part: advance(carried, part, x, y), state, rows)


params = start(jax.random.key(1))
state = (params, optimizer.init(params), jax.random.key(2))
draws = orders()


def run():
    global state
    order = next(draws).astype("int32")
    if MODE == "scan":
        state, losses = scan(state, order, x, y)
        return losses.mean()
    for rows in order:
        state, loss = step(state, rows, x, y)
    return loss


serve({"jax": jax.__version__, "optax": optax.__version__}, run)
