"""Folding to fit: the fastest folding of a network's layers that a board has room for."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from tickless.errors import InputError
from tickless.gen.activity import Activity
from tickless.gen.configure import chain_config
from tickless.gen.folding import Folding, choices
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.estimate import Estimate, Part, core_part, estimate, host_part
from tickless.gen.performance import core_cycles
from tickless.hw.core.shape import CoreShape
from tickless.sw.integer.network import Network

__all__ = ["DoesNotFitError", "Fit", "fit_to_board"]


class DoesNotFitError(InputError):
    """No folding fits the board; the message says what is short, by how much, and what would do."""


@dataclass(frozen=True)
class Fit:
    """Foldings for a board.

    Members
    -------
    foldings : tuple of Folding
        One a layer.
    cycles : float
        Clocks that the busiest layer of a copy takes for a sample.
    estimate : Estimate
        What they and the host link take.
    """

    foldings: tuple[Folding, ...]
    cycles: float
    estimate: Estimate


def fit_to_board(
    network: Network,
    activity: Activity,
    board: Board,
    margin: int | None = None,
    copies: int = 1,
) -> Fit:
    """Fastest folding whose estimate fits; of those as fast, the one with the least logic.

    No layer is faster than the slowest one, or the input of all copies, makes useful. Membranes lie
    in single-port memory where the board has some and block RAM is short.

    Parameters
    ----------
    activity : Activity
        Measured on samples.
    board : Board
        The board, with its usual host link.
    margin : int, optional
        Margin of early exit.
    copies : int
        How often the network is to be there.

    Raises
    ------
    DoesNotFitError
        If not even the smallest folding fits.
    """
    layers, link = _layers(network, activity, board, margin, copies)
    limits = sorted({fit.cycles for layer in layers for fit in layer})
    slowest = max(min(fit.cycles for fit in layer) for layer in layers)

    def best(limit: float) -> Fit | None:
        fitting = (fit for fit in _combined(layers, link, limit) if not _short(fit.estimate, board))
        return min(fitting, key=lambda fit: fit.estimate.logic_cells, default=None)

    # As slow as copies may be whose events come through one input, an event a clock.
    useful = bisect_right(limits, copies * activity.input_events) - 1
    possible = limits[max(bisect_left(limits, slowest), useful) :]
    place = bisect_left(possible, True, key=lambda limit: best(limit) is not None)
    if place == len(possible):
        raise DoesNotFitError(_refusal(network, activity, board, margin, copies))
    found = best(possible[place])
    assert found is not None
    return found


def _layers(
    network: Network,
    activity: Activity,
    board: Board,
    margin: int | None,
    copies: int,
) -> tuple[list[list[Fit]], Estimate]:
    """Each layer's foldings, one a `Fit` with the estimate of all copies, and what the host link
    takes."""
    smallest = [Folding(1, 1)] * len(network.layers)

    def cores(foldings: Sequence[Folding]) -> tuple[CoreShape, ...]:
        return chain_config(network, foldings, margin, **board.core_options).cores

    layers = []
    for index, (layer, places) in enumerate(zip(network.layers, activity.places, strict=True)):
        mine = []
        for folding in _memory_kinds(choices(layer), board.sprams > 0 and not layer.is_readout):
            foldings = [*smallest[:index], folding, *smallest[index + 1 :]]
            # The next core unpacks this one's lanes.
            behind = Part("core", {"input lanes": folding.lanes - 1})
            core = cores(foldings)[index]
            parts = [core_part(core), *([] if layer.is_readout else [behind])]
            cycles = core_cycles(core, places)
            mine.append(Fit((folding,), cycles, estimate(parts * copies, board.family)))
        layers.append(mine)
    host = board.host_config(board.clock_hz)
    parts = [host_part(cores(smallest) * copies, host, copies), *board.link.parts]
    return layers, estimate(parts, board.family)


def _memory_kinds(foldings: Iterable[Folding], both: bool) -> Iterator[Folding]:
    for folding in foldings:
        yield folding
        if both:
            yield replace(folding, single_port=True)


def _combined(layers: Sequence[Sequence[Fit]], link: Estimate, limit: float) -> list[Fit]:
    """All foldings of all layers within so many cycles that no other is better than in all."""
    front = [Fit((), 0.0, link)]
    for layer in layers:
        front = _pareto_front(
            Fit(
                (*before.foldings, *fit.foldings),
                max(before.cycles, fit.cycles),
                before.estimate.plus(fit.estimate),
            )
            for before in front
            for fit in layer
            if fit.cycles <= limit
        )
    return front


def _pareto_front(fits: Iterable[Fit]) -> list[Fit]:
    """Those that take less of something than each other one."""
    kept: list[Fit] = []
    for fit in sorted(fits, key=lambda fit: fit.estimate):
        if not any(
            other.estimate.block_rams <= fit.estimate.block_rams
            and other.estimate.sprams <= fit.estimate.sprams
            for other in kept
        ):
            kept.append(fit)
    return kept


def _short(needed: Estimate, board: Board) -> dict[str, tuple[float, float]]:
    """What is needed and there, of each resource that is short."""
    logic = board.family.filling * board.logic_cells
    pairs = {
        "logic cells": (needed.logic_cells, logic),
        "block RAMs": (needed.block_rams, board.block_rams),
        "SPRAMs": (needed.sprams, board.sprams),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] > pair[1]}


def _refusal(
    network: Network, activity: Activity, board: Board, margin: int | None, copies: int
) -> str:
    def smallest(on: Board) -> dict[str, tuple[float, float]]:
        """What is short on a board of the folding that comes nearest to it."""
        layers, link = _layers(network, activity, on, margin, copies)
        shortages = (_short(fit.estimate, on) for fit in _combined(layers, link, inf))
        return min(
            shortages,
            key=lambda short: max(
                (needed / max(there, 1) for needed, there in short.values()), default=0
            ),
        )

    what = "network does" if copies == 1 else f"{copies} copies of the network do"
    lines = [f"{what} not fit board {board.name!r}, however far it is folded:"]
    lines += [
        f"  {name}: {needed:,.0f} needed of {there:,.0f}, {needed - there:,.0f} too many"
        for name, (needed, there) in smallest(board).items()
    ]
    for layer in network.layers:
        channels, height, width = layer.output_shape
        membranes = 0 if layer.is_readout else channels * height * width * layer.membrane_bits
        # One memory, as wide as its widest edge.
        widest = max(edge.weight_bits for edge in layer.edges)
        weights = widest * sum(edge.weight.size for edge in layer.edges)
        lines.append(
            f"  {layer.name}: {weights / 1024:,.1f} kbit of weights, "
            f"{membranes / 1024:,.1f} kbit of membranes"
        )
    roomy = [other.name for other in BOARDS.values() if not smallest(other)]
    lines.append(f"boards with room for it: {', '.join(roomy) or 'none of ' + ', '.join(BOARDS)}")
    return "\n".join(lines)
