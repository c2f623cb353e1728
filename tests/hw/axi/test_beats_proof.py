"""Proof of the reader of beats: each beat gives its packet, and END behind the last of a packet."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

from tests.hw.axi.shapes import small
from tests.hw.fabric.proof import claim, freeze, prove, refute, register
from tickless.hw.axi.beats import BeatReader
from tickless.hw.packet import Kind


def counting(ends_of_markers: bool = False) -> tuple[Module, list[Value]]:
    """Reader of any beats at any time, whose packets are taken at any time.

    Asserts that packets are as many as the beats ask for, less those of the beats that wait; and
    ENDs as many. With ``ends_of_markers`` it expects one behind a last END as well, wrongly.
    """
    m = Module()
    reader: Any = BeatReader(small())
    m.submodules.reader = fragment = freeze(reader)
    buffer = fragment.find_subfragment("buffer")
    second, second_valid = register(buffer, "second"), register(buffer, "second_valid")
    first = reader.layout(register(buffer, "o__payload"))
    first_valid = register(buffer, "o__valid")
    ending = register(fragment, "ending")

    def packets(beat: Any) -> tuple[Value, Value]:
        """Packets of a beat, and ENDs among them."""
        is_end = beat.data.kind == Kind.END
        ends = beat.last & (ends_of_markers | ~is_end)
        return 1 + ends, is_end + ends

    owed = [Signal(8, name="owed_packets"), Signal(8, name="owed_ends")]
    taken = reader.o.valid & reader.o.ready
    gone = (taken, taken & (reader.o.p.kind == Kind.END))
    arrives = reader.i.valid & reader.i.ready
    waiting = zip(packets(first), packets(reader.layout(second)), strict=True)
    for index, (at_hand, behind) in enumerate(waiting):
        new = packets(reader.i.p)[index]
        m.d.sync += owed[index].eq(owed[index] + Mux(arrives, new, 0) - gone[index])
        left = Mux(first_valid, at_hand, 0) + Mux(second_valid, behind, 0)
        # Of the beat at hand the event has been taken; END has not.
        m.d.comb += claim(owed[index] == left - (ending if index == 0 else 0))
    m.d.comb += [
        claim(first_valid | ~second_valid),
        claim(~ending | (first_valid & first.last & (first.data.kind != Kind.END))),
    ]
    return m, [reader.i.valid, Value.cast(reader.i.p), reader.o.ready]


def test_no_packet_and_no_end_is_lost_or_made_up():
    prove(*counting(), depth=2)


def test_another_count_is_found():
    refute(*counting(ends_of_markers=True), depth=8)
