"""Coefficients of `gen.fpga.estimate`: builds single parts, counts their logic, solves for them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from tickless.gen.configure import chain_config, core_contents
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.fpga import tools, watch
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.estimate import Part, core_part, host_part, map_memories
from tickless.gen.fpga.family import Family
from tickless.gen.fpga.link import UdpLink, UsbLink
from tickless.gen.fpga.synthesis import synthesize
from tickless.gen.fpga.timing import resources
from tickless.hw.board.rgmii import RgmiiDelays
from tickless.hw.chain import Chain
from tickless.hw.core.core import Core
from tickless.hw.core.readout import Readout
from tickless.hw.host.system import HostConfig, System
from tickless.progress import stage
from tickless.run_folder import run_folder
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["LARGEST", "logic_cells", "measure", "solve"]

FOLDER = Path("build/coefficients")

LARGEST: Mapping[str, Board] = {
    board.family.name: board
    for board in sorted(BOARDS.values(), key=lambda board: board.logic_cells)
}
"""Largest board of each family, for which its parts are built."""

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


def measure(board: Board) -> None:
    """Write the coefficients of a board's family anew, and print how far its estimates are off."""
    counted = []
    for index, (part, components) in enumerate(parts := _parts(board)):
        with stage(f"{board.family.name}: {part.kind}, part {index + 1} of {len(parts)}"):
            cells = sum(sign * logic_cells(built, board) for sign, built in components)
        counted.append((part, cells))
    coefficients, lines = solve(counted, board.family)
    print(*lines, sep="\n")
    text = json.dumps(coefficients, indent=2) + "\n"
    board.family.coefficients_file.write_text(text)


def solve(
    counted: Sequence[tuple[Part, int]], family: Family
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
            f"{family.name} {kind:8}{count:8,.0f} counted{estimated:8,.0f} estimated"
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
    for name, layer, folding in board.family.measured_cores:
        network = _network(name)
        foldings = list(fold_fully(network))
        foldings[layer] = folding
        config = chain_config(network, foldings, **board.core_options)
        core, contents = config.cores[layer], core_contents(network, config.layers)[layer]
        parts.append((core_part(core), [(1, Core(core, contents))]))
    for name, lanes, margin in READOUTS:
        network = _network(name)
        foldings = [*fold_fully(network)[:-1], Folding(lanes, 1)]
        config = chain_config(network, foldings, margin, **board.core_options)
        core, contents = config.cores[-1], core_contents(network, config.layers)[-1]
        parts.append((core_part(core), [(1, Readout(core, contents))]))
    small = _network(HOST_DESIGN)
    config = chain_config(small, [Folding(1, 1)] * len(small.layers), **board.core_options)
    contents = core_contents(small, config.layers)
    for stored_events in HOSTS:
        host = HostConfig(board.clock_hz, stored_events=stored_events)
        components = [(1, System(Chain(config, contents), host)), (-1, Chain(config, contents))]
        parts.append((host_part(config.cores, host), components))
    boards = [other for other in BOARDS.values() if other.family is board.family]
    links: list[UdpLink | UsbLink] = []
    if any(other.rgmii for other in boards):
        links.append(UdpLink(RgmiiDelays()))
    if any(other.ulpi for other in boards):
        links.append(UsbLink())
    for link in links:
        host = link.host_config(board.clock_hz, 0, 0)
        serial = replace(host, baud=HostConfig(board.clock_hz).baud)
        components = [
            (1, link.system(Chain(config, contents), host)),
            (-1, System(Chain(config, contents), serial)),
        ]
        parts += [(part, components) for part in link.parts]
    return parts


def logic_cells(component: Any, board: Board) -> int:
    """Logic cells of a component by itself: synthesized and packed, not placed."""
    family = board.family
    cell = family.cells["logic_cells"]
    with run_folder(FOLDER, family.name) as folder:
        synthesize(component, board, folder, "part", *family.part_netlist, "write_json part.json")
        netlist = ("--json", "part.json", "--pack-only", "--log", "pack.log")
        watch.run(folder, [*family.part_command, *netlist], False)
        found = resources((folder / "pack.log").read_text())
        if cell not in found:
            raise tools.ToolError(f"no {cell} in {folder / 'pack.log'}")
    used, _ = found[cell]
    return used
