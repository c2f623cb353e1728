"""Design: a network's cores and the links between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import CoreConfig, DesignConfig
from hw.core import Core
from hw.counters import counter_layout
from hw.packet import LinkConfig, answer_layout
from hw.readout import Readout

__all__ = ["Channel", "Design", "DesignBase", "Link"]

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
    """

    sender: str
    receiver: str
    packets: LinkConfig | None
    layer: int
    core: int | None = None
    first_channel: int = 0

    def __str__(self) -> str:
        return f"{self.sender!r} to {self.receiver!r}"


class DesignBase(wiring.Component):
    """What every design has: cores, an input, answers and watched links.

    Parameters
    ----------
    layers : sequence of sequence of CoreConfig
        Cores of each layer; the last one is the readout.
    links : sequence of Link
        The first is the input, the last one carries the answers.
    channel : Channel, optional
        What each link is made of; plain wires by default.

    Members
    -------
    i : In(stream)
        Input events and markers.
    o : Out(stream)
        Answers.
    counters : Out
        Counters of each core, by its index: ``counters.core_0.events``.

    Attributes
    ----------
    cores : list of Core or Readout
        Layer by layer.
    links : tuple of Link
        In the order of their indices.
    """

    i: stream.Interface
    o: stream.Interface
    counters: Any

    def __init__(
        self,
        layers: Sequence[Sequence[CoreConfig]],
        links: Sequence[Link],
        channel: Channel | None,
    ):
        configs = [config for layer in layers for config in layer]
        self.links = tuple(links)
        self.channel = channel
        self.cores = [Readout(config) if config.readout else Core(config) for config in configs]
        self.core_layers = [index for index, layer in enumerate(layers) for _ in layer]
        super().__init__(
            {
                "i": In(stream.Signature(configs[0].input_link.layout)),
                "o": Out(stream.Signature(answer_layout(configs[-1].shape[0]))),
                "counters": Out(
                    data.StructLayout(
                        {f"core_{n}": counter_layout(config) for n, config in enumerate(configs)}
                    )
                ),
            }
        )

    def add_cores(self, m: Module) -> None:
        """Add the cores and their counters to a module."""
        for index, core in enumerate(self.cores):
            m.submodules[f"core_{index}"] = core
            m.d.comb += self.counters[f"core_{index}"].eq(core.counters)

    def add_link(self, m: Module, index: int, source: Any, sink: Any) -> None:
        """Connect two streams by the link of an index."""
        if self.channel is not None:
            link = self.channel(index, source.p.shape())
            m.submodules[f"link_{index}"] = link
            connect(m, source, link.i)
            source = link.o
        connect(m, source, sink)


class Design(DesignBase):
    """Network as a chain of cores with point-to-point links.

    Link ``k`` leads into core ``k``, the last one carries the answers. Parameters, members and
    attributes are those of `DesignBase`.

    Parameters
    ----------
    config : DesignConfig
        The cores.
    channel : Channel, optional
        See `DesignBase`.
    """

    def __init__(self, config: DesignConfig, channel: Channel | None = None):
        names = ["input", *(core.name for core in config.cores), "answers"]
        packets = [*(core.input_link for core in config.cores), None]
        links = [
            Link(names[index], names[index + 1], packets[index], index - 1, index - 1)
            for index in range(1, len(packets))
        ]
        first = Link(names[0], names[1], packets[0], -1)
        super().__init__([[core] for core in config.cores], [first, *links], channel)

    def elaborate(self, platform):
        m = Module()
        self.add_cores(m)
        sources = [flipped(self.i), *(core.o for core in self.cores)]
        sinks = [*(core.i for core in self.cores), flipped(self.o)]
        for index, (source, sink) in enumerate(zip(sources, sinks, strict=True)):
            self.add_link(m, index, source, sink)
        return m
