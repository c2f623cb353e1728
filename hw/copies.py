"""Copies: a network's hardware several times, with samples dealt between the copies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.config import DesignConfig
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.shape import CoreShape
from tickless.hw.design import Channel, Design, Link
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.topology import Endpoint, MeshLink
from tickless.hw.one_hot import one_hot_choice
from tickless.hw.packet import Kind
from tickless.hw.streams import StreamQueue

__all__ = ["MOST_COPIES", "QUEUE_DEPTH", "Collector", "Copies", "CopiesConfig", "Dealer"]

MOST_COPIES = 64
"""Copies at most: more than any FPGA here has room for."""

QUEUE_DEPTH = 2048
"""Packets that wait for a receiver. Without room for those that a copy is behind when its sample
has come, one would be dealt as slowly as it is computed, and the other copies would wait: of an
N-MNIST sample of 3,800 events that takes 5,400 clocks these are 1,200."""


@dataclass(frozen=True)
class CopiesConfig:
    """Copies of a design. Members are those of `hw.config.DesignConfig`.

    Parameters
    ----------
    each : DesignConfig
        The design, not loadable.
    copies : int
        How often it is there: 2 to `MOST_COPIES`.
    """

    each: DesignConfig
    copies: int

    def __post_init__(self):
        if not 2 <= self.copies <= MOST_COPIES:
            raise ValueError(f"copies = {self.copies}: expected 2..{MOST_COPIES}")
        if self.each.copies != 1:
            raise ValueError("each: expected a design that is no copies itself")
        if self.each.loadable:
            raise ValueError("each: expected a design that is not loadable")

    @property
    def layers(self) -> tuple[tuple[CoreShape, ...], ...]:
        """Cores of each layer of one copy."""
        return self.each.layers

    @property
    def cores(self) -> tuple[CoreShape, ...]:
        """Cores of all copies, one copy behind the other."""
        return tuple(
            replace(core, name=_name(core.name, copy))
            for copy in range(self.copies)
            for core in self.each.cores
        )

    @property
    def joins(self) -> tuple[tuple[int, int], ...]:
        """Shortcuts of each copy."""
        return self.each.joins

    @property
    def loadable(self) -> bool:
        """Loading knows no copies."""
        return False

    @property
    def mesh(self) -> MeshConfig | None:
        """The mesh that each copy is."""
        return self.each.mesh

    def build(self, contents: Sequence[CoreContents], channel: Channel | None = None) -> "Copies":
        """The design, with contents of each core of a copy, the same for all."""
        return Copies(self, contents, channel)

    def traffic(self, packets: Mapping[Endpoint, float]) -> Mapping[MeshLink, float]:
        """That of one copy which gets all samples."""
        return self.each.traffic(packets)


class Dealer(wiring.Component):
    """Dealer of samples: one after the other to one receiver after the other, each with its END.

    Parameters
    ----------
    shape : ShapeLike
        Packets, with their `Kind`.
    receivers : int
        Receivers.

    Members
    -------
    i : In(stream)
        Packets of all samples.
    o : Out(stream).array(receivers)
        Those of the receiver's samples, behind a queue of `QUEUE_DEPTH`.
    fed : Out(receivers)
        Bit of the receiver whose turn it is.
    """

    i: stream.Interface
    o: Sequence[stream.Interface]
    fed: Signal

    def __init__(self, shape: ShapeLike, receivers: int):
        self.shape = shape
        streams = stream.Signature(shape)
        fed: Any = Out(receivers, init=1)  # pyright: ignore[reportCallIssue] -- the stubs lack it
        super().__init__({"i": In(streams), "o": Out(streams).array(receivers), "fed": fed})

    def elaborate(self, platform):
        m = Module()
        ready = []
        for receiver, out in enumerate(self.o):
            m.submodules[f"queue_{receiver}"] = queue = StreamQueue(self.shape, QUEUE_DEPTH)
            connect(m, queue.o, flipped(out))
            m.d.comb += [
                queue.i.payload.eq(self.i.payload),
                queue.i.valid.eq(self.i.valid & self.fed[receiver]),
            ]
            ready.append(queue.i.ready)
        m.d.comb += self.i.ready.eq((Cat(ready) & self.fed).any())
        with m.If(self.i.valid & self.i.ready & (self.i.p.kind == Kind.END)):
            m.d.sync += self.fed.eq(self.fed.rotate_left(1))
        return m


class Collector(wiring.Component):
    """Collector of answers, in the order in which a `Dealer` dealt the samples.

    Parameters
    ----------
    shape : data.StructLayout
        Answers: `hw.packet.answer_layout`.
    senders : int
        Who answers.

    Members
    -------
    i : In(stream).array(senders)
        Answers of each; that to END is the last one of a sample.
    o : Out(stream)
        Answers of all samples.
    """

    i: Sequence[stream.Interface]
    o: stream.Interface

    def __init__(self, shape: data.StructLayout, senders: int):
        streams = stream.Signature(shape)
        super().__init__({"i": In(streams).array(senders), "o": Out(streams)})

    def elaborate(self, platform):
        m = Module()
        heard = Signal(len(self.i), init=1)
        payloads = [each.p.as_value() for each in self.i]
        m.d.comb += [
            self.o.p.as_value().eq(one_hot_choice(payloads, heard)),
            self.o.valid.eq((Cat(each.valid for each in self.i) & heard).any()),
            *(each.ready.eq(self.o.ready & heard[sender]) for sender, each in enumerate(self.i)),
        ]
        with m.If(self.o.valid & self.o.ready & (self.o.p.kind == Kind.END)):
            m.d.sync += heard.eq(heard.rotate_left(1))
        return m


class Copies(Design):
    """Copies of a network: the first sample goes to the first one, the next one to the next.

    Links are the input of all, those of each copy, and the answers of all. ``decided`` is that of
    the copy whose sample is being sent. Parameters, members and attributes are those of `Design`.

    Parameters
    ----------
    config : CopiesConfig
        What the copies are, and how many.
    contents : sequence of CoreContents
        What each core of a copy computes with.
    channel : Channel, optional
        See `Design`.
    """

    def __init__(
        self,
        config: CopiesConfig,
        contents: Sequence[CoreContents],
        channel: Channel | None = None,
    ):
        self.config = config
        self.designs: list[Any] = []
        links = [Link("input", "dealer", config.cores[0].input_link, -1)]
        cores: list[Any] = []
        layers: list[int] = []
        samples: list[slice] = []
        for copy in range(config.copies):
            design = config.each.build(contents, _behind(channel, len(links)))
            passing = slice(copy, None, config.copies)
            inner = [
                replace(
                    link,
                    sender=_name(link.sender, copy),
                    receiver=_name(link.receiver, copy),
                    core=None if link.core is None else len(cores) + link.core,
                    samples=passing,
                )
                for link in design.links
            ]
            inner[0] = replace(inner[0], sender="dealer")
            inner[-1] = replace(inner[-1], receiver="collector")
            links += inner
            cores += design.cores
            layers += design.core_layers
            samples += [passing] * len(design.cores)
            self.designs.append(design)
        links.append(Link("collector", "answers", None, len(config.layers) - 1))
        super().__init__(cores, layers, links, channel)
        self.core_samples = samples

    def core_scope(self, index: int) -> str:
        """See `Design`."""
        copy, core = divmod(index, len(self.designs[0].cores))
        return f"copy_{copy}.{self.designs[copy].core_scope(core)}"

    def link_scope(self, index: int) -> str:
        """See `Design`."""
        if index in (0, len(self.links) - 1):
            return super().link_scope(index)
        copy, link = divmod(index - 1, len(self.designs[0].links))
        return f"copy_{copy}.{self.designs[copy].link_scope(link)}"

    def elaborate(self, platform):
        m = Module()
        count = len(self.designs)
        m.submodules.dealer = dealer = Dealer(self.i.p.shape(), count)
        m.submodules.collector = collector = Collector(self.o.p.shape(), count)
        self.add_link(m, 0, flipped(self.i), dealer.i)
        for copy, design in enumerate(self.designs):
            m.submodules[f"copy_{copy}"] = design
            connect(m, dealer.o[copy], design.i)
            connect(m, design.o, collector.i[copy])
        self.add_link(m, len(self.links) - 1, collector.o, flipped(self.o))
        self.add_counters(m)
        if self.early_exit:
            decided = Cat(design.decided for design in self.designs)
            m.d.comb += [
                self.decided.eq((decided & dealer.fed).any()),
                self.skipped.eq(sum(design.skipped for design in self.designs)),
            ]
        return m


def _name(name: str, copy: int) -> str:
    """Name of a core, or of the end of a link, of a copy."""
    return f"{name}[copy {copy}]"


def _behind(channel: Channel | None, first: int) -> Channel | None:
    """Channels of a design whose first link is one of an index."""
    if channel is None:
        return None
    return lambda index, layout: channel(first + index, layout)
