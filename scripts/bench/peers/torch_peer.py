"""PyTorch with resident data: `torch_peer.py <task> eager|compile`."""

from common import DROPOUT, IS_DENSE, LATENT, MODE, STEPS, TASK, THREADS, images, orders, serve

import torch
from torch import nn

torch.set_num_threads(int(THREADS))
torch.manual_seed(1)


def dense_model():
    parts = []
    sizes = [784, 512, 256, 128, 64, LATENT, 64, 128, 256, 512]
    for index, (before, after) in enumerate(zip(sizes, sizes[1:])):
        parts.append(nn.Linear(before, after))
        if index != 4:
            parts.append(nn.ReLU())
            if DROPOUT:
                parts.append(nn.Dropout(DROPOUT))
    return nn.Sequential(*parts, nn.Linear(512, 784))  # The loss takes logits.


def conv_model():
    if TASK["model"] == "conv":
        shape, how = (1, 28, 28), {"stride": 1, "padding": 1}
    else:
        shape, how = (64, 7, 7), {"stride": 2, "padding": 1, "output_padding": 1}
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(3136, LATENT),
        nn.Linear(LATENT, shape[0] * shape[1] * shape[2]),
        nn.Unflatten(1, shape),
        nn.ConvTranspose2d(shape[0], 64, 3, **how),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 3, **how),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 3, padding=1),
        nn.Sigmoid(),
    )


model = dense_model() if IS_DENSE else conv_model()
for module in model.modules():  # Keras's initial weights, so that losses can be compared.
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
# The momentum of NAdam warms up more slowly than that of Keras's Nadam; the work is the same.
optimizer = (torch.optim.NAdam if IS_DENSE else torch.optim.Adam)(model.parameters(), lr=0.001)
measure = nn.BCEWithLogitsLoss() if IS_DENSE else nn.MSELoss()
x, y = (torch.from_numpy(part) for part in images())
if not IS_DENSE:
    # Channels last is the layout that convolutions on a CPU are fastest with.
    x, y = x.permute(0, 3, 1, 2), y.permute(0, 3, 1, 2)
    model = model.to(memory_format=torch.channels_last)
forward = torch.compile(model) if MODE == "compile" else model
draws = orders()


def run():
    total = torch.zeros(())
    for rows in torch.from_numpy(next(draws)):
        optimizer.zero_grad(set_to_none=True)
        wanted = y.index_select(0, rows)
        given = wanted if IS_DENSE else x.index_select(0, rows)
        loss = measure(forward(given), wanted)
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total / STEPS


serve({"torch": torch.__version__}, run)
