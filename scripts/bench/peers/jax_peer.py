"""JAX with resident data and donated state: `jax_peer.py <task> step|scan`."""

from functools import partial

from common import BATCH, IS_NOISY, LOSS, MODE, STEPS, SUMS, images, orders, serve, variance

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jax_model import DRAWS, build_model, build_optimizer

data = images()
divisor = variance(data[1])
x, y = (jnp.asarray(part) for part in data)
optimizer = build_optimizer()
start, apply, are_logits = build_model()


def mean_loss(outputs, wanted):
    if LOSS == "mse":
        return jnp.mean((outputs - wanted) ** 2) / divisor
    if LOSS == "mae":
        return jnp.mean(jnp.abs(outputs - wanted))
    if are_logits:
        losses = optax.sigmoid_binary_cross_entropy(outputs, wanted)
        return losses.sum() / BATCH if SUMS else losses.mean()
    p = jnp.clip(outputs, 1e-7, 1 - 1e-7)
    return -jnp.mean(wanted * jnp.log(p) + (1 - wanted) * jnp.log1p(-p))


def is_moving(path):
    """Running statistics are not trained."""
    return any(getattr(key, "key", None) == "moving" for key in path)


def loss_of(params, given, wanted, key):
    outputs, after, penalty = apply(params, given, key)
    return mean_loss(outputs, wanted) + penalty, after


def trained(tree):
    return jax.tree_util.tree_map_with_path(lambda path, v: None if is_moving(path) else v, tree)


def advance(state, rows, x, y):
    params, slots, key = state
    key, own = jax.random.split(key) if DRAWS else (key, key)
    wanted = y[rows]
    given = x[rows] if IS_NOISY else wanted
    (loss, after), gradients = jax.value_and_grad(loss_of, has_aux=True)(params, given, wanted, own)
    before = trained(params)
    updates, slots = optimizer.update(trained(gradients), slots, before)
    changed = optax.apply_updates(before, updates)
    params = jax.tree.map(
        lambda new, kept: kept if new is None else new, changed, after, is_leaf=lambda v: v is None
    )
    return (params, slots, key), loss


step = jax.jit(advance, donate_argnums=0)


@partial(jax.jit, donate_argnums=0)
def scan(state, rows, x, y):
    return lax.scan(lambda carried, part: advance(carried, part, x, y), state, rows)


params = start(jax.random.key(1))
state = (params, optimizer.init(trained(params)), jax.random.key(2))
draws = orders()


def run():
    global state
    order = next(draws).astype("int32")
    if MODE == "scan":
        state, losses = scan(state, order, x, y)
        return losses.mean()
    losses = []
    for rows in order:
        state, loss = step(state, rows, x, y)
        losses.append(loss)
    return sum(map(float, losses)) / STEPS


serve({"jax": jax.__version__, "optax": optax.__version__}, run)
