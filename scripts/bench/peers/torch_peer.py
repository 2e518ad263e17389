"""PyTorch with resident data: `torch_peer.py <task> eager|compile`."""

from common import BATCH, IS_NOISY, LOSS, MODE, STEPS, SUMS, THREADS, images, orders, serve, variance

import torch
from torch import nn

from torch_model import Activity, Variational, VectorQuantizer, build_model, build_optimizer

torch.set_num_threads(int(THREADS))
torch.manual_seed(1)

model, takes_logits = build_model()
optimizer = build_optimizer(model.parameters())
measure = {
    "mse": nn.MSELoss,
    "mae": nn.L1Loss,
    "binary_crossentropy": nn.BCEWithLogitsLoss if takes_logits else nn.BCELoss,
}[LOSS](reduction="sum" if SUMS else "mean")
x, y = (torch.from_numpy(part) for part in images())
divisor = BATCH if SUMS else variance(y.numpy())
penalised = [
    part for part in model.modules() if isinstance(part, (Activity, Variational, VectorQuantizer))
]
forward = torch.compile(model) if MODE == "compile" else model
draws = orders()


def batch(data, rows):
    """Images with PyTorch's order of axes, without moving pixels."""
    taken = data.index_select(0, rows)
    return taken.permute(0, 3, 1, 2) if taken.dim() == 4 else taken


def run():
    total = torch.zeros(())
    for rows in torch.from_numpy(next(draws)):
        optimizer.zero_grad(set_to_none=True)
        wanted = batch(y, rows)
        given = batch(x, rows) if IS_NOISY else wanted
        loss = measure(forward(given), wanted) / divisor
        for part in penalised:
            loss = loss + part.penalty
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total / STEPS


serve({"torch": torch.__version__}, run)
