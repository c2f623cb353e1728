"""Design: what every network's hardware has: cores, an input, answers and watched links."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.core import Core
from tickless.hw.core.counters import counter_layout
from tickless.hw.core.readout import Readout
from tickless.hw.core.shape import COUNTER_BITS, CoreShape
from tickless.hw.early_exit import EarlyExit
from tickless.hw.packet import LinkConfig

__all__ = ["Channel", "Design", "Link", "make_cores"]

Channel = Callable[[int, data.StructLayout], Any]
"""Maker of the component, with streams ``i`` and ``o``, that a link of an index consists of."""


@dataclass(frozen=True)
class Link:
    """One link of a design: a stream on which packets can be watched.

    Members
    -------
    sender, receiver : str
        Names of its ends.
    packets : LinkConfig or None
        Packets; None for answers.
    layer : int
        Index of the layer whose spikes it carries; -1 for the input, the readout's for answers.
    core : int or None
        Index of the core that sends; None where none does.
    first_channel : int
        Channel of the layer that is channel 0 of the packets.
    samples : slice
        Which of the samples pass it: all, or those of a copy of the network.
    """

    sender: str
    receiver: str
    packets: LinkConfig | None
    layer: int
    core: int | None = None
    first_channel: int = 0
    samples: slice = field(default_factory=lambda: slice(None))

    def __str__(self) -> str:
        return f"{self.sender!r} to {self.receiver!r}"


def make_cores(
    layers: Sequence[Sequence[CoreShape]], contents: Sequence[CoreContents]
) -> list[Any]:
    """Cores of each layer, the last one a readout, with contents of each, layer by layer.

    Raises
    ------
    ValueError
        If there are more cores than contents, or fewer.
    """
    shapes = [shape for layer in layers for shape in layer]
    if len(contents) != len(shapes):
        raise ValueError(f"contents of {len(contents)} cores: expected {len(shapes)}")
    pairs = zip(shapes, contents, strict=True)
    return [(Readout if shape.readout else Core)(shape, held) for shape, held in pairs]


class Design(wiring.Component):
    """What every design has: cores, an input, answers and watched links.

    Parameters
    ----------
    cores : sequence of Core or Readout
        Layer by layer; the last one is a readout.
    core_layers : sequence of int
        Index of each core's layer.
    links : sequence of Link
        The first is the input, the last one carries the answers.
    channel : Channel, optional
        What each link is made of; plain wires by default.
    members : mapping, optional
        Members of a design beside the ones below.

    Members
    -------
    i : In(stream)
        Input events and markers.
    o : Out(stream)
        Answers.
    counters : Out
        Counters of each core, by its index: ``counters.core_0.events``.
    decided : Out(1)
        High for one clock when the host hears that a sample is decided; only with early exit.
    skipped : Out
        Input packets dropped since reset because their sample was decided; only with early exit.

    Attributes
    ----------
    config : DesignConfig
        What it was made of; see `hw.config`.
    cores : list of Core or Readout
        Layer by layer; copy by copy where there are copies.
    core_layers : list of int
        Index of each core's layer.
    core_samples : list of slice
        Which of the samples pass each core.
    links : tuple of Link
        In the order of their indices.
    starts_empty : bool
        Whether there is no network until one is loaded.
    fails : bool
        Whether a member ``failure``, a `hw.host.messages.Error`, may stand in place of an answer.
    """

    starts_empty = False
    fails = False

    config: Any
    i: stream.Interface
    o: stream.Interface
    counters: Any
    decided: Signal
    skipped: Signal

    def __init__(
        self,
        cores: Sequence[Any],
        core_layers: Sequence[int],
        links: Sequence[Link],
        channel: Channel | None,
        members: Mapping[str, Any] = MappingProxyType({}),
    ):
        self.links = tuple(links)
        self.channel = channel
        self.cores, self.core_layers = list(cores), list(core_layers)
        self.core_samples = [slice(None)] * len(self.cores)
        shapes = [core.shape for core in self.cores]
        self.early_exit = shapes[-1].margin is not None
        super().__init__(
            {
                **members,
                **({"decided": Out(1), "skipped": Out(COUNTER_BITS)} if self.early_exit else {}),
                "i": In(stream.Signature(shapes[0].input_link.layout)),
                "o": Out(stream.Signature(shapes[-1].answers)),
                "counters": Out(
                    data.StructLayout(
                        {f"core_{n}": counter_layout(shape) for n, shape in enumerate(shapes)}
                    )
                ),
            }
        )

    @property
    def definition(self) -> str:
        """All that the design follows from, but for the sources and its channel: equal ones make
        equal hardware."""
        return repr((self.config, [core.contents for core in self.cores]))

    def add_cores(self, m: Module) -> None:
        """Add the cores and their counters to a module."""
        for index, core in enumerate(self.cores):
            m.submodules[f"core_{index}"] = core
        self.add_counters(m)

    def add_counters(self, m: Module) -> None:
        """Add the counters of the cores to a module, wherever the cores are."""
        for index, core in enumerate(self.cores):
            m.d.comb += self.counters[f"core_{index}"].eq(core.counters)

    def add_early_exit(self, m: Module, packets: Any, answers: Any) -> tuple[Any, Any]:
        """Input packets and answers, behind the early exit where there is one."""
        if not self.early_exit:
            return packets, answers
        m.submodules.early_exit = early_exit = EarlyExit(packets.p.shape(), answers.p.shape())
        connect(m, packets, early_exit.i)
        connect(m, answers, early_exit.i_answer)
        m.d.comb += [self.decided.eq(early_exit.decided), self.skipped.eq(early_exit.skipped)]
        return early_exit.o, early_exit.o_answer

    def core_scope(self, index: int) -> str:
        """Scope of the core of an index in the design."""
        return f"core_{index}"

    def link_scope(self, index: int) -> str:
        """Scope of the link of an index in the design, which it has with a channel."""
        return f"link_{index}"

    def add_link(self, m: Module, index: int, source: Any, sink: Any) -> None:
        """Connect two streams by the link of an index."""
        if self.channel is not None:
            link = self.channel(index, source.p.shape())
            m.submodules[f"link_{index}"] = link
            connect(m, source, link.i)
            source = link.o
        connect(m, source, sink)
