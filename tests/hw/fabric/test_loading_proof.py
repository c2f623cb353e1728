"""Proof that packets and chunks exclude each other at the host's gate."""

from amaranth.hdl import Module, Mux, Signal

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.fabric.flit import FlitConfig
from tickless.hw.fabric.loading import ACKNOWLEDGMENT, Acknowledger, LoadGate
from tickless.hw.packet import Kind, LinkConfig

FLIT = FlitConfig(rows=1, columns=1, payload_bits=56, connection_bits=0, loadable=True)
LINK = LinkConfig(1, 1, 1, 1)


def gate_and_tile(*, holds: bool = True):
    """Gate and acknowledger with a channel that delays anything for any time, and any answers.

    Of the flits under way only the number is kept. Asserts that each chunk under way is somewhere,
    and that nothing passes out of turn; without ``holds``, that packets pass at any time.
    """
    m = Module()
    gate = LoadGate(FLIT, LINK.layout, [(1, 0)])
    tile = Acknowledger(FLIT)
    m.submodules.gate = gate_fragment = freeze(gate)
    m.submodules.tile = tile_fragment = freeze(tile)
    arrives, returns = Signal(name="arrives"), Signal(name="returns")
    free = [
        *(arrives, returns, tile.unknown, gate.answered, gate.o.ready, gate.flits.ready),
        *(gate.i.valid, gate.i.payload.as_value(), gate.load.valid, gate.load.payload.as_value()),
    ]
    under_way = register(gate_fragment, "under_way")
    unanswered = register(gate_fragment, "unanswered")
    begun = register(gate_fragment, "begun")
    counts = register(tile_fragment, "counts")

    channel = Signal(9)
    leaves = gate.flits.valid & gate.flits.ready
    taken = arrives & (channel != 0)
    m.d.sync += channel.eq(channel + leaves - taken)
    m.d.comb += [
        tile.taken.eq(taken),
        tile.o.ready.eq(returns),
        gate.acknowledged.eq(tile.o.p.payload[: ACKNOWLEDGMENT.size]),
        gate.acknowledged_valid.eq(tile.o.valid & returns),
        given(~gate.answered | (unanswered != 0)),
    ]

    def total(word):
        return word[:8] + word[8:16]

    waiting = Mux(tile.o.valid, total(tile.o.p.payload), 0)
    m.d.comb += claim(under_way == gate.flits.valid + channel + total(counts) + waiting)
    passes = gate.o.valid & gate.o.ready
    is_open = begun | (unanswered != 0)
    chunks = channel + total(counts) + waiting
    if holds:
        with m.If(passes):
            m.d.comb += claim((chunks == 0) & ~gate.flits.valid)
        with m.If(gate.flits.valid | (channel != 0)):
            m.d.comb += claim(~is_open)
        # A packet on offer stays.
        offered, payload = Signal(), Signal.like(gate.o.payload.as_value())
        m.d.sync += [
            offered.eq(gate.o.valid & ~gate.o.ready),
            payload.eq(gate.o.payload.as_value()),
        ]
        with m.If(offered):
            m.d.comb += [given(gate.i.valid), given(gate.i.payload.as_value() == payload)]
            m.d.comb += claim(gate.o.valid)
    else:
        with m.If(gate.i.valid & (gate.i.p.kind == Kind.EVENT)):
            m.d.comb += claim(gate.o.valid)
    return m, free


def test_packets_and_chunks_exclude_each_other():
    """Unbounded, for a channel of any delay."""
    prove(*gate_and_tile(), depth=3)


def test_packets_do_wait():
    refute(*gate_and_tile(holds=False), depth=4)
