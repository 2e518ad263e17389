"""Writes `activity.json`: what penalties on outputs add to the loss, and their gradients, in Keras 3.15. See README.md."""

from common import numbers, rounded, write

import keras
import tensorflow as tf

PIXELS, BATCH = 6, 3


@keras.saving.register_keras_serializable()
class Sparsity(keras.regularizers.Regularizer):
    """Keras has none: written by the formula of Ng's lecture notes. Keras divides by the size of the batch, and this is no sum over it."""

    def __init__(self, rho, weight):
        self.rho, self.weight = rho, weight

    def __call__(self, x):
        mean = tf.reduce_mean(x, axis=list(range(len(x.shape) - 1)))
        coins = self.rho * tf.math.log(self.rho / mean) + (1 - self.rho) * tf.math.log((1 - self.rho) / (1 - mean))
        return self.weight * tf.reduce_sum(coins) * tf.cast(tf.shape(x)[0], tf.float32)


def measure(penalty):
    layers = keras.layers
    kinds = {"l1": 0.0, "l2": 0.0, **penalty}
    sparsity = kinds.pop("kl", None)
    regularizer = keras.regularizers.L1L2(**kinds) if sparsity is None else Sparsity(**sparsity)
    model = keras.Sequential(
        [
            keras.Input([PIXELS]),
            layers.Reshape([3, 2, 1]),
            layers.Conv2D(2, 2, activation="sigmoid", activity_regularizer=regularizer),
            layers.Flatten(),
            layers.Dense(3, activation="sigmoid", activity_regularizer=regularizer),
            layers.ActivityRegularization(l1=0.02, l2=0.03),
            layers.Dense(PIXELS),
        ]
    )
    for index, weight in enumerate(model.weights):
        weight.assign(numbers(weight.shape, index))
    x = (numbers([BATCH, PIXELS], 3) + 1) / 2
    with tf.GradientTape() as tape:
        output = model(x, training=True)
        loss = tf.reduce_mean((output - x) ** 2) + tf.add_n(model.losses)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    return {"penalty": penalty, "loss": float(loss), "gradients": [rounded(gradient) for gradient in gradients]}


if __name__ == "__main__":
    cases = [{"l1": 0.03}, {"l1": 0.01, "l2": 0.2}, {"kl": {"rho": 0.05, "weight": 0.4}}]
    write("activity.json", [measure(case) for case in cases])
