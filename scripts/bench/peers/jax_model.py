"""Layers as pairs of functions: one makes the weights from a key, the other applies them. Images are [batch, height, width,
channels]."""

from common import LAYERS, OPTIMIZER, OPTIMIZER_ARGS, activity, logit_layers, pair

import jax
import jax.numpy as jnp
import optax
from jax import lax

glorot = jax.nn.initializers.glorot_uniform()
LAYOUT = ("NHWC", "HWIO", "NHWC")
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.2),
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
}


def plain(function):
    """A layer without weights."""
    return (lambda key: {}), (lambda weights, x, key: (function(x), weights, 0.0))


def weighted(args, kernel, product):
    activation = ACTIVATIONS[args["activation"]]
    factor = activity(args)

    def start(key):
        bias = {"bias": jnp.zeros(kernel[-1])} if args["use_bias"] else {}
        return {"kernel": glorot(key, kernel), **bias}

    def apply(weights, x, key):
        outputs = activation(product(x, weights["kernel"]) + weights.get("bias", 0))
        penalty = factor * jnp.abs(outputs).sum() / len(outputs) if factor > 0 else 0.0
        return outputs, weights, penalty

    return start, apply


def dense(args, given, made):
    return weighted(args, (given[-1], made[-1]), jnp.matmul)


def conv(args, given, made):
    step, space = pair(args["strides"]), pair(args["dilation_rate"])

    def product(x, kernel):
        return lax.conv_general_dilated(
            x, kernel, step, args["padding"].upper(), None, space, LAYOUT
        )

    return weighted(args, (*pair(args["kernel_size"]), given[-1], made[-1]), product)


def conv_transpose(args, given, made):
    step = pair(args["strides"])

    def product(x, kernel):
        return lax.conv_transpose(x, kernel, step, args["padding"].upper(), dimension_numbers=LAYOUT)

    return weighted(args, (*pair(args["kernel_size"]), given[-1], made[-1]), product)


def pooling(from_tiles, start, merge, is_mean):
    """Tiles by a reshape: on a CPU, XLA runs its gradient far faster than that of a window."""

    def build(args, given, made):
        size = pair(args["pool_size"])
        step = pair(args["strides"] or size)
        if size == step and all(given[i] == made[i] * size[i] for i in (0, 1)):
            tiles = (-1, made[0], size[0], made[1], size[1], made[2])
            return plain(lambda x: from_tiles(x.reshape(tiles), (2, 4)))

        def slide(x):
            window, steps = (1, *size, 1), (1, *step, 1)
            pooled = lax.reduce_window(x, start, merge, window, steps, args["padding"].upper())
            if not is_mean:
                return pooled
            ones = jnp.ones((1, *x.shape[1:3], 1))
            return pooled / lax.reduce_window(ones, 0.0, lax.add, window, steps, args["padding"].upper())

        return plain(slide)

    return build


def upsampling(args, given, made):
    if args["interpolation"] == "bilinear":
        return plain(lambda x: jax.image.resize(x, (x.shape[0], *made), "bilinear"))
    down, right = pair(args["size"])
    height, width, channels = given

    def repeat(x):
        tiles = (x.shape[0], height, down, width, right, channels)
        return jnp.broadcast_to(x[:, :, None, :, None, :], tiles).reshape(-1, *made)

    return plain(repeat)


def scaled(args, given):
    return {
        **({"gamma": jnp.ones(given[-1])} if args["scale"] else {}),
        **({"beta": jnp.zeros(given[-1])} if args["center"] else {}),
    }


def normalized(args, weights, x, axes):
    mean = x.mean(axes, keepdims=True)
    variance = jnp.maximum(jnp.square(x).mean(axes, keepdims=True) - jnp.square(mean), 0)
    factor = lax.rsqrt(variance + args["epsilon"]) * weights.get("gamma", 1)
    return (x - mean) * factor + weights.get("beta", 0), mean, variance


def batch_norm(args, given, made):
    """The running statistics are weights with zero gradient. They are replaced at each step."""
    kept = args["momentum"]

    def start(key):
        moving = {"mean": jnp.zeros(given[-1]), "variance": jnp.ones(given[-1])}
        return {**scaled(args, given), "moving": moving}

    def apply(weights, x, key):
        made, mean, variance = normalized(args, weights, x, tuple(range(x.ndim - 1)))
        seen = {"mean": mean.reshape(-1), "variance": variance.reshape(-1)}
        moving = jax.tree.map(lambda old, new: kept * old + (1 - kept) * new, weights["moving"], seen)
        return made, {**weights, "moving": lax.stop_gradient(moving)}, 0.0

    return start, apply


def layer_norm(args, given, made):
    def apply(weights, x, key):
        return normalized(args, weights, x, (-1,))[0], weights, 0.0

    return (lambda key: scaled(args, given)), apply


def dropout(args, given, made):
    kept = 1 - args["rate"]

    def apply(weights, x, key):
        return jnp.where(jax.random.bernoulli(key, kept, x.shape), x / kept, 0), weights, 0.0

    return (lambda key: {}), apply


def variational(args, given, made):
    """Two heads and a sample; the divergence is the penalty."""
    shape = (given[-1], args["units"])

    def start(key):
        keys = jax.random.split(key)
        # Buffers of their own: the state is donated.
        return [{"kernel": glorot(own, shape), "bias": jnp.zeros(args["units"])} for own in keys]

    def apply(weights, x, key):
        mean, log_variance = (x @ head["kernel"] + head["bias"] for head in weights)
        kl = -0.5 * (1 + log_variance - jnp.square(mean) - jnp.exp(log_variance))
        epsilon = jax.random.normal(key, mean.shape)
        return mean + jnp.exp(0.5 * log_variance) * epsilon, weights, kl.sum(1).mean()

    return start, apply


def vector_quantizer(args, given, made):
    """The nearest codes; both parts of the loss are the penalty."""

    def start(key):
        shape = (args["codes"], given[-1])
        return {"table": jax.random.uniform(key, shape, minval=-0.05, maxval=0.05)}

    def apply(weights, x, key):
        table, fixed = weights["table"], lax.stop_gradient
        flat = x.reshape(-1, x.shape[-1])
        distances = (
            jnp.square(flat).sum(1, keepdims=True) + jnp.square(table).sum(1) - 2 * flat @ table.T
        )
        nearest = table[jnp.argmin(distances, 1)].reshape(x.shape)
        pulled = args["commitment"] * jnp.square(fixed(nearest) - x).mean()
        penalty = pulled + jnp.square(nearest - fixed(x)).mean()
        return x + fixed(nearest - x), weights, penalty

    return start, apply


def reshape(args, given, made):
    return plain(lambda x: x.reshape(-1, *made))


KINDS = {
    "Dense": dense,
    "Conv2D": conv,
    "Conv2DTranspose": conv_transpose,
    "MaxPooling2D": pooling(jnp.max, -jnp.inf, lax.max, False),
    "AveragePooling2D": pooling(jnp.mean, 0.0, lax.add, True),
    "UpSampling2D": upsampling,
    "GlobalAveragePooling2D": lambda *_: plain(lambda x: x.mean((1, 2))),
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "Flatten": reshape,
    "Reshape": reshape,
    "Dropout": dropout,
    "ReLU": lambda *_: plain(jax.nn.relu),
    "LeakyReLU": lambda args, *_: plain(lambda x: jax.nn.leaky_relu(x, args["negative_slope"])),
    "ELU": lambda args, *_: plain(lambda x: jax.nn.elu(x, args["alpha"])),
    "Activation": lambda args, *_: plain(ACTIVATIONS[args["activation"]]),
    "Variational": variational,
    "VectorQuantizer": vector_quantizer,
    "Residual": lambda *_: plain(lambda x: x),
}
DRAWS = any(layer["name"] in ("Dropout", "Variational") for layer in LAYERS)


def build_model():
    """Functions that make and apply all weights, and whether the outputs are logits."""
    layers, are_logits = logit_layers()
    pairs = [KINDS[each["name"]](each["args"], each["input"], each["output"]) for each in layers]

    def start(key):
        keys = jax.random.split(key, len(pairs))
        return [make(own) for (make, _), own in zip(pairs, keys)]

    def apply(weights, x, key):
        """Outputs, the weights with new running statistics, and the sum of the layers' penalties."""
        after, given, total = [], [], 0.0
        for index, ((_, layer), own) in enumerate(zip(pairs, weights)):
            given.append(x)
            x, own, penalty = layer(own, x, jax.random.fold_in(key, index) if DRAWS else key)
            if "inside" in layers[index]:
                x = x + given[index - layers[index]["inside"]]
            after.append(own)
            total = total + penalty
        return x, after, total

    return start, apply, are_logits


def build_optimizer():
    args = OPTIMIZER_ARGS
    rate = args["learning_rate"]
    betas = {"b1": args.get("beta_1"), "b2": args.get("beta_2"), "eps": args.get("epsilon")}
    if OPTIMIZER == "SGD":
        return optax.sgd(rate, args["momentum"] or None, args["nesterov"])
    if OPTIMIZER == "RMSprop":
        kept, momentum = args["rho"], args["momentum"] or None
        return optax.rmsprop(
            rate, kept, args["epsilon"], centered=args["centered"], momentum=momentum
        )
    if OPTIMIZER == "Adagrad":
        return optax.adagrad(rate, args["initial_accumulator_value"], args["epsilon"])
    if OPTIMIZER == "AdamW":
        return optax.adamw(rate, **betas, weight_decay=args["weight_decay"])
    return {"Adam": optax.adam, "Nadam": optax.nadam, "Adamax": optax.adamax}[OPTIMIZER](rate, **betas)
