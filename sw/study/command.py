"""Study of a data set: trains SDT, NMT and MTT over several seeds and compares them, beside the
same network without spikes.

Runs that are there already are not trained again; a study that was killed goes on.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from tickless.errors import InputError
from tickless.sw.data.losses import dropped_a_sample, warn_of_first
from tickless.sw.data.options import given_options
from tickless.sw.outputs import output_folder
from tickless.sw.study.variants import Variant, add_only, ann, chosen, quick_changes, variants
from tickless.sw.training.experiment import add_experiment, read_experiment, setting_names
from tickless.sw.training.settings import Settings
from tickless.sw.workers import add_workers, run_tasks

__all__ = ["Study", "add_options", "compared_in", "main"]

MOST_SEEDS = 100
"""Runs of each variant, at most."""


@dataclass(frozen=True)
class Study:
    """What the options of a study ask for.

    Members
    -------
    settings : Settings
        Those that the variants change.
    compared : list of Variant
        The variants.
    baseline : Variant
        What they are measured by: see `sw.study.variants.ann`.
    seeds : range
        Runs of each variant.
    folder : Path
        Where the runs are kept.
    """

    settings: Settings
    compared: list[Variant]
    baseline: Variant
    seeds: range
    folder: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="train fewer variants on a fraction of the samples; --set comes before that",
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant (3)")
    add_only(parser, 'SDT "MTT, no refit"')
    parser.add_argument("--output", type=Path, help="folder; build/study/EXPERIMENT[-quick]")
    add_workers(parser)


def compared_in(options: argparse.Namespace) -> Study:
    """What a study with these options compares; its folder is there."""
    if "method" in setting_names(options.set):
        raise InputError("--set method=...: expected none: a study compares all methods")
    fitting = given_options(options)
    settings = read_experiment(options.experiment, options.set, fitting)
    if options.quick:
        fewer = quick_changes(read_experiment(options.experiment))
        settings = read_experiment(options.experiment, [*fewer, *options.set], fitting)
    if not 1 <= options.seeds <= MOST_SEEDS:
        raise InputError(f"seeds = {options.seeds}: expected 1 to {MOST_SEEDS}")
    name = Path(options.experiment).stem + ("-quick" if options.quick else "")
    folder = output_folder(options.output or Path("build/study") / name)
    seeds = range(settings.seed, settings.seed + options.seeds)
    compared = chosen(variants(settings, options.quick), options.only)
    return Study(settings, compared, ann(settings), seeds, folder)


def main(options: argparse.Namespace) -> int:
    """Train what is not there yet; table and report of all."""
    from tickless.sw.study.beginnings import to_train, train
    from tickless.sw.study.budget import text as budget
    from tickless.sw.study.budget import timed
    from tickless.sw.study.figures import figures, text, without_spikes
    from tickless.sw.study.gain import gains
    from tickless.sw.study.outcome import finished, outcome
    from tickless.sw.study.report import write_report

    study = compared_in(options)
    settings, folder = study.settings, study.folder.resolve()
    compared = [*study.compared, study.baseline]
    runs = [(variant, seed, folder) for seed in study.seeds for variant in compared]
    if not any(finished(*run) for run in runs):
        timing = timed(settings)
        print(budget(settings, compared, options.seeds, options.jobs, timing), flush=True)
    where = {"jobs": options.jobs, "cluster": options.cluster}
    left = [replace(run[0].settings, seed=run[1]) for run in runs if not finished(*run)]
    for phase, begun in to_train(left):
        tasks = [(each, folder) for each in begun]
        for _ in run_tasks(train, tasks, title=phase, unit="runs", **where):
            pass
    made = list(run_tasks(outcome, runs, title="study", unit="runs", **where))
    outcomes = [each for each in made if each.variant != study.baseline.name]
    baseline = without_spikes([each for each in made if each.variant == study.baseline.name])
    rows = figures(outcomes, {item.name: item.settings.weight_bits for item in compared})
    dropped = dropped_a_sample(sum(each.dropped for each in outcomes) / len(outcomes))
    page = folder / "report.html"
    gained = gains(rows)
    write_report(page, settings.dataset, options.quick, outcomes, rows, baseline, dropped, gained)
    aside = outcomes[0].samples
    print(f"{settings.dataset}: {options.seeds} seeds, {aside} recordings kept aside for each")
    print(dropped)
    print(text(rows))
    print(*gained, baseline, sep="\n")
    warn_of_first(each.dropped_warning for each in outcomes)
    print(f"\n{study.folder / 'report.html'}")
    return 0
