"""Speed of training: ``python -m sw.training.benchmark [THREADS]``."""

import sys
from time import perf_counter

import numpy as np
import torch
from torch.nn import functional

from sw.models import SpikingChain
from sw.networks import layers
from sw.neurons import IntegrateAndFire
from sw.training.memory import keep_freed_memory

__all__ = ["main"]

STEPS, BATCH, EVENTS, RUNS = 10, 40, 4000, 30


def main() -> None:
    """Print samples per second of forward pass, backward pass and step of the optimizer.

    The network is the MTT paper's for N-MNIST, in 10 time steps, 40 samples at once.
    """
    if len(sys.argv) > 1:
        torch.set_num_threads(int(sys.argv[1]))
    keep_freed_memory()
    torch.manual_seed(0)
    shape = (STEPS, BATCH, 2, 34, 34)
    frames = torch.poisson(torch.full(shape, EVENTS * BATCH / np.prod(shape)))
    labels = torch.randint(0, 10, (BATCH,))
    for normalize in (False, True):
        model = SpikingChain(shape[2:], layers("mtt-nmnist", 10), IntegrateAndFire(), normalize)
        optimizer = torch.optim.AdamW(model.parameters())
        seconds = []
        for _ in range(RUNS):
            start = perf_counter()
            optimizer.zero_grad()
            logits, _ = model(frames)
            functional.cross_entropy(logits / STEPS, labels).backward()
            optimizer.step()
            seconds.append(perf_counter() - start)
        name = "with batch norm" if normalize else "folded"
        print(
            f"{name}, {torch.get_num_threads()} threads: median of {RUNS} runs "
            f"{BATCH / np.median(seconds):.0f} samples/s, best {BATCH / min(seconds):.0f}"
        )


if __name__ == "__main__":
    main()
