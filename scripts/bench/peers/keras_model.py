"""The task's model in Keras. Hourglass uses Keras's names of layers and arguments."""

from common import LAYERS, LOSS, OPTIMIZER, OPTIMIZER_ARGS, SHAPE

import keras


def argument(value):
    if isinstance(value, list):
        return tuple(argument(each) for each in value)
    return keras.regularizers.L1L2(**value) if isinstance(value, dict) else value


def layer(name, args):
    return getattr(keras.layers, name)(**{key: argument(value) for key, value in args.items()})


def compiled_model(**options):
    model = keras.Sequential(
        [keras.Input(SHAPE), *(layer(each["name"], each["args"]) for each in LAYERS)]
    )
    optimizer = getattr(keras.optimizers, OPTIMIZER)(**OPTIMIZER_ARGS)
    model.compile(optimizer=optimizer, loss=LOSS, **options)
    return model
