"""Coefficients of `gen.fpga.estimate`: builds single parts, counts their logic, solves for them.

Writes ``gen/fpga/estimates.json`` anew; some minutes for each family.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue]
from scipy.optimize import nnls
from tqdm import tqdm

from tickless.gen.configure import chain_config
from tickless.gen.fold import Folding, fold_fully
from tickless.gen.fpga import tools
from tickless.gen.fpga.boards import BOARDS, CELLS, Board
from tickless.gen.fpga.estimate import COEFFICIENTS, Part, core_part, host_part, map_memories
from tickless.gen.fpga.synthesis import synthesis_script
from tickless.gen.fpga.timing import resources
from tickless.hw.chain import Chain
from tickless.hw.core.core import Core
from tickless.hw.core.readout import Readout
from tickless.hw.host.system import HostConfig, System
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["add_options", "main", "solve"]

FOLDER = Path("build/calibrate")

FAMILIES: Mapping[str, Board] = {"ecp5": BOARDS["ulx3s-85f"], "iCE40": BOARDS["icebreaker"]}
"""Board for which each family's parts are built."""

# Network, layer, lanes, taps, whether the membranes lie in single-port memory.
CORES: dict[str, Sequence[tuple[str, int, int, int, bool]]] = {
    "ecp5": (
        ("nmnist", 0, 2, 1, False),
        ("nmnist", 0, 12, 2, False),
        ("nmnist", 0, 12, 4, False),
        ("nmnist", 1, 4, 4, False),
        ("nmnist", 1, 24, 1, False),
        ("nmnist", 2, 8, 1, False),
        ("nmnist", 2, 16, 2, False),
        ("nmnist-4bit", 0, 12, 4, False),
        ("nmnist-4bit", 1, 8, 2, False),
        ("nmnist-4bit", 2, 32, 2, False),
        ("nmnist-small", 0, 8, 4, False),
        ("nmnist-small", 1, 16, 4, False),
    ),
    "iCE40": (
        ("nmnist", 0, 1, 1, False),
        ("nmnist", 1, 2, 1, True),
        ("nmnist-4bit", 0, 1, 1, False),
        ("nmnist-4bit", 0, 2, 1, True),
        ("nmnist-4bit", 0, 4, 1, False),
        ("nmnist-4bit", 1, 2, 1, False),
        ("nmnist-4bit", 1, 3, 2, False),
        ("nmnist-4bit", 1, 4, 1, True),
        ("nmnist-4bit", 2, 2, 1, True),
        ("nmnist-4bit", 2, 2, 4, False),
        ("nmnist-small", 0, 2, 2, False),
        ("nmnist-small", 1, 1, 1, True),
    ),
}

# Network, lanes, margin of early exit.
READOUTS = (
    ("nmnist", 10, None),
    ("nmnist", 1, None),
    ("nmnist-4bit", 5, None),
    ("nmnist-4bit", 1, None),
    ("nmnist", 10, 4800),
)

# Events of the stored sample.
HOSTS = (0, 8192)

HOST_DESIGN = "nmnist-small"
"""Network whose smallest design stands behind the host links."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--family", choices=FAMILIES, action="append", help="by default all")


def main(options: argparse.Namespace) -> int:
    """Measure the families and write their coefficients."""
    coefficients = json.loads(COEFFICIENTS.read_text()) if COEFFICIENTS.exists() else {}
    for family in options.family or FAMILIES:
        board = FAMILIES[family]
        counted = [
            (part, sum(sign * _logic_cells(built, board) for sign, built in components))
            for part, components in tqdm(_parts(board), family)
        ]
        coefficients[family], lines = solve(counted, family)
        print(*lines, sep="\n")
    COEFFICIENTS.write_text(json.dumps(coefficients, indent=2) + "\n")
    return 0


def solve(
    counted: Sequence[tuple[Part, int]], family: str
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Coefficients of at least 0 with the least relative squares, and lines that tell the errors.

    Parameters
    ----------
    counted : sequence of tuple
        Parts and their logic cells.
    """
    coefficients, lines = {}, []
    for kind in dict.fromkeys(part.kind for part, _ in counted):
        mine = [
            (map_memories(part, family).features, cells)
            for part, cells in counted
            if part.kind == kind
        ]
        names = list(mine[0][0])
        cells = np.array([count for _, count in mine], dtype=float)
        table = np.array([[features[name] for name in names] for features, _ in mine])
        solution, _ = nnls(table / cells[:, None], np.ones(len(cells)))
        coefficients[kind] = dict(zip(names, solution.round(5).tolist(), strict=True))
        lines += [
            f"{family} {kind:8}{count:8,.0f} counted{estimated:8,.0f} estimated"
            f"{100 * (estimated / count - 1):+7.1f} %"
            for count, estimated in zip(cells, table @ solution, strict=True)
        ]
    return coefficients, lines


@cache
def _network(name: str) -> Network:
    return Network.load(PRETRAINED / f"{name}.safetensors")


def _parts(board: Board) -> list[tuple[Part, list[tuple[int, Any]]]]:
    """Parts, and the components whose logic cells add up, with their signs, to a part's."""
    parts: list[tuple[Part, list[tuple[int, Any]]]] = []
    for name, layer, lanes, taps, single_port in CORES[board.family]:
        network = _network(name)
        foldings = list(fold_fully(network))
        foldings[layer] = Folding(lanes, taps, single_port)
        core = chain_config(network, foldings, **board.core_options).cores[layer]
        parts.append((core_part(core), [(1, Core(core))]))
    for name, lanes, margin in READOUTS:
        network = _network(name)
        foldings = [*fold_fully(network)[:-1], Folding(lanes, 1)]
        core = chain_config(network, foldings, margin, **board.core_options).cores[-1]
        parts.append((core_part(core), [(1, Readout(core))]))
    small = _network(HOST_DESIGN)
    config = chain_config(small, [Folding(1, 1)] * len(small.layers), **board.core_options)
    for stored_events in HOSTS:
        host = HostConfig(board.clock_hz, stored_events=stored_events)
        components = [(1, System(Chain(config), host)), (-1, Chain(config))]
        parts.append((host_part(config.cores, host), components))
    return parts


def _logic_cells(component: Any, board: Board) -> int:
    """Logic cells of a component by itself: synthesized and packed, not placed."""
    family = board.family
    folder = FOLDER / family
    folder.mkdir(parents=True, exist_ok=True)
    text = rtlil.convert(component, name="part", platform=board.platform(), emit_src=False)
    (folder / "part.il").write_text(text)
    script = f"read_rtlil part.il; {synthesis_script(family, 'part')}; write_json part.json"
    tools.run(folder, "yosys", "-q", "-p", script)
    device = {
        "ecp5": ("nextpnr-ecp5", "--85k", "--package", "CABGA381", "--out-of-context"),
        "iCE40": ("nextpnr-ice40", "--up5k", "--package", "sg48"),
    }[family]
    tools.run(folder, *device, "--json", "part.json", "--pack-only", "--log", "pack.log")
    cell = CELLS[family]["logic_cells"]
    found = resources((folder / "pack.log").read_text())
    if cell not in found:
        raise tools.ToolError(f"no {cell} in {folder / 'pack.log'}")
    used, _ = found[cell]
    return used
