"""A core a layer beside the pass engine: what the same network would take on a board's chip."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.gen.activity import measure_activity
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.fit import DoesNotFitError, fit_to_board
from tickless.hw.passes.shape import DP16KD_PORTS
from tickless.sw.integer.network import Network

__all__ = ["OnChip", "on_chip"]

BLOCK_RAM_BITS = max(width * words for width, words in DP16KD_PORTS.items())


@dataclass(frozen=True)
class OnChip:
    """A network's fastest design of a core a layer that fits a board, by estimate.

    Members
    -------
    board : str
        The board.
    refusal : str or None
        Why none fits; all else is then None.
    cycles_per_sample : float or None
        Clocks that the busiest core takes for a recording.
    block_rams : int or None
        Block RAMs of the whole design.
    logic_cells : float or None
        Its cells of logic.
    """

    board: str
    refusal: str | None = None
    cycles_per_sample: float | None = None
    block_rams: int | None = None
    logic_cells: float | None = None


def on_chip(network: Network, board: Board, recordings: Sequence[np.ndarray]) -> OnChip:
    """Cost of a core a layer.

    Parameters
    ----------
    recordings : sequence of numpy.ndarray
        Events of some recordings, from which the network's activity follows.
    """
    edges = [edge for layer in network.layers for edge in layer.edges]
    bits = sum(edge.weight.size * edge.weight_bits for edge in edges)
    room = board.block_rams * BLOCK_RAM_BITS
    if bits > room:
        refusal = f"its weights take {bits:,} bits, all block RAMs of {board.title} hold {room:,}"
        return OnChip(board.name, refusal)
    try:
        fit = fit_to_board(network, measure_activity(network, recordings), board)
    except DoesNotFitError as error:
        return OnChip(board.name, str(error))
    estimate = fit.estimate
    return OnChip(board.name, None, fit.cycles, estimate.block_rams, round(estimate.logic_cells, 1))
