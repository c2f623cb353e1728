"""Speed of training, beside other packages.

Compares with those of spikingjelly, snnTorch and sinabs that are installed; Tickless needs none of
them: ``pip install spikingjelly snntorch sinabs``.
"""

from argparse import ArgumentParser, Namespace

from tickless.errors import InputError
from tickless.progress import stage

__all__ = ["add_options", "main"]

RUNS = 40


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--threads", type=int, metavar="N", help="threads of torch; its own choice")


def main(options: Namespace) -> int:
    """Print samples per second of each package, and Tickless's over each.

    The process keeps freed memory for all of them, as Tickless does when it trains.
    """
    if options.threads is not None and options.threads < 1:
        raise InputError(f"threads = {options.threads}: expected at least 1")
    with stage("loading torch"):
        import numpy as np
        import torch

        from tickless.sw.training import memory
        from tickless.sw.training.peers import BATCH, PACKAGES, STEPS, seconds
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    memory.keep_freed_memory()
    models = {}
    for name, make in PACKAGES.items():
        try:
            models[name] = make()
        except ImportError as error:
            print(f"{name}: left out: {error}")
    threads = torch.get_num_threads()
    print(f"6,160 weights, {STEPS} time steps, batch {BATCH}, {threads} threads, {RUNS} runs")
    taken = {name: np.median(each) for name, each in seconds(models, RUNS).items()}
    for name, median in taken.items():
        ratio = median / taken["tickless"]
        print(f"{name:16}{BATCH / median:7.0f} samples/s   tickless over it {ratio:.2f}")
    return 0
