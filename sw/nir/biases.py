"""Biases of a graph: refused, left out, or, the readout's, where its logits begin."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tickless.sw.nir.layers import Choices, RealLayer, Row
from tickless.sw.nir.neurons import BIAS_STEPS
from tickless.sw.nir.reading import Node

__all__ = ["bias_steps", "with_biases"]

LEFT_OUT = "leave it out with --drop-bias (in Python, drop_bias=True), and fine-tune"


def bias_steps(node: Node, choices: Choices) -> int | None:
    """Time steps in which the readout's bias counts: those chosen, or what an export says of its
    weights."""
    if choices.bias_steps is None and BIAS_STEPS in node.metadata:
        return Node(node.where, node.kind, node.metadata, {}).integers(BIAS_STEPS, 1, 1)[0]
    return choices.bias_steps


def with_biases(
    rows: Sequence[tuple[Node | None, Row]], layers: Sequence[RealLayer], choices: Choices
) -> Iterator[Row]:
    """Rows that tell what became of their nodes' biases.

    Parameters
    ----------
    rows : sequence of (Node or None, Row)
        What became of each node otherwise.

    Raises
    ------
    GraphError
        If a bias is neither left out nor where logits begin; the message says what would do.
    """
    lost = [layer for layer in layers if layer.bias is not None and layer.initial is None]
    if lost and not choices.drop_bias:
        layer = lost[0]
        ways = LEFT_OUT
        if layer is layers[-1]:
            ways = (
                "it counts once a time step, and events have none: give the time steps of a sample "
                "with --bias-steps (in Python, bias_steps=), and as many times the bias is where "
                f"the logits begin; or {LEFT_OUT}"
            )
        most = np.abs(np.asarray(layer.bias)).max()
        raise layer.biased[0].refuse(f"bias of up to {most:g}: expected zero; {ways}")
    what = {
        id(node): "bias left out: fine-tune it"
        if layer.initial is None
        else f"its bias times {layer.bias_steps} time steps is where the logits begin"
        for layer in layers
        for node in layer.biased
    }
    dropped = {id(node) for layer in lost for node in layer.biased}
    for node, row in rows:
        said = [part for part in (row.why, what.get(id(node))) if part]
        yield replace(row, exact=row.exact and id(node) not in dropped, why="; ".join(said))
