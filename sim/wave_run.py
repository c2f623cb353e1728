"""Run of one sample with waveforms."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sim.experiment import Experiment
from tickless.sim.packets import pack_sample
from tickless.sim.samples import Sample
from tickless.sim.shard import ShardOutcome, run_shard
from tickless.sim.verilator import has_fst
from tickless.sim.waves import Moment, Waves, layer_scopes, parse_moment, save_file
from tickless.sw.integer.network import Network

__all__ = ["WaveRequest", "run_with_waves", "wave_request"]


@dataclass(frozen=True)
class WaveRequest:
    """Which waveforms of a sample are wanted.

    Members
    -------
    layers : tuple of str
        Layers whose cores and links are shown; all without any.
    moment : Moment or None
        What happens in the middle of the clocks that are shown; None for all clocks.
    cycles : int
        Clocks before and behind it.
    """

    layers: tuple[str, ...]
    moment: Moment | None
    cycles: int


def wave_request(options: argparse.Namespace, network: Network) -> WaveRequest | None:
    """Request of the options of `sim.command.add_options`; None without one.

    Raises
    ------
    InputError
        If they are impossible for the network.
    """
    if options.waves is None:
        for name in ("waves_layer", "waves_around"):
            if getattr(options, name):
                raise InputError(f"{name.replace('_', '-')}: expected --waves, too")
        return None
    names = [layer.name for layer in network.layers]
    for layer in options.waves_layer:
        if layer not in names:
            raise InputError(f"waves-layer = {layer!r}: expected one of {', '.join(names)}")
    if options.waves_cycles < 1:
        raise InputError(f"waves-cycles = {options.waves_cycles}: expected at least 1")
    text = options.waves_around
    moment = None if text is None else parse_moment(text, names[:-1])
    return WaveRequest(tuple(options.waves_layer), moment, options.waves_cycles)


def run_with_waves(
    experiment: Experiment, sample: Sample, folder: Path, request: WaveRequest
) -> ShardOutcome:
    """Run a sample as a shard, and write ``waves.fst`` or ``waves.vcd`` and ``waves.gtkw``.

    Clocks around an event are known when the sample has run: it runs once more then.
    """
    simulation = experiment.simulation()
    file = folder / f"waves.{'fst' if has_fst() else 'vcd'}"
    waves = Waves(file, layer_scopes(simulation.bench, request.layers))
    (folder / "waves.gtkw").write_text(save_file(simulation.bench, waves, request.layers))
    if request.moment is None:
        return run_shard(experiment, [sample], folder, waves=waves)
    outcome = run_shard(experiment, [sample], folder)
    first, last = request.moment.clocks(outcome.drawn[0], request.cycles)
    link = experiment.config.cores[0].input_link
    with stage(f"writing the waveforms of clocks {first:,} to {last:,}"):
        simulation.run(
            [[pack_sample(link, sample.read().addresses)]],
            [experiment.loads],
            stalls=experiment.stalls,
            seed=experiment.seed + sample.index,
            waves=Waves(file, waves.scopes, first, last),
        )
    return outcome
