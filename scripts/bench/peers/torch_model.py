"""Layers as PyTorch modules. Images are [batch, channels, height, width], stored with the channels last: convolutions on a CPU
are fastest with this layout, and images can be reshaped to vectors without a copy."""

from common import OPTIMIZER, OPTIMIZER_ARGS, activity, logit_layers, pair

import torch
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


class Variational(nn.Module):
    """Two heads and a sample; keeps the divergence as its penalty."""

    def __init__(self, size, units):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(size, units), nn.Linear(size, units)

    def forward(self, x):
        mean, log_variance = self.mean(x), self.log_variance(x)
        kl = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp())
        self.penalty = kl.sum(1).mean()
        return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


class VectorQuantizer(nn.Module):
    """The nearest codes over the channels; keeps both parts of the loss as its penalty."""

    def __init__(self, channels, codes, commitment):
        super().__init__()
        self.commitment = commitment
        self.table = nn.Parameter(torch.empty(codes, channels).uniform_(-0.05, 0.05))

    def forward(self, x):
        rows = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
        flat = rows.reshape(-1, rows.shape[-1])
        distances = (
            flat.pow(2).sum(1, keepdim=True) + self.table.pow(2).sum(1) - 2 * flat @ self.table.t()
        )
        nearest = self.table[distances.argmin(1)].view(rows.shape)
        self.penalty = self.commitment * (nearest.detach() - rows).pow(2).mean() + (
            nearest - rows.detach()
        ).pow(2).mean()
        passed = rows + (nearest - rows).detach()
        return passed.permute(0, 3, 1, 2) if x.dim() == 4 else passed


class Activity(nn.Module):
    """The L1 penalty on the outputs of a layer."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        self.penalty = self.factor * x.abs().sum() / x.shape[0]
        return x


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def flatten(x):
    return x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x


def to_image(height, width, channels):
    return Apply(lambda x: flatten(x).view(-1, height, width, channels).permute(0, 3, 1, 2))


class ChannelNorm(nn.LayerNorm):
    """Normalises over the channels of an image."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv(args, given, made):
    """If Keras pads one side more, both sides get the larger padding: as many outputs, shifted by one pixel."""
    size, step, space = (pair(args[key]) for key in ("kernel_size", "strides", "dilation_rate"))
    if args["padding"] == "valid":
        padding = 0
    elif step == (1, 1):
        padding = "same"
    else:
        missing = [(made[i] - 1) * step[i] + size[i] - given[i] for i in (0, 1)]
        padding = tuple((max(total, 0) + 1) // 2 for total in missing)
    return nn.Conv2d(
        given[2], args["filters"], size, step, padding, space, bias=args["use_bias"]
    )


def conv_transpose(args, given, made):
    size, step = pair(args["kernel_size"]), pair(args["strides"])
    is_same = args["padding"] == "same"
    padding = tuple((max(size[i] - step[i], 0) + 1) // 2 if is_same else 0 for i in (0, 1))
    rest = tuple(made[i] - (given[i] - 1) * step[i] + 2 * padding[i] - size[i] for i in (0, 1))
    return nn.ConvTranspose2d(
        given[2], args["filters"], size, step, padding, rest, bias=args["use_bias"]
    )


def pooling(kind, **options):
    def build(args, given, made):
        size = pair(args["pool_size"])
        return kind(size, pair(args["strides"] or size), ceil_mode=args["padding"] == "same", **options)

    return build


def batch_norm(args, given, made):
    kind = nn.BatchNorm2d if len(given) == 3 else nn.BatchNorm1d
    return kind(given[-1], args["epsilon"], 1 - args["momentum"], affine=args["scale"])


def layer_norm(args, given, made):
    kind = ChannelNorm if len(given) == 3 else nn.LayerNorm
    return kind(given[-1], args["epsilon"], elementwise_affine=args["scale"])


def reshape(args, given, made):
    return to_image(*made) if len(made) == 3 else Apply(flatten)


def upsampling(args, given, made):
    return nn.Upsample(scale_factor=pair(args["size"]), mode=args["interpolation"])


MODULES = {
    "Dense": lambda args, given, made: nn.Linear(given[-1], made[-1], args["use_bias"]),
    "Conv2D": conv,
    "Conv2DTranspose": conv_transpose,
    "MaxPooling2D": pooling(nn.MaxPool2d),
    "AveragePooling2D": pooling(nn.AvgPool2d, count_include_pad=False),
    "UpSampling2D": upsampling,
    "GlobalAveragePooling2D": lambda *_: Apply(lambda x: x.mean((2, 3))),
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "Flatten": lambda *_: Apply(flatten),
    "Reshape": reshape,
    "Dropout": lambda args, *_: nn.Dropout(args["rate"]),
    "ReLU": lambda *_: nn.ReLU(),
    "LeakyReLU": lambda args, *_: nn.LeakyReLU(args["negative_slope"]),
    "ELU": lambda args, *_: nn.ELU(args["alpha"]),
    "Activation": lambda *_: nn.Sequential(),
    "Variational": lambda args, given, made: Variational(given[-1], args["units"]),
    "VectorQuantizer": lambda args, given, made: VectorQuantizer(
        given[-1], args["codes"], args["commitment"]
    ),
}


def built(layer):
    args = layer["args"]
    parts = [MODULES[layer["name"]](args, layer["input"], layer["output"])]
    activation = args.get("activation", "linear")
    if activation != "linear":
        parts.append(ACTIVATIONS[activation]())
    if activity(args) > 0:
        parts.append(Activity(activity(args)))
    return parts


def build_model():
    """The model with Keras's initial weights, so that losses can be compared, and the loss."""
    layers, takes_logits = logit_layers()
    groups = []
    for layer in layers:
        if layer["name"] == "Residual":
            first = len(groups) - layer["inside"]
            inner = [part for group in groups[first:] for part in group]
            groups[first:] = [[Residual(*inner)]]
        else:
            groups.append(built(layer))
    model = nn.Sequential(*(part for group in groups for part in group))
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model.to(memory_format=torch.channels_last), takes_logits


def build_optimizer(weights):
    """Uses the fused kernels if available."""
    args = dict(OPTIMIZER_ARGS)
    rate, epsilon = args["learning_rate"], args.get("epsilon")
    betas = (args.get("beta_1"), args.get("beta_2"))
    if OPTIMIZER == "SGD":
        rest = {"momentum": args["momentum"], "nesterov": args["nesterov"]}
        return torch.optim.SGD(weights, rate, fused=True, **rest)
    if OPTIMIZER == "RMSprop":
        rest = {"momentum": args["momentum"], "centered": args["centered"]}
        # PyTorch adds epsilon to the root, Keras inside it.
        return torch.optim.RMSprop(weights, rate, args["rho"], epsilon**0.5, **rest)
    if OPTIMIZER == "Adagrad":
        start = args["initial_accumulator_value"]
        return torch.optim.Adagrad(
            weights, rate, initial_accumulator_value=start, eps=epsilon, fused=True
        )
    if OPTIMIZER == "AdamW":
        decay = args["weight_decay"]
        return torch.optim.AdamW(weights, rate, betas, epsilon, decay, args["amsgrad"], fused=True)
    if OPTIMIZER == "Adam":
        return torch.optim.Adam(weights, rate, betas, epsilon, 0, args["amsgrad"], fused=True)
    # The momentum of NAdam warms up more slowly than that of Keras's Nadam; the work is the same.
    return {"Nadam": torch.optim.NAdam, "Adamax": torch.optim.Adamax}[OPTIMIZER](
        weights, rate, betas, epsilon
    )
