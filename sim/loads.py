"""Loads: chunks that the host sends between the packets of a stimulus."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib import data

from tickless.hw.packet import Kind
from tickless.sim.packets import pack_chunks, packet_field, packet_words

__all__ = ["Load", "load_plan"]


@dataclass(frozen=True, eq=False)
class Load:
    """Chunks that the host sends at one place of a stimulus; packets behind wait for them.

    Members
    -------
    chunks : numpy.ndarray
        Structured array of `gen.image.IMAGE_DTYPE`.
    sample : int
        Index of the sample before whose packets they go.
    position : int or None
        They go behind so many packets of the sample, while it is open; None for the time when all
        samples before are answered.
    """

    chunks: np.ndarray
    sample: int = 0
    position: int | None = None


def load_plan(
    layout: data.StructLayout,
    load_layout: data.StructLayout,
    samples: Sequence[np.ndarray],
    loads: Sequence[Load],
) -> tuple[np.ndarray, dict[str, Any]]:
    """Packets of the loads of a design, and who waits for what.

    Parameters
    ----------
    layout, load_layout : data.StructLayout
        Input packets and chunks.
    samples : sequence of numpy.ndarray
        Input packets of each sample.
    loads : sequence of Load
        In the order in which they are sent.

    Returns
    -------
    packets : numpy.ndarray
        uint32 ``[chunks, words]``.
    plan : dict
        ``words`` of a chunk; ``after``: triples of a chunk's index, ``"input"`` or ``"answers"``,
        and the packets there that it waits for; ``before``: pairs of an input packet's index and
        the chunks that it waits for.
    """
    words = packet_words(load_layout)
    starts = np.cumsum([0, *(len(sample) for sample in samples)])
    markers = [Kind.END.value, Kind.READ.value]
    answers = np.cumsum(
        [0, *(np.isin(packet_field(layout, "kind", part), markers).sum() for part in samples)]
    )
    packets = [np.zeros((0, words), np.uint32)]
    after, before, count = [], [], 0
    for load in loads:
        start = int(starts[load.sample])
        if load.position is None:
            after.append((count, "answers", int(answers[load.sample])))
        else:
            start += load.position
            after.append((count, "input", start))
        packets.append(pack_chunks(load_layout, load.chunks))
        count += len(load.chunks)
        before.append((start, count))
    return np.concatenate(packets), {"words": words, "after": after, "before": before}
