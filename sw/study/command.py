"""Study of a data set: trains SDT, NMT and MTT over several seeds and compares them.

Runs that are there already are not trained again; a study that was killed goes on.
"""

import argparse
from pathlib import Path

from tickless.errors import InputError
from tickless.sw.outputs import output_folder
from tickless.sw.study.variants import quick_changes, variants
from tickless.sw.training.experiment import add_experiment, read_experiment, setting_names
from tickless.sw.workers import add_workers, run_tasks

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="train fewer variants on a fraction of the samples; --set comes before that",
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant (3)")
    parser.add_argument("--output", type=Path, help="folder; build/study/EXPERIMENT[-quick]")
    add_workers(parser)


def main(options: argparse.Namespace) -> int:
    """Train what is not there yet; table and report of all."""
    from tickless.sw.study.budget import text as budget
    from tickless.sw.study.budget import timed
    from tickless.sw.study.outcome import finished, outcome, pretrain, pretrained
    from tickless.sw.study.report import figures, text, write_report

    if "method" in setting_names(options.set):
        raise InputError("--set method=...: expected none: a study compares all methods")
    settings = read_experiment(options.experiment, options.set)
    if options.quick:
        fewer = quick_changes(read_experiment(options.experiment))
        settings = read_experiment(options.experiment, [*fewer, *options.set])
    if options.seeds < 1:
        raise InputError(f"seeds = {options.seeds}: expected at least 1")
    name = Path(options.experiment).stem + ("-quick" if options.quick else "")
    folder = output_folder(options.output or Path("build/study") / name).resolve()
    compared = variants(settings, options.quick)
    seeds = range(settings.seed, settings.seed + options.seeds)
    runs = [(variant, seed, folder) for seed in seeds for variant in compared]
    if not any(finished(*run) for run in runs):
        timing = timed(settings)
        print(budget(settings, compared, options.seeds, options.jobs, timing), flush=True)
    begun = {pretrained(*run): run for run in runs if not finished(*run)}
    where = {"jobs": options.jobs, "cluster": options.cluster}
    for _ in run_tasks(pretrain, [*begun.values()], title="pre-training", unit="runs", **where):
        pass
    outcomes = list(run_tasks(outcome, runs, title="study", unit="runs", **where))
    rows = figures(outcomes, {item.name: item.settings.weight_bits for item in compared})
    write_report(folder / "report.html", settings.dataset, options.quick, outcomes, rows)
    aside = outcomes[0].samples
    print(f"{settings.dataset}: {options.seeds} seeds, {aside} recordings kept aside for each")
    print(text(rows))
    print(f"\n{(options.output or Path('build/study') / name) / 'report.html'}")
    return 0
