"""Mesh: a network's cores on tiles that routers connect."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from amaranth.hdl import Module, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.core.contents import CoreContents
from tickless.hw.design import Channel, Design, Link, make_cores
from tickless.hw.fabric.answers import WORD_BITS, AnswerCollector, AnswerSplitter
from tickless.hw.fabric.flit import HOST
from tickless.hw.fabric.interface import NetworkInterface
from tickless.hw.fabric.loading import LOAD_COUNTERS, Acknowledger, LoadGate, load_layout
from tickless.hw.fabric.merge import Merge
from tickless.hw.fabric.router import Port, Router, RouterConfig
from tickless.hw.packet import Kind

if TYPE_CHECKING:
    # It builds this design.
    from tickless.hw.fabric.config import MeshConfig

__all__ = ["MeshDesign"]


class MeshDesign(Design):
    """Network as cores on a mesh of routers.

    Watched links are the input, what each core receives (merged), what each spiking core sends,
    and the answers. Parameters, members and attributes are those of `Design`.

    Parameters
    ----------
    config : MeshConfig
        Shapes of the cores, and their places.
    contents : sequence of CoreContents
        What each core computes with, in the order of ``config.cores``.
    channel : Channel, optional
        See `Design`.

    Members
    -------
    load : In(stream)
        Chunks for the memories of the cores: `load_layout`; only where the cores are loadable.
    load_counters : Out(LOAD_COUNTERS)
        What became of them; only where the cores are loadable.

    Attributes
    ----------
    routers : dict of (int, int) to Router
        By row and column.
    """

    load: stream.Interface
    load_counters: Any

    def __init__(
        self,
        config: "MeshConfig",
        contents: Sequence[CoreContents],
        channel: Channel | None = None,
    ):
        self.config = config
        self.routers = {
            (row, column): Router(RouterConfig(config.flit, row, column))
            for row in range(1, config.rows + 1)
            for column in range(config.columns)
        }
        links = [Link("input", "mesh", config.cores[0].input_link, -1)]
        sources = {join: source for source, join in config.joins}
        number = 0
        for layer, cores in enumerate(config.layers):
            for core in cores:
                before = (layer - 1, sources.get(layer, -1))
                for edge, source in zip(core.edges, before, strict=False):
                    links.append(Link("mesh", core.name, edge.input_link, source))
                if not core.readout:
                    sent = core.output_link
                    links.append(Link(core.name, "mesh", sent, layer, number, core.first_channel))
                number += 1
        links.append(Link("mesh", "answers", None, len(config.layers) - 1))
        members = {}
        if config.loadable:
            members["load"] = In(stream.Signature(load_layout(len(config.cores))))
            members["load_counters"] = Out(LOAD_COUNTERS)
        cores = make_cores(config.layers, contents)
        layers = [index for index, layer in enumerate(config.layers) for _ in layer]
        super().__init__(cores, layers, links, channel, members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        self.add_cores(m)
        for (row, column), router in self.routers.items():
            m.submodules[f"router_{row}_{column}"] = router
            for port in (Port.NORTH, Port.WEST):
                other = self.routers.get(router.config.neighbour(port))
                if other is not None:
                    connect(m, other.outgoing(port.opposite), router.incoming(port))
                    connect(m, router.outgoing(port), other.incoming(port.opposite))

        link, number = 1, 0
        for layer, configs in enumerate(config.layers):
            for index in range(len(configs)):
                link = self._tile(m, (layer, index), self.cores[number], link)
                number += 1
        self._host(m)
        return m

    def _tile(self, m, end, core, link):
        """A core between its merges and its network interface; returns the next link's index."""
        config, name = self.config, f"{end[0]}_{end[1]}"
        shape = WORD_BITS if core.shape.readout else core.o.p.shape()
        router = self.routers[config.place(end)]
        interface = self._interface(m, name, end, shape, router, Port.LOCAL)
        if config.loadable:
            self._load(m, name, core, interface)

        # Queues of the layer before come first, then those of a shortcut's source.
        senders = config.senders(end)
        first = 0
        inputs = zip(("i", "shortcut"), core.shape.edges, strict=False)
        for stream_name, edge in inputs:
            sender = senders[first]
            parts = (None,) if sender is None else config.layers[sender[0]]
            packets = [edge.input_link if part is None else part.output_link for part in parts]
            arriving = [
                _packets(m, interface.o[first + k], part.layout, f"{name}_{first + k}")
                for k, part in enumerate(packets)
            ]
            first += len(packets)
            source = arriving[0]
            if len(arriving) > 1:
                merge = Merge(edge.input_link, packets)
                m.submodules[f"merge_{name}_{stream_name}"] = merge
                for k, part in enumerate(arriving):
                    connect(m, part, merge.slice(k))
                source = merge.o
            self.add_link(m, link, source, getattr(core, stream_name))
            link += 1

        if core.shape.readout:
            m.submodules[f"answers_{name}"] = splitter = AnswerSplitter(core.shape.answers)
            connect(m, core.o, splitter.i)
            connect(m, splitter.o, interface.i)
            return link
        self.add_link(m, link, core.o, interface.i)
        return link + 1

    def _host(self, m):
        """The host's network interface, north of the first tile."""
        router = self.routers[HOST[0] + 1, HOST[1]]
        interface = self._interface(m, "host", None, self.i.p.shape(), router, Port.NORTH)
        m.submodules.answers = collector = AnswerCollector(self.cores[-1].shape.answers)
        words = _packets(m, interface.o[0], WORD_BITS, "words")
        connect(m, words, collector.i)
        arriving = flipped(self.i)
        if self.config.loadable:
            m.submodules.load_gate = gate = self._gate(m, interface)
            connect(m, arriving, gate.i)
            arriving = gate.o
        arriving, answers = self.add_early_exit(m, arriving, collector.o)
        self.add_link(m, 0, arriving, interface.i)
        self.add_link(m, len(self.links) - 1, answers, flipped(self.o))

    def _load(self, m, name, core, interface):
        """What loads a core."""
        m.submodules[f"acknowledger_{name}"] = acknowledger = Acknowledger(self.config.flit)
        connect(m, acknowledger.o, interface.i_load)
        m.d.comb += [
            core.load.eq(interface.o_load),
            core.load_valid.eq(interface.o_load_valid),
            acknowledger.taken.eq(core.load_valid),
            acknowledger.unknown.eq(core.load_unknown),
        ]

    def _gate(self, m, interface):
        """The host's gate, but for the streams of packets."""
        config = self.config
        places = [place for tiles in config.places for place in tiles]
        gate = LoadGate(config.flit, self.i.p.shape(), places)
        connect(m, flipped(self.load), gate.load)
        connect(m, gate.flits, interface.i_load)
        ends = self.o.valid & self.o.ready & (self.o.p.kind == Kind.END)
        m.d.comb += [
            gate.answered.eq(ends),
            gate.acknowledged.eq(interface.o_load),
            gate.acknowledged_valid.eq(interface.o_load_valid),
            self.load_counters.eq(gate.counters),
        ]
        return gate

    def _interface(self, m, name, end, shape, router, port):
        """Network interface of a core or of the host."""
        config = self.config
        interface = NetworkInterface(
            config.flit,
            shape,
            config.sources(end),
            config.destinations(end),
            config.queue_depth,
            config.credit_batch,
        )
        m.submodules[f"interface_{name}"] = interface
        connect(m, router.outgoing(port), interface.i_flit)
        connect(m, interface.o_flit, router.incoming(port))
        return interface


def _packets(m, payloads, shape, name):
    """The same stream with payloads taken as packets."""
    packets = stream.Signature(shape).create(path=("packets", name))
    width = Value.cast(packets.payload).shape().width
    m.d.comb += [
        packets.payload.eq(payloads.payload[:width]),
        packets.valid.eq(payloads.valid),
        payloads.ready.eq(packets.ready),
    ]
    return packets
