"""Stream recordings through the generated RTL and compare with the golden model."""

import argparse
import json
import sys
from pathlib import Path

from tickless.errors import InputError
from tickless.gen.activity import measure_activity
from tickless.gen.options import MEASURED_SAMPLES, add_design_options, design_request
from tickless.gen.plan import plan
from tickless.sim.experiment import Experiment
from tickless.sim.result import Result
from tickless.sim.samples import choose_samples
from tickless.sim.traffic import MeshResult
from tickless.sw.data.catalog import DATASETS
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["add_options", "main"]


def main(options: argparse.Namespace) -> int:
    """Returns 0 if the RTL equals the golden model, 1 if not."""
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    path = options.network or PRETRAINED / f"{options.dataset}.safetensors"
    output = options.output or Path("build/sim") / options.dataset
    network = Network.load(path)
    samples = choose_samples(options.dataset, network, options.samples, options.seed)
    request = design_request(options)
    activity = None
    if request.needs_activity:
        measured = [sample.addresses for sample in samples[:MEASURED_SAMPLES]]
        activity = measure_activity(network, measured)
    config = plan(network, request, activity)
    built = None
    if options.load is not None:
        path, built, network = options.load, network, Network.load(options.load)
    experiment = Experiment(network, path, config, options.dataset, samples, options.seed, built)
    result, difference = experiment.run(output, options.stalls, options.waves)
    (output / "result.json").write_text(json.dumps(result.as_json(), indent=2) + "\n")
    print(table(result))
    print(f"\n{output / 'result.json'}\n{output / 'report.html'}")
    if difference is not None:
        print(f"\nThe RTL differs from the golden model: {difference}", file=sys.stderr)
        return 1
    return 0


def table(result: Result) -> str:
    """Result as text for a terminal."""

    def share(value: float | None) -> str:
        return "      -" if value is None else f"{100 * value:6.2f}%"

    accuracy, agreement = result.accuracy, result.agreement
    lines = [
        f"{result.dataset}: {result.samples} samples ({result.test_samples} of the test set), "
        f"{result.events_in:,.0f} events each, stalls {'on' if result.stalls else 'off'}",
        "",
        "agreement with the golden model   "
        + "   ".join(f"{name} {share(value)}" for name, value in agreement.items()),
        "accuracy   " + "   ".join(f"{name} {share(value)}" for name, value in accuracy.items()),
        "",
        f"{'core':10}{'lanes x taps':>14}{'events':>10}{'packets':>10}{'busy':>10}{'stalled':>10}"
        f"{'SOPs':>12}{'SOPs/cycle':>12}",
    ]
    lines += [
        f"{core.name:10}{f'{core.lanes} x {core.taps}':>14}{core.events:10,.0f}"
        f"{core.packets:10,.0f}{core.cycles_busy:10,.0f}{core.cycles_stalled:10,.0f}"
        f"{core.sops:12,.0f}{core.sops_per_cycle:12.1f}"
        for core in result.cores
    ]
    if result.mesh is not None:
        lines += ["", *_plan(result.mesh)]
    if result.early_exit is not None:
        early = result.early_exit
        lines.append(
            f"early exit at a lead of {early.margin:,}: {100 * early.decided:.1f}% of the samples "
            f"decided; SOPs {early.sops_needed:,.0f} needed, {early.sops_executed:,.0f} executed, "
            f"{early.sops_whole:,.0f} whole; {early.events_taken:,.0f} events taken"
        )
    if any(result.loads.values()):
        counted = ", ".join(f"{count:,} {name}" for name, count in result.loads.items())
        lines.append(f"chunks of 32 bits loaded over the mesh: {counted}")
    if result.method == "random":
        lines.append("the network is not trained: its weights are random, its classes mean nothing")
    difference = result.spike_difference
    last = "the last event" if result.early_exit is None else "END"
    lines += [
        "",
        f"{result.cycles_per_sample:,.0f} cycles a sample, "
        f"{result.cycles_over_limit:.3f} times the limit of the links "
        f"({result.limit_cycles_per_sample:,.0f})",
        f"{result.latency_cycles:,.0f} cycles from {last} to the class "
        f"(at most {result.latency_cycles_max:,})",
        f"simulated at {result.simulated_cycles_per_second:,.0f} cycles/s, "
        f"{result.samples_per_second:.1f} samples/s",
    ]
    if difference is not None:
        lines.append(f"spike difference to the float network {100 * difference:.2f}%")
    return "\n".join(lines)


def _plan(mesh: MeshResult) -> list[str]:
    """Cores on their tiles, a line a row."""
    cores = {(tile.row, tile.column): tile.core for tile in mesh.tiles}
    rows = [
        [cores.get((row, column), "-") for column in range(mesh.columns)]
        for row in range(1, mesh.rows + 1)
    ]
    width = max(len(name) for names in rows for name in names) + 2
    lines = ["".join(f"{name:{width}}" for name in names).rstrip() for names in rows]
    return [
        f"mesh {mesh.rows}x{mesh.columns}, the host above the first tile; "
        f"{mesh.busiest_port_tokens:,.0f} packets over the busiest port",
        *(f"  {line}" for line in lines),
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--dataset", choices=DATASETS, default="saccades")
    parser.add_argument(
        "--samples",
        type=int,
        help="recordings, of the test set as far as it goes; by default 20 of it",
    )
    parser.add_argument("--seed", type=int, default=1, help="chooses the recordings and the stalls")
    parser.add_argument("--network", type=Path, help="network file; the pre-trained one by default")
    parser.add_argument("--stalls", action="store_true", help="stall every link at random")
    parser.add_argument(
        "--waves", action="store_true", help="write the waveforms; take few samples"
    )
    parser.add_argument("--output", type=Path, help="folder; build/sim/<dataset> by default")
    add_design_options(parser)
