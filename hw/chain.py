"""Chain: a network's cores with point-to-point links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module
from amaranth.lib.wiring import connect, flipped

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.shape import CoreShape
from tickless.hw.design import Channel, Design, Link, make_cores
from tickless.hw.fabric.topology import Endpoint, MeshLink
from tickless.hw.streams import Fork, StreamQueue

__all__ = ["Chain", "ChainConfig"]

SHORTCUT_DEPTH = 64
"""Packets that wait on a point-to-point shortcut: more than a path of a few layers takes in."""


@dataclass(frozen=True)
class ChainConfig:
    """Shapes of a chain of cores: each sends to the next, the last one is the readout.

    Parameters
    ----------
    cores : tuple of CoreShape
        One a layer.
    joins : tuple of tuple of int
        Shortcuts: index of the fork whose spikes they carry, and of the join.
    """

    cores: tuple[CoreShape, ...]
    joins: tuple[tuple[int, int], ...] = ()

    @property
    def layers(self) -> tuple[tuple[CoreShape, ...], ...]:
        """Cores of each layer: one."""
        return tuple((core,) for core in self.cores)

    @property
    def loadable(self) -> bool:
        """Cores are loaded over a mesh alone."""
        return False

    @property
    def mesh(self) -> None:
        """There is none."""
        return None

    @property
    def copies(self) -> int:
        """The cores are there once."""
        return 1

    def build(self, contents: Sequence[CoreContents], channel: Channel | None = None) -> "Chain":
        """The design, with contents of each core."""
        return Chain(self, contents, channel)

    def traffic(self, packets: Mapping[Endpoint, float]) -> dict[MeshLink, float]:
        """Each link is its sender's own: none of a mesh carries anything."""
        return {}

    def __post_init__(self):
        readouts = [core.readout for core in self.cores]
        if not readouts or readouts != [False] * (len(readouts) - 1) + [True]:
            raise ValueError(f"cores: readouts {readouts}: expected one, as the last core")
        if any(core.loadable for core in self.cores):
            raise ValueError("cores: expected none that is loadable: loading needs a mesh")
        wanted = [(index - 1, index, 0) for index in range(1, len(self.cores))]
        wanted += [(source, join, 1) for source, join in self.joins]
        edges = [(core, index) for core in self.cores[1:] for index in range(len(core.edges))]
        if len(edges) != len(wanted):
            raise ValueError(f"joins = {self.joins!r}: expected one for each core of two edges")
        for source, sink, edge in wanted:
            before, after = self.cores[source], self.cores[sink]
            if after.edges[edge].input_link != before.output_link:
                raise ValueError(
                    f"core {after.name!r}: input link {after.edges[edge].input_link!r}: expected "
                    f"the output link of {before.name!r}, {before.output_link!r}"
                )


class Chain(Design):
    """Network as a chain of cores with point-to-point links.

    Link ``k`` leads into core ``k``; shortcuts follow, and the last link carries the answers. What
    a shortcut carries waits in a queue while the longer path works on it. Parameters, members and
    attributes are those of `Design`.

    Parameters
    ----------
    config : ChainConfig
        Shapes of the cores.
    contents : sequence of CoreContents
        What each core computes with.
    channel : Channel, optional
        See `Design`.
    """

    def __init__(
        self,
        config: ChainConfig,
        contents: Sequence[CoreContents],
        channel: Channel | None = None,
    ):
        self.config = config
        names = ["input", *(core.name for core in config.cores)]
        links = [
            Link(names[index], core.name, core.input_link, index - 1, index - 1 if index else None)
            for index, core in enumerate(config.cores)
        ]
        for source, join in config.joins:
            core = config.cores[join]
            packets = core.edges[1].input_link
            links.append(Link(names[source + 1], core.name, packets, source))
        last = len(config.cores) - 1
        links.append(Link(names[-1], "answers", None, last, last))
        cores = make_cores(config.layers, contents)
        super().__init__(cores, range(len(cores)), links, channel)

    def elaborate(self, platform):
        m = Module()
        self.add_cores(m)
        sources: list[Any] = [flipped(self.i), *(core.o for core in self.cores)]
        for number, (source, join) in enumerate(self.config.joins):
            core = self.cores[source]
            layout = core.o.p.shape()
            m.submodules[f"fork_{source}"] = fork = Fork(layout)
            m.submodules[f"queue_{source}"] = queue = StreamQueue(layout, SHORTCUT_DEPTH)
            connect(m, core.o, fork.i)
            connect(m, fork.o[1], queue.i)
            sources[source + 1] = fork.o[0]
            link = len(self.cores) + number
            self.add_link(m, link, queue.o, self.cores[join].shortcut)
        sources[0], sources[-1] = self.add_early_exit(m, sources[0], sources[-1])
        for index, core in enumerate(self.cores):
            self.add_link(m, index, sources[index], core.i)
        self.add_link(m, len(self.links) - 1, sources[-1], flipped(self.o))
        return m
