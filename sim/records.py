"""What one simulation run recorded: every link's packets, membranes at END, counters."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tickless.hw.core.shape import CoreShape
from tickless.hw.design import Link

__all__ = ["CoreCounts", "LinkRecord", "MembraneRecord", "RunRecord", "SampleRecord"]


@dataclass(frozen=True, eq=False)
class LinkRecord:
    """Transfers on one link during one sample, END included.

    Members
    -------
    link : Link
        The link.
    packets : numpy.ndarray
        uint32 ``[transfers, words]``: payloads, lowest word first.
    cycles : numpy.ndarray
        int64 ``[transfers]``: clock cycle of each transfer, counted from the start of the run.
    """

    link: Link
    packets: np.ndarray
    cycles: np.ndarray


@dataclass(frozen=True, eq=False)
class MembraneRecord:
    """Membranes of one core, taken when END has passed its last membrane write.

    Members
    -------
    core : CoreShape
        The core.
    layer : int
        Index of its layer.
    values : numpy.ndarray
        int32 ``(channels, height, width)``.
    """

    core: CoreShape
    layer: int
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class SampleRecord:
    """One sample through one design.

    Members
    -------
    links : tuple of LinkRecord
        In the order of the design's links: the first is the input, the last one the answers.
    membranes : tuple of MembraneRecord
        One a spiking core.
    """

    links: tuple[LinkRecord, ...]
    membranes: tuple[MembraneRecord, ...]

    def sent(self, layer: int) -> tuple[LinkRecord, ...]:
        """What the spiking cores of a layer sent."""
        return tuple(
            item for item in self.links if item.link.core is not None and item.link.layer == layer
        )


@dataclass(frozen=True)
class CoreCounts:
    """Performance counters of one core over a whole run; the core counts them itself.

    Members
    -------
    samples : int
        Samples that passed it.
    values : mapping of str to int
        ``events``, ``dropped``, ``packets``, ``sops``, ``busy_cycles``, ``stall_cycles`` and, for
        the readout, ``saturations``.
    """

    name: str
    samples: int
    values: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run of one design.

    Members
    -------
    samples : tuple of SampleRecord
        In the order they were streamed.
    counters : tuple of CoreCounts
        One a core, in order.
    load_counters : mapping of str to int
        ``written``, ``unknown`` and ``refused`` chunks of a loadable design; empty for others.
    cycles : int
        Clock cycles from the first input transfer to the last answer.
    seconds : float
        Wall time of the simulation alone: streaming and recording, without build and comparison.
    """

    samples: tuple[SampleRecord, ...]
    counters: tuple[CoreCounts, ...]
    load_counters: Mapping[str, int]
    cycles: int
    seconds: float
