"""Train a spiking network and write a checkpoint.

A run that was killed goes on from its last epoch when it is started again. ``torchrun
--nproc-per-node N -m tickless train ...`` shares the work among N processes, each with a GPU or a
core of its own.
"""

import argparse
from pathlib import Path

from tickless.sw.data.catalog import load, simulated
from tickless.sw.outputs import output_file
from tickless.sw.training.experiment import add_experiment, read_experiment

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument("--seed", type=int, help="the same as --set seed=...")
    parser.add_argument(
        "--output", type=Path, help="checkpoint; build/train/EXPERIMENT/METHOD-SEED.* if not given"
    )


def main(options: argparse.Namespace) -> int:
    """Train, keep the state beside the output meanwhile, and measure."""
    from tickless.sw.training.trainer import Trainer

    seed = [] if options.seed is None else [f"seed={options.seed}"]
    settings = read_experiment(options.experiment, [*options.set, *seed])
    output = options.output
    if output is None:
        name = f"{settings.method}-{settings.seed}.checkpoint.safetensors"
        output = Path("build/train") / Path(options.experiment).stem / name
    output_file(output)
    state = output.with_name(f"{output.name}.state")
    extra = simulated(settings.dataset, settings.simulated)
    trainer = Trainer(settings, load(settings.dataset, "train"), extra, state)
    checkpoint = trainer.run()
    trainer.team.leave()
    if not trainer.team.leads:
        return 0
    # Training took long: it is not to be lost should measuring fail.
    checkpoint.save(output)
    accuracies = trainer.measure(checkpoint, load(settings.dataset, "test"))
    checkpoint.with_accuracies(**accuracies).save(output)
    state.unlink(missing_ok=True)
    for name, value in accuracies.items():
        print(f"{name}: {value:.4f}")
    print(f"wrote {output}")
    return 0
