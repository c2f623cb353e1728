"""Train a spiking network and write a checkpoint.

With --from the network of a checkpoint is trained further, an imported one for example, instead of
one with random weights: it keeps its architecture and neurons, is quantized, too, and its figures
before and after are printed and written beside it.

A run that was killed goes on from its last epoch when it is started again. ``torchrun
--nproc-per-node N -m tickless train ...`` shares the work among N processes, each with a GPU or a
core of its own.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.sw.data.catalog import Recordings, dataset_name, load, simulated
from tickless.sw.data.losses import dropped_a_sample
from tickless.sw.data.options import given_options
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.outputs import output_file
from tickless.sw.training.experiment import add_experiment, read_experiment

if TYPE_CHECKING:
    from tickless.sw.training.models import SpikingNetwork
    from tickless.sw.training.settings import Settings

__all__ = ["add_options", "main"]

CHECKPOINT, NETWORK, REPORT = ".checkpoint.safetensors", ".safetensors", ".report.json"
"""Ends of the names of what a run writes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser, optional=True)
    parser.add_argument(
        "--from",
        dest="start",
        type=Path,
        metavar="CHECKPOINT",
        help="train its network further; without EXPERIMENT by the settings of fine-tune.toml",
    )
    parser.add_argument(
        "--dataset", type=dataset_name, metavar="NAME", help="the same as --set dataset=..."
    )
    parser.add_argument("--seed", type=int, help="the same as --set seed=...")
    parser.add_argument(
        "--output", type=Path, help="checkpoint; build/train/EXPERIMENT/METHOD-SEED.* if not given"
    )


def main(options: argparse.Namespace) -> int:
    """Train, keep the state beside the output meanwhile, and measure."""
    changes = list(options.set)
    if options.dataset is not None:
        changes.append(f"dataset={options.dataset}")
    if options.seed is not None:
        changes.append(f"seed={options.seed}")
    if options.start is not None:
        return _fine_tune(options, changes)
    if options.experiment is None:
        raise InputError("expected an EXPERIMENT, or --from CHECKPOINT")
    settings = read_experiment(options.experiment, changes, given_options(options))
    output = options.output or _default(Path(options.experiment).stem, settings)
    output_file(output)
    from tickless.sw.training.batches import training_recordings
    from tickless.sw.training.trainer import Trainer

    state = _state(output)
    trainer = Trainer(settings, training_recordings(settings), _simulated(settings), state)
    checkpoint = trainer.run()
    trainer.team.leave()
    if not trainer.team.leads:
        return 0
    # Training took long: it is not to be lost should measuring fail.
    checkpoint.save(output)
    accuracies, dropped = trainer.measure(checkpoint, load(settings.dataset, "test"))
    checkpoint.with_accuracies(**accuracies).save(output)
    state.unlink(missing_ok=True)
    for name, value in accuracies.items():
        print(f"{name}: {value:.4f}")
    print(f"{dropped_a_sample(dropped)}")
    print(f"wrote {output}")
    return 0


def _fine_tune(options: argparse.Namespace, changes: list[str]) -> int:
    """Train a given network, quantize it, and compare it with what it was."""
    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.judge.before_after import figures, table
    from tickless.sw.training.batches import training_recordings
    from tickless.sw.training.given import given_settings, trainable
    from tickless.sw.training.trainer import Trainer
    from tickless.sw.workers import JOBS

    start = Checkpoint.load(options.start)
    settings = given_settings(start, options.experiment, changes, given_options(options))
    output = options.output or _default(options.start.name.removesuffix(CHECKPOINT), settings)
    if not output.name.endswith(CHECKPOINT):
        raise InputError(f"{output}: expected a name that ends with {CHECKPOINT}")
    output_file(output, options.start)
    name = output.name.removesuffix(CHECKPOINT)
    network_file, report_file = (output.with_name(f"{name}{end}") for end in (NETWORK, REPORT))
    fused = trainable(start, settings)
    if (fused.layer_neurons, fused.readout) == (start.model.layer_neurons, start.model.readout):
        fused = start.model
    # What cannot be quantized is refused before it is trained.
    first = _rounded(fused, settings)
    recorded, extra = training_recordings(settings), _simulated(settings)
    state = _state(output)
    trainer = Trainer(settings, recorded, extra, state, start)
    checkpoint = trainer.run()
    trainer.team.leave()
    if not trainer.team.leads:
        return 0
    checkpoint.save(output)
    model, test = checkpoint.model, load(settings.dataset, "test")
    network = _rounded(model, settings)
    before = figures(start.model, fused, first, test, start.steps, jobs=JOBS)
    after = figures(model, model, network, test, start.steps, jobs=JOBS)
    checkpoint = checkpoint.with_accuracies(**after.shares)
    checkpoint.save(output)
    origin = Provenance(settings.dataset, settings.method, settings.seed, after.shares)
    replace(network, provenance=origin).save(network_file)
    report = {
        "from": str(options.start),
        "dataset": settings.dataset,
        "samples": len(test),
        "before": asdict(before),
        "after": asdict(after),
    }
    report_file.write_text(json.dumps(report, indent=2) + "\n")
    state.unlink(missing_ok=True)
    print(f"{options.start.name}: {settings.dataset}, {len(test)} test samples")
    print(table({"before": before, "after": after}))
    after.accuracies.integer.warn()
    for file in (output, network_file, report_file):
        print(f"wrote {file}")
    return 0


def _rounded(model: "SpikingNetwork", settings: "Settings") -> Network:
    """Integer network by the rule that a model was trained with, or that of the settings."""
    from tickless.sw.quantization.quantize import quantize
    from tickless.sw.quantization.rule import Quantization

    rule = model.quantization or Quantization(settings.weight_bits, settings.resolution)
    return quantize(model, rule.weight_bits, rule.resolution, clip=rule.clip)


def _default(name: str, settings: "Settings") -> Path:
    return Path("build/train") / name / f"{settings.method}-{settings.seed}{CHECKPOINT}"


def _state(output: Path) -> Path:
    return output.with_name(f"{output.name}.state")


def _simulated(settings: "Settings") -> Recordings:
    return simulated(settings.dataset, settings.simulated, varied=settings.varied)
