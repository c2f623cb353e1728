"""Plan: from a network and a request to the parameters of its cores and where they are."""

from collections.abc import Mapping
from typing import Any

from tickless.errors import InputError
from tickless.gen.activity import Activity
from tickless.gen.configure import chain_config, layer_cores, network_joins
from tickless.gen.cut import cut_to_limits
from tickless.gen.folding import Folding, choices, fold_fully, fold_to_budget
from tickless.gen.place import core_packets, place
from tickless.gen.request import DesignRequest
from tickless.hw.config import DesignConfig
from tickless.hw.copies import CopiesConfig
from tickless.progress import stage
from tickless.sw.integer.network import Network

__all__ = ["plan", "plan_foldings"]


def plan(
    network: Network, request: DesignRequest, activity: Activity | None = None
) -> DesignConfig:
    """Configuration of the design that a request asks for.

    Parameters
    ----------
    activity : Activity, optional
        The network's; what `DesignRequest.needs_activity` needs.

    Raises
    ------
    InputError
        If the request is impossible for this network: a layer or folding that it does not have, a
        budget or mesh too small; the message says what is possible.
    gen.fpga.fit.DoesNotFitError
        If no folding fits the board.
    """
    foldings = plan_foldings(network, request, activity)
    each = _plan_copy(network, request, foldings, activity)
    return each if request.copies == 1 else CopiesConfig(each, request.copies)


def _plan_copy(
    network: Network,
    request: DesignRequest,
    foldings: tuple[Folding, ...],
    activity: Activity | None,
) -> DesignConfig:
    """Configuration of one copy, with the folding of each layer."""
    options: Mapping[str, Any] = {} if request.board is None else request.board.core_options
    if request.mesh is None:
        return chain_config(network, foldings, request.margin, **options)
    slices = _slices(network, request.cuts)
    foldings, slices = cut_to_limits(network, foldings, slices, request.limits)
    layers = layer_cores(
        network, foldings, slices, loadable=request.loadable, margin=request.margin, **options
    )
    packets = core_packets(layers, _needed(activity))
    return place(*request.mesh, layers, network_joins(network), packets)


def plan_foldings(
    network: Network, request: DesignRequest, activity: Activity | None = None
) -> tuple[Folding, ...]:
    """Folding of each layer that a request asks for; parameters and errors are those of `plan`."""
    if request.fits_board:
        # The descriptions of boards are an extra, which only designs for boards need.
        from tickless.gen.fpga.fit import fit_to_board

        assert request.board is not None
        with stage(f"folding to fit {request.board.title}"):
            fit = fit_to_board(
                network, _needed(activity), request.board, request.margin, request.copies
            )
        return fit.foldings
    if request.budget is not None:
        return fold_to_budget(network, _needed(activity).events, request.budget)
    foldings = list(fold_fully(network))
    names = [layer.name for layer in network.layers]
    for name, folding in request.foldings.items():
        where = f"folding '{name}={folding}'"
        if name not in names:
            raise InputError(f"{where}: no layer {name!r}: expected one of {names}")
        layer = network.layers[names.index(name)]
        if folding.single_port and layer.is_readout:
            raise InputError(f"{where}: a readout has no membranes in memory")
        possible = choices(layer)
        if Folding(folding.lanes, folding.taps) not in possible:
            raise InputError(f"{where}: expected one of {', '.join(map(str, possible))}")
        foldings[names.index(name)] = folding
    return tuple(foldings)


def _slices(network: Network, cuts: Mapping[str, int]) -> tuple[int, ...]:
    names = [layer.name for layer in network.layers]
    for name, count in cuts.items():
        if name not in names:
            raise InputError(f"cut '{name}={count}': no layer {name!r}: expected one of {names}")
    return tuple(cuts.get(name, 1) for name in names)


def _needed(activity: Activity | None) -> Activity:
    if activity is None:
        raise ValueError(
            "activity = None: expected the network's, since the design follows from it"
        )
    return activity
