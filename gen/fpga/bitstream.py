"""Generator: from a network file to the bitstream of a board, with its figures."""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from tickless.errors import InputError
from tickless.gen.configure import chain_config
from tickless.gen.fpga.boards import BOARDS, Board
from tickless.gen.fpga.estimate import core_part, estimate, host_part
from tickless.gen.fpga.fit import fit_to_board
from tickless.gen.fpga.synthesis import build
from tickless.gen.options import add_folding_options, chosen_foldings, measured_samples
from tickless.gen.performance import Activity, measure_activity, predict
from tickless.hw.board.top import choose_pll
from tickless.hw.chain import Chain, ChainConfig
from tickless.hw.core.config import CoreConfig
from tickless.hw.host.messages import network_number
from tickless.hw.host.system import HostConfig, System
from tickless.sw.integer.network import Network

__all__ = [
    "add_board_options",
    "add_options",
    "board_design",
    "build_folder",
    "host_config",
    "main",
    "table",
]

BUILD_VERSION = 1
"""Version of the form of ``build.json``."""


def main(options: argparse.Namespace) -> int:
    """Build the bitstream and print its figures."""
    board, folder = BOARDS[options.board], build_folder(options)
    network = Network.load(options.network)
    samples = measured_samples(network)
    activity = measure_activity(network, samples)
    asked_hz = board.clock_hz
    if options.clock_mhz is not None:
        asked_hz = _clock_hz(options.clock_mhz)
    pll = choose_pll(board.platform(), asked_hz)
    host = host_config(board, network, pll.clock_hz)
    config = board_design(board, network, activity, samples, options)
    system = System(Chain(config), host)
    built = build(board, system, pll, folder, options.seed, options.system_tools)
    figures = {
        "build_version": BUILD_VERSION,
        "tickless_version": metadata.version("tickless"),
        "network": _network_figures(options.network, network),
        "board": {"name": board.name, "title": board.title, "device": board.device},
        "tools": built.versions,
        "seed": built.seed,
        "bitstream": {
            "file": built.bitstream.name,
            "sha256": hashlib.sha256(built.bitstream.read_bytes()).hexdigest(),
        },
        "resources": built.resources,
        "estimated": estimate(
            [*(core_part(core) for core in config.cores), host_part(config.cores, host)],
            board.family,
        )._asdict(),
        "clock": {
            "asked_hz": asked_hz,
            "built_for_hz": pll.clock_hz,
            "reached_hz": built.reached_hz,
            "critical_path": None if built.path is None else asdict(built.path),
        },
        "host_link": {"baud": host.baud, "stored_events": host.stored_events},
        "layers": [_layer_figures(core) for core in config.cores],
        "performance": asdict(predict(network, config, activity, pll.clock_hz, host.baud)),
        "activity_per_sample": _activity_figures(network, config, activity),
    }
    (folder / "build.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(table(figures))
    print(f"\n{folder / 'build.json'}\n{built.bitstream}")
    return 0


def table(figures: Mapping[str, Any]) -> str:
    """The main figures of ``build.json`` as text for a terminal."""
    clock, performance = figures["clock"], figures["performance"]
    lines = [f"{figures['board']['title']}: {figures['network']['file']}", ""]
    for name, count in figures["resources"].items():
        used, available = count["used"], count["available"]
        title = name.replace("_", " ")
        lines.append(f"{title:14}{used:10,} of {available:,} ({used / available:.0%})")
    lines += [
        f"{'clock':14}{clock['built_for_hz'] / 1e6:10.2f} MHz, {clock['reached_hz'] / 1e6:.2f} MHz "
        "reached",
        "",
        f"{'layer':14}{'lanes x taps':>14}{'cycles a sample':>18}",
    ]
    lines += [
        f"{layer['name']:14}{layer['lanes']:>10} x {layer['taps']}{cycles:18,.0f}"
        for layer, cycles in zip(
            figures["layers"], performance["cycles_per_sample_by_core"], strict=True
        )
    ]
    lines += [
        "",
        f"{performance['samples_per_second_by_cores']:,.0f} samples/s by the cores, "
        f"{performance['samples_per_second_by_host_link']:,.0f} by the host link at "
        f"{figures['host_link']['baud']:,} baud (both estimated)",
        f"{performance['latency_us_end_to_answer_idle']:,.1f} us from END to the answer, "
        f"{performance['latency_us_end_to_answer_with_host_link']:,.0f} us with the host link "
        "(estimated)",
        f"{performance['peak_sops_per_second'] / 1e9:,.2f} GSOP/s at most, "
        f"{performance['sustained_sops_per_second_by_cores'] / 1e9:,.2f} sustained by the cores",
    ]
    return "\n".join(lines)


def _network_figures(path: Path, network: Network) -> dict[str, Any]:
    return {
        "file": str(path),
        "hash": network.hash,
        "input_shape": network.input_shape,
        "classes": network.classes,
        "provenance": asdict(network.provenance),
    }


def _layer_figures(core: CoreConfig) -> dict[str, Any]:
    weights = {
        "memories": core.taps,
        "words": core.weight_depth,
        "word_bits": core.weight_word_bits,
    }
    membranes = None
    if not core.readout:
        membranes = {
            "memories": core.taps,
            "words": core.bank_depth,
            "word_bits": core.membrane_word_bits,
            "single_port": core.single_port,
        }
    return {
        "name": core.name,
        "lanes": core.lanes,
        "taps": core.taps,
        "clocks_per_event": core.clocks_per_event,
        "weights": weights,
        "membranes": membranes,
    }


def _activity_figures(network: Network, config: ChainConfig, activity: Activity) -> dict[str, Any]:
    """Means over samples; accesses in words of the memories of ``layers``."""
    words = [
        sops * core.blocks_per_event(core.edges[0]) * layer.geometry.groups / core.layer_channels
        for sops, core, layer in zip(activity.sops, config.cores, network.layers, strict=True)
    ]
    return {
        "measured_on_samples": activity.samples,
        "input_events": activity.input_events,
        "events_by_layer": activity.events,
        "spikes_by_layer": activity.spikes,
        "sops_by_layer": activity.sops,
        "sops": sum(activity.sops),
        "weight_word_reads_by_layer": words,
        "membrane_word_reads_by_layer": [*words[:-1], 0],
        "membrane_word_writes_by_layer": [*words[:-1], 0],
        "packet_hops_at_most": activity.input_events + sum(activity.spikes),
    }


def board_design(
    board: Board,
    network: Network,
    activity: Activity,
    samples: Sequence[np.ndarray],
    options: argparse.Namespace,
) -> ChainConfig:
    """Parameters of a network's cores on a board, in the folding that the options of
    `gen.options.add_folding_options` ask for; without any, in the fastest that fits.

    Parameters
    ----------
    activity : Activity
        Measured on ``samples``.
    samples : sequence of numpy.ndarray
        Event addresses ``[n, 3]``.

    Raises
    ------
    InputError
        If the options ask for something impossible, or nothing fits.
    """
    if options.fold or options.budget is not None:
        foldings = chosen_foldings(network, options, samples)
    else:
        foldings = fit_to_board(network, activity, board, options.margin).foldings
    return chain_config(network, foldings, options.margin, **board.core_options)


def host_config(board: Board, network: Network, clock_hz: int) -> HostConfig:
    """Host link at the highest of the board's rates that the clock gives.

    Raises
    ------
    InputError
        If it gives none of them.
    """
    for baud in board.bauds:
        with suppress(ValueError):
            return HostConfig(
                clock_hz=clock_hz,
                baud=baud,
                stored_events=board.stored_events,
                network=network_number(network.hash),
            )
    raise InputError(f"a clock of {clock_hz} Hz gives none of the rates {board.bauds}")


def add_board_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which build it is."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("--board", choices=BOARDS, required=True)
    parser.add_argument(
        "-o", "--output", type=Path, help="folder; build/bitstream/<board>-<network> by default"
    )


def build_folder(options: argparse.Namespace) -> Path:
    """Folder of the build that `add_board_options` say."""
    return options.output or Path("build/bitstream") / f"{options.board}-{options.network.stem}"


def _clock_hz(mhz: float) -> int:
    if not isfinite(mhz):
        raise InputError(f"--clock-mhz {mhz}: a clock is no infinity and no NaN")
    return round(mhz * 1e6)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_board_options(parser)
    parser.add_argument(
        "--clock-mhz",
        type=float,
        metavar="N",
        help="clock; the board's usual one by default",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="of place and route, the first of up to three that are tried until the clock is "
        "reached (1)",
    )
    parser.add_argument(
        "--system-tools",
        action="store_true",
        help="take the tools on PATH, not those of the Python packages",
    )
    add_folding_options(parser)
