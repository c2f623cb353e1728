"""Proofs of the router, for every arrangement of ports."""

from functools import reduce
from operator import add
from typing import Any

import pytest
from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.fabric.router import Port, Router, RouterConfig
from tickless.hw.streams import Buffer

MESHES = [(3, 3), (1, 1), (1, 3), (3, 1)]
"""Rows and columns: every arrangement of ports that a mesh of any size has."""

PLACES = [
    (rows, columns, row, column)
    for rows, columns in MESHES
    for row in range(1, rows + 1)
    for column in range(columns)
]


def longest_stay(config: RouterConfig) -> int:
    """Clocks from the one in which a flit arrives to the one in which it leaves, outputs ready.

    An earlier flit of the same input and the flit itself each wait for one flit of every other
    input that may want their output; one clock more through the output register.
    """
    inputs = [[may_pass(config, port, output) for port in config.ports] for output in config.ports]
    return 2 * max(map(sum, inputs))


def may_pass(config: RouterConfig, port: Port, output: Port) -> bool:
    """Whether dimension order lets a flit of an input leave by an output."""
    if port is output:
        return False
    from_column = port in (Port.NORTH, Port.SOUTH)
    from_host = port is Port.NORTH and config.neighbour(port) == HOST
    return not (from_column and output in (Port.EAST, Port.WEST)) or from_host


def demanded(config: RouterConfig, flit) -> dict[Port, Any]:
    """By dimension order: whether a flit leaves by a port."""
    here = flit.column == config.column
    return {
        Port.LOCAL: here & (flit.row == config.row),
        Port.NORTH: here & (flit.row < config.row),
        Port.SOUTH: here & (flit.row > config.row),
        Port.EAST: flit.column > config.column,
        Port.WEST: flit.column < config.column,
    }


def legal(config: RouterConfig, port: Port, flit):
    """Whether a flit may arrive at a port: it has a place to go to, and need not turn back."""
    exists = (flit.column < config.flit.columns) & (flit.row <= config.flit.rows)
    exists &= (flit.row > HOST[0]) | (flit.column == HOST[1])
    wanted = demanded(config, flit)
    allowed = [wanted[output] for output in config.ports if may_pass(config, port, output)]
    return exists & Cat(*allowed).any()


class Marks:
    """Payloads of the flits that a proof follows; any other flit carries neither."""

    NONE, FIRST, SECOND = range(3)


def check(router: Router, *, stay: int | None = None) -> tuple[Module, list[Signal]]:
    """Router with assertions, and its free signals.

    Two flits of one input and one destination are marked, at any moments. The number of places
    that hold a marked flit is the number of its arrivals less that of its departures: nothing is
    lost or duplicated. With ``stay``, outputs are always ready and no flit stays longer.
    """
    m = Module()
    config = router.config
    m.submodules.router = fragment = freeze(router)
    inputs = {port: getattr(router, f"i_{port.value}") for port in config.ports}
    outputs = {port: getattr(router, f"o_{port.value}") for port in config.ports}
    free = [value for i in inputs.values() for value in (i.valid, i.payload.as_value())]
    free += [o.ready for o in outputs.values()]

    # What arrives.
    numbers = {port: number for number, port in enumerate(config.ports)}
    arrived = Signal(3)  # by mark
    left = Signal(3)
    source = Signal(range(len(config.ports)))
    flits = Array(Signal(config.flit.layout, name=f"flit_{mark}") for mark in range(3))
    marked = Cat(i.valid & i.ready & (i.p.payload != Marks.NONE) for i in inputs.values())
    m.d.comb += given((marked & (marked - 1)) == 0)
    for port, i in inputs.items():
        moves = i.valid & i.ready
        m.d.comb += given(~i.valid | legal(config, port, i.p))
        m.d.comb += given(i.p.payload <= Marks.SECOND)
        for mark in (Marks.FIRST, Marks.SECOND):
            with m.If(moves & (i.p.payload == mark)):
                m.d.comb += given(~arrived[mark])
                m.d.sync += [arrived[mark].eq(1), flits[mark].eq(i.p)]
                if mark == Marks.FIRST:
                    m.d.sync += source.eq(numbers[port])
                else:
                    m.d.comb += [
                        given(arrived[Marks.FIRST]),
                        given(source == numbers[port]),
                        given(i.p.row == flits[Marks.FIRST].row),
                        given(i.p.column == flits[Marks.FIRST].column),
                    ]

    # What leaves: once, whole, where dimension order sends it, in order, and stays until taken.
    for port, o in outputs.items():
        moves = o.valid & o.ready
        if stay is not None:
            m.d.comb += given(o.ready)
        waits = Signal(name=f"waits_{port.value}")
        waiting = Signal(config.flit.layout, name=f"waiting_{port.value}")
        m.d.sync += [waits.eq(o.valid & ~o.ready), waiting.eq(o.p)]
        with m.If(waits):
            m.d.comb += [claim(o.valid), claim(o.p == waiting)]
        with m.If(o.valid):
            m.d.comb += claim(demanded(config, o.p)[port])
            for mark in (Marks.FIRST, Marks.SECOND):
                with m.If(o.p.payload == mark):
                    m.d.comb += [claim(arrived[mark] & ~left[mark]), claim(o.p == flits[mark])]
                    if mark == Marks.SECOND:
                        m.d.comb += claim(left[Marks.FIRST])
                    with m.If(o.ready):
                        m.d.sync += left[mark].eq(1)

    # What is inside: every place, its input if it belongs to one, and whether it is taken.
    places: list[Any] = [(None, o.valid, o.p) for o in outputs.values()]
    routed = data.StructLayout(
        {"flit": config.flit.layout, **{port.value: 1 for port in config.ports}}
    )
    heads, seconds = {}, {}
    for port in config.ports:
        name = f"buffer_{port.value}"
        for held, valid, payload in (
            (heads, "o__valid", "o__payload"),
            (seconds, "second_valid", "second"),
        ):
            held[port] = (
                register(fragment, name, valid),
                data.View(routed, register(fragment, name, payload)),
            )
        m.d.comb += claim(heads[port][0] | ~seconds[port][0])
        for valid, item in (heads[port], seconds[port]):
            places.append((port, valid, item.flit))
            with m.If(valid):
                m.d.comb += [claim(legal(config, port, item.flit))]
                for output, wanted in demanded(config, item.flit).items():
                    if output in config.ports:
                        m.d.comb += claim(item[output.value] == wanted)
        first = heads[port][0] & (heads[port][1].flit.payload == Marks.SECOND)
        second = seconds[port][0] & (seconds[port][1].flit.payload == Marks.FIRST)
        m.d.comb += claim(~(first & second))
    for output in config.ports:
        served = register(fragment, f"served_{output.value}")
        m.d.comb += claim(served < len(config.inputs(output)))

    for mark in (Marks.FIRST, Marks.SECOND):
        copies = [valid & (flit.payload == mark) for _, valid, flit in places]
        m.d.comb += [
            claim(reduce(add, copies) == (arrived[mark] & ~left[mark])),
            claim(arrived[mark] | ~left[mark]),
        ]
        for (port, _, flit), copy in zip(places, copies, strict=True):
            with m.If(copy):
                m.d.comb += claim(flit == flits[mark])
                if port is not None:
                    m.d.comb += claim(source == numbers[port])
    m.d.comb += claim(arrived[Marks.FIRST] | ~arrived[Marks.SECOND])
    m.d.comb += claim(left[Marks.FIRST] | ~left[Marks.SECOND])
    with m.If(arrived[Marks.SECOND]):
        m.d.comb += [
            claim(flits[Marks.FIRST].row == flits[Marks.SECOND].row),
            claim(flits[Marks.FIRST].column == flits[Marks.SECOND].column),
        ]

    if stay is not None:
        age = Signal(range(stay + 2))
        with m.If(arrived[Marks.FIRST] & ~left[Marks.FIRST]):
            m.d.comb += claim(age <= stay)
            m.d.sync += age.eq(Mux(age > stay, age, age + 1))
        with m.Else():
            m.d.sync += age.eq(1)
    return m, free


def config_at(rows: int, columns: int, row: int, column: int) -> RouterConfig:
    return RouterConfig(FlitConfig(rows, columns, payload_bits=2, connection_bits=0), row, column)


@pytest.mark.parametrize("place", PLACES)
def test_lossless_ordered_and_routed(place):
    """Unbounded: nothing is lost, duplicated, changed, misrouted or reordered, offers stay.

    Inputs need not even keep to the stream rules.
    """
    prove(*check(Router(config_at(*place))), depth=2)


@pytest.mark.parametrize("place", PLACES)
def test_longest_stay(place):
    """Unbounded, with outputs always ready: no flit stays longer, and some stays as long."""
    config = config_at(*place)
    stay = longest_stay(config)
    prove(*check(Router(config), stay=stay), depth=stay + 2)
    refute(*check(Router(config), stay=stay - 1), depth=stay + 8)


class Swapped(Router):
    """Router with two outputs swapped."""

    def outgoing(self, port):
        swapped = {Port.LOCAL: Port.NORTH, Port.NORTH: Port.LOCAL}
        return super().outgoing(swapped.get(port, port))


class Doubling(Router):
    """Router that leaves what one input sends also in that input's buffer."""

    def _send(self, m, output, heads):
        first, *others = super()._send(m, output, heads)
        return [first & ~first, *others]


class Forgetful(Buffer):
    """Buffer that takes flits also while it has no room."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += self.i.ready.eq(1)
        return m


@pytest.mark.parametrize("kind", [Swapped, Doubling])
def test_faults_of_routers_are_found(kind):
    refute(*check(kind(config_at(3, 3, 2, 1))), depth=10)


def test_lost_flits_are_found(monkeypatch):
    monkeypatch.setattr("tickless.hw.fabric.router.Buffer", Forgetful)
    refute(*check(Router(config_at(3, 3, 2, 1))), depth=10)
