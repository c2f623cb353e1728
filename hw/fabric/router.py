"""AER router: five ports, dimension-order routing, one flit a port and clock."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.streams import Buffer

__all__ = ["Port", "Router", "RouterConfig"]


class Port(Enum):
    """Port of a router: its own tile, or the neighbour in a direction."""

    LOCAL = "local"
    NORTH = "north"
    SOUTH = "south"
    EAST = "east"
    WEST = "west"

    @property
    def opposite(self) -> "Port":
        """Port of the neighbour that this port faces."""
        return _OPPOSITE[self]


_STEPS = {Port.NORTH: (-1, 0), Port.SOUTH: (1, 0), Port.EAST: (0, 1), Port.WEST: (0, -1)}
_OPPOSITE = {
    Port.NORTH: Port.SOUTH,
    Port.SOUTH: Port.NORTH,
    Port.EAST: Port.WEST,
    Port.WEST: Port.EAST,
}


@dataclass(frozen=True)
class RouterConfig:
    """One router of a mesh.

    Parameters
    ----------
    flit : FlitConfig
        The mesh and its flits.
    row, column : int
        Place of the router: 1 to ``rows``, 0 to ``columns - 1``.
    """

    flit: FlitConfig
    row: int
    column: int

    def __post_init__(self):
        for name, low, high in (
            ("row", 1, self.flit.rows),
            ("column", 0, self.flit.columns - 1),
        ):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name} = {value!r}: expected {low}..{high}")

    def neighbour(self, port: Port) -> tuple[int, int]:
        """Row and column behind a port other than LOCAL."""
        row, column = _STEPS[port]
        return self.row + row, self.column + column

    @property
    def ports(self) -> tuple[Port, ...]:
        """Ports that lead to something: the tile, other routers, the host."""
        return tuple(port for port in Port if port is Port.LOCAL or self._exists(port))

    def _exists(self, port: Port) -> bool:
        row, column = place = self.neighbour(port)
        return place == HOST or (1 <= row <= self.flit.rows and 0 <= column < self.flit.columns)

    def inputs(self, output: Port) -> tuple[Port, ...]:
        """Ports from which a flit may leave through ``output``.

        Columns come before rows, so that nothing turns from a column's line into a row's; only
        what the host sends may, since no other flit waits for it.
        """
        turning = {Port.LOCAL, Port.EAST, Port.WEST}
        if output in (Port.EAST, Port.WEST):
            allowed = {Port.LOCAL, output.opposite}
            if Port.NORTH in self.ports and self.neighbour(Port.NORTH) == HOST:
                allowed.add(Port.NORTH)
        elif output is Port.LOCAL:
            allowed = set(Port) - {Port.LOCAL}
        else:
            allowed = turning | {output.opposite}
        return tuple(port for port in self.ports if port in allowed)

    def wanted(self, row: Any, column: Any) -> dict[Port, Any]:
        """Whether a flit for a row and column leaves by each port: for integers or signals."""
        on_column = column == self.column
        return {
            Port.EAST: column > self.column,
            Port.WEST: column < self.column,
            Port.SOUTH: on_column & (row > self.row),
            Port.NORTH: on_column & (row < self.row),
            Port.LOCAL: on_column & (row == self.row),
        }


class Router(wiring.Component):
    """Address-event router.

    A flit first travels along its row to the column of its destination, then along that column.
    It takes two clocks a router. Flits of one source and destination keep their order; flits that
    want the same output take turns.

    Parameters
    ----------
    config : RouterConfig
        The router.

    Members
    -------
    i_<port>, o_<port> : In(stream), Out(stream)
        Flits, for each of ``config.ports``.
    """

    def __init__(self, config: RouterConfig):
        self.config = config
        layout = config.flit.layout
        members: dict[str, Any] = {}
        for port in config.ports:
            members[f"i_{port.value}"] = In(stream.Signature(layout))
            members[f"o_{port.value}"] = Out(stream.Signature(layout))
        super().__init__(members)

    def incoming(self, port: Port) -> Any:
        """Stream into a port."""
        return getattr(self, f"i_{port.value}")

    def outgoing(self, port: Port) -> Any:
        """Stream out of a port."""
        return getattr(self, f"o_{port.value}")

    def elaborate(self, platform):
        m = Module()
        config = self.config
        routed = data.StructLayout(
            {"flit": config.flit.layout, **{port.value: 1 for port in config.ports}}
        )
        heads = {}
        for port in config.ports:
            m.submodules[f"buffer_{port.value}"] = buffer = Buffer(routed)
            self._route(m, port, buffer.i)
            heads[port] = buffer.o
        taken = {port: [] for port in config.ports}
        for output in config.ports:
            inputs = config.inputs(output)
            grants = self._send(m, output, [heads[port] for port in inputs])
            for port, grant in zip(inputs, grants, strict=True):
                taken[port].append(grant)
        for port, grants in taken.items():
            m.d.comb += heads[port].ready.eq(Cat(*grants).any())
        return m

    def _route(self, m, port, into):
        """Decides on arrival where a flit leaves."""
        arriving = self.incoming(port)
        m.d.comb += [
            into.valid.eq(arriving.valid),
            into.p.flit.eq(arriving.p),
            arriving.ready.eq(into.ready),
        ]
        wanted = self.config.wanted(arriving.p.row, arriving.p.column)
        for output in self.config.ports:
            m.d.comb += into.p[output.value].eq(wanted[output])

    def _send(self, m, output, heads):
        """One flit a clock into the output register; returns which head was taken."""
        leaving = self.outgoing(output)
        name = output.value
        requests = Signal(len(heads), name=f"requests_{name}")
        grants = Signal(len(heads), name=f"grants_{name}")
        served = Signal(range(len(heads)), name=f"served_{name}")
        m.d.comb += requests.eq(Cat(head.valid & head.p[name] for head in heads))
        with m.If(~leaving.valid | leaving.ready):
            m.d.sync += leaving.valid.eq(requests.any())
            with m.Switch(served):
                for turn in range(len(heads)):
                    with m.Case(turn):
                        # The input served last comes last; of two assignments the later one wins.
                        for distance in reversed(range(1, len(heads) + 1)):
                            index = (turn + distance) % len(heads)
                            with m.If(requests[index]):
                                m.d.comb += grants.eq(1 << index)
                                m.d.sync += served.eq(index)
        chosen = 0
        for index, head in enumerate(heads):
            chosen = chosen | Mux(grants[index], head.p.flit.as_value(), 0)
        with m.If(~leaving.valid | leaving.ready):
            m.d.sync += leaving.p.eq(chosen)
        return list(grants)
