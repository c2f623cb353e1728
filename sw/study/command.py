"""Study of a data set: trains SDT, NMT and MTT over several seeds and compares them.

Runs that are there already are not trained again; a study that was killed goes on.
"""

import argparse
from pathlib import Path

from tickless.errors import InputError
from tickless.sw.study.outcome import finished, outcome, pretrain, pretrained
from tickless.sw.study.report import figures, text, write_report
from tickless.sw.study.runs import JOBS, side_by_side
from tickless.sw.study.variants import variants
from tickless.sw.training.experiment import add_experiment, read_experiment

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument("--quick", action="store_true", help="train on a fraction of the samples")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant (3)")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"runs side by side ({JOBS})")
    parser.add_argument("--output", type=Path, help="folder; build/study/EXPERIMENT[-quick]")


def main(options: argparse.Namespace) -> int:
    """Train what is not there yet; table and report of all."""
    settings = read_experiment(options.experiment, options.set)
    if options.seeds < 1:
        raise InputError(f"seeds = {options.seeds}: expected at least 1")
    name = Path(options.experiment).stem + ("-quick" if options.quick else "")
    folder = options.output or Path("build/study") / name
    folder.mkdir(parents=True, exist_ok=True)
    compared = variants(settings, options.quick)
    seeds = range(settings.seed, settings.seed + options.seeds)
    runs = [(variant, seed, folder) for seed in seeds for variant in compared]
    begun = {pretrained(*run): run for run in runs if not finished(*run)}
    side_by_side(pretrain, begun.values(), options.jobs, "pre-training")
    outcomes = side_by_side(outcome, runs, options.jobs, "runs")
    rows = figures(outcomes, {item.name: item.settings.weight_bits for item in compared})
    write_report(folder / "report.html", settings.dataset, options.quick, outcomes, rows)
    aside = outcomes[0].samples
    print(f"{settings.dataset}: {options.seeds} seeds, {aside} recordings kept aside for each")
    print(text(rows))
    print(f"\n{folder / 'report.html'}")
    return 0
