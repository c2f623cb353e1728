"""Design: a chain of cores with point-to-point links."""

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import DesignConfig
from hw.core import Core
from hw.counters import counter_layout
from hw.packet import answer_layout
from hw.readout import Readout

__all__ = ["Channel", "Design"]

Channel = Callable[[int, data.StructLayout], Any]
"""Maker of the component, with streams ``i`` and ``o``, that a link of an index consists of."""


class Design(wiring.Component):
    """Network as a chain of cores.

    Parameters
    ----------
    config : DesignConfig
        The cores.
    channel : Channel, optional
        What each link is made of; plain wires by default. Link 0 is the input, link ``k`` what
        core ``k - 1`` sends, the last one carries the answers.

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
        In order.
    """

    i: stream.Interface
    o: stream.Interface
    counters: Any

    def __init__(self, config: DesignConfig, channel: Channel | None = None):
        self.config = config
        self.channel = channel
        self.cores = [Readout(core) if core.readout else Core(core) for core in config.cores]
        super().__init__(
            {
                "i": In(stream.Signature(config.cores[0].input_link.layout)),
                "o": Out(stream.Signature(answer_layout(config.cores[-1].shape[0]))),
                "counters": Out(
                    data.StructLayout(
                        {
                            f"core_{index}": counter_layout(core)
                            for index, core in enumerate(config.cores)
                        }
                    )
                ),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sources: list[Any] = [flipped(self.i)]
        for index, core in enumerate(self.cores):
            m.submodules[f"core_{index}"] = core
            m.d.comb += self.counters[f"core_{index}"].eq(core.counters)
            sources.append(core.o)
        sinks = [*(core.i for core in self.cores), flipped(self.o)]
        for index, (source, sink) in enumerate(zip(sources, sinks, strict=True)):
            if self.channel is not None:
                link = self.channel(index, source.p.shape())
                m.submodules[f"link_{index}"] = link
                connect(m, source, link.i)
                source = link.o
            connect(m, source, sink)
        return m
