"""Proofs of the two ends of a connection: sender, receiver and the credits between them."""

from functools import reduce
from operator import add
from typing import Any

import pytest
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.fifo import SyncFIFOBuffered

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.fabric.flit import FlitConfig, Peer
from tickless.hw.fabric.interface import NetworkInterface
from tickless.hw.fabric.receiver import MIN_QUEUE_DEPTH, Receiver
from tickless.hw.fabric.sender import Sender

MESH = FlitConfig(rows=2, columns=1, payload_bits=2, connection_bits=1)
"""Senders and receivers in rows 1 and 2."""

SIZES = [(3, 1), (3, 2), (3, 3), (4, 2), (5, 3)]
"""Queue depths and credit batches."""

NUMBERS = range(2)


def connected(depth: int, batch: int) -> tuple[Module, list[Value]]:
    """Two senders and two receivers over channels that delay anything for any time.

    Of what is under way only the number is kept: packets and credits may even overtake others.
    Asserts that every place of a queue is accounted for once, as a credit at its sender, a packet
    under way or in the queue, a place owed, or part of a credit under way; and that no queue is
    ever offered a packet for which it has no room.
    """
    m = Module()
    free: list[Value] = []
    senders, receivers, sent, credited = [], [], {}, {}

    def any_value(width: int, name: str) -> Signal:
        signal = Signal(width, name=name)
        free.append(signal)
        return signal

    for number in NUMBERS:
        destinations = [Peer(1, 0, number), Peer(2, 0, number)]
        sender = Sender(MESH, MESH.payload_bits, destinations, depth, batch)
        m.submodules[f"sender_{number}"] = fragment = freeze(sender)
        senders.append(fragment)
        free += [sender.i.valid, sender.i.payload, sender.o.ready]
        for row in NUMBERS:
            sent[number, row] = sender.o.valid & sender.o.ready & (sender.o.p.row == row + 1)
            credited[number, row] = sender.credit[row]
            with m.If(sender.o.valid):
                m.d.comb += claim(sender.o.p.connection == number)
        m.d.comb += claim((sender.o.p.row == 1) | (sender.o.p.row == 2) | ~sender.o.valid)

    for row in NUMBERS:
        sources = [Peer(1, 0, row), Peer(2, 0, row)]
        receiver = Receiver(MESH, sources, depth, batch)
        m.submodules[f"receiver_{row}"] = fragment = freeze(receiver)
        receivers.append(fragment)
        free.append(receiver.credits.ready)
        source = any_value(1, f"source_{row}")
        wants = any_value(1, f"wants_{row}")
        returns = any_value(2, f"returns_{row}")
        m.d.comb += [receiver.i.connection.eq(source), receiver.i.payload.eq(0)]
        arrives = []
        for number in NUMBERS:
            under_way = Signal(range(depth + 1), name=f"under_way_{number}_{row}")
            returning = Signal(range(depth + 1), name=f"returning_{number}_{row}")
            arrive = wants & (source == number) & (under_way != 0)
            arrives.append(arrive)
            owed = receiver.credits
            gives = owed.valid & owed.ready & (owed.p.row == number + 1)
            arrived = returns[number] & (returning != 0)
            m.d.comb += credited[number, row].eq(arrived)
            m.d.sync += [
                under_way.eq(under_way + sent[number, row] - arrive),
                returning.eq(returning + gives - arrived),
            ]
            out = receiver.o[number]
            free.append(out.ready)
            level = register(fragment, f"queue_{number}", "inner_level") + out.valid
            places = [
                register(senders[number], f"credits_{row}"),
                under_way,
                level,
                register(fragment, f"freed_{number}"),
                batch * returning,
            ]
            m.d.comb += claim(reduce(add, places) == depth)
            # The queue refuses what comes while all places but its output's are taken.
            full = register(fragment, f"queue_{number}", "inner_level") == depth - 1
            m.d.comb += claim(~(arrive & full))
            waits = Signal(name=f"waits_{number}_{row}")
            m.d.sync += waits.eq(out.valid & ~out.ready)
            m.d.comb += claim(out.valid | ~waits)
        m.d.comb += receiver.i_valid.eq(reduce(lambda a, b: a | b, arrives))
        credits = receiver.credits
        with m.If(credits.valid):
            m.d.comb += [
                claim(credits.p.credit),
                claim(credits.p.connection == row),
                claim((credits.p.row == 1) | (credits.p.row == 2)),
            ]
    return m, free


@pytest.mark.parametrize(("depth", "batch"), SIZES)
def test_credits_and_room(depth, batch):
    """Unbounded, for channels of any delay."""
    prove(*connected(depth, batch), depth=2)


def test_a_queue_of_two_places_refuses_packets(monkeypatch):
    monkeypatch.setattr("tickless.hw.fabric.receiver.MIN_QUEUE_DEPTH", MIN_QUEUE_DEPTH - 1)
    refute(*connected(MIN_QUEUE_DEPTH - 1, 1), depth=8)


QUIET = 6
"""Clocks after the last packet in which everything is delivered and every whole batch of credits is
back, over an ideal channel with the consumer ready."""

WAIT = {(3, 1): 5, (3, 3): 6, (4, 2): 4}
"""By queue depth and credit batch, likewise: clocks for which a packet waits at most."""

ORDER_DEPTH = 16
"""Clocks from power-up that the bounded proof of order covers."""


def facing(
    depth: int, batch: int, *, quiet: int | None = None, wait: int | None = None
) -> tuple[Module, list[Value]]:
    """Two network interfaces that send to each other, both at any time.

    With ``quiet`` or ``wait`` the channel is ideal and the consumers are ready; else flits wait in
    the interfaces for any time, and two packets of the first one are marked.
    """
    m = Module()
    free: list[Value] = []
    interfaces, fragments, emptied = [], [], []
    for number in NUMBERS:
        other = [Peer(2 - number, 0, 0)]
        interface = NetworkInterface(MESH, MESH.payload_bits, other, other, depth, batch)
        m.submodules[f"interface_{number}"] = fragment = freeze(interface)
        interfaces.append(interface)
        fragments.append(fragment)
        free += [interface.i.valid, interface.i.payload, interface.o[0].ready]
    for a, b in ((0, 1), (1, 0)):
        one, two = interfaces[a], interfaces[b]
        moves = Signal(name=f"moves_{a}")
        free.append(moves)
        m.d.comb += [
            two.i_flit.p.eq(one.o_flit.p),
            two.i_flit.valid.eq(one.o_flit.valid & moves),
            one.o_flit.ready.eq(moves),
        ]
        ideal = quiet is not None or wait is not None
        if ideal:
            m.d.comb += [given(moves), given(two.o[0].ready)]
        offer = Signal(name=f"offer_{a}")
        m.d.sync += offer.eq(one.i.valid & ~one.i.ready)
        m.d.comb += given(one.i.valid | ~offer)

        sending, returning = one.o_flit, two.o_flit
        credits = register(fragments[a], "sender", "credits_0")
        level = register(fragments[b], "receiver", "queue_0", "inner_level") + two.o[0].valid
        freed = register(fragments[b], "receiver", "freed_0")
        back = returning.valid & returning.p.credit
        places = [credits, sending.valid & ~sending.p.credit, level, freed, Mux(back, batch, 0)]
        m.d.comb += claim(reduce(add, places) == depth)
        emptied.append((level == 0) & ~(sending.valid & ~sending.p.credit))
        if quiet is not None:
            calm = Signal(range(quiet + 1), name=f"calm_{a}")
            m.d.sync += calm.eq(Mux(one.i.valid & one.i.ready, 1, calm + (calm != quiet)))
            with m.If(calm == quiet):
                m.d.comb += [claim(credits > depth - batch), claim(level == 0)]
        if wait is not None:
            waited = Signal(range(wait + 2), name=f"waited_{a}")
            m.d.sync += waited.eq(Mux(one.i.valid & ~one.i.ready, waited + (waited <= wait), 0))
            m.d.comb += claim(waited <= wait)

    # Marks, as in the proof of the router.
    arrived, left = Signal(3), Signal(3)
    first, second = 1, 2
    into, out = interfaces[0].i, interfaces[1].o[0]
    for mark in (first, second):
        with m.If(into.valid & into.ready & (into.payload == mark)):
            m.d.comb += given(~arrived[mark])
            m.d.sync += arrived[mark].eq(1)
            if mark == second:
                m.d.comb += given(arrived[first])
        if quiet is None and wait is None:
            with m.If(out.valid & (out.payload == mark)):
                m.d.comb += claim(arrived[mark] & ~left[mark])
                if mark == second:
                    m.d.comb += claim(left[first])
                with m.If(out.ready):
                    m.d.sync += left[mark].eq(1)
            with m.If(emptied[0]):
                m.d.comb += claim(arrived == left)
    return m, free


@pytest.mark.parametrize(("depth", "batch"), WAIT)
def test_delivery_and_credits_in_time(depth, batch):
    """Unbounded, and tight: everything has arrived, and come back, after `QUIET` clocks."""
    prove(*facing(depth, batch, quiet=QUIET), depth=QUIET + 3)
    refute(*facing(depth, batch, quiet=QUIET - 1), depth=QUIET + 6)


@pytest.mark.parametrize(("depth", "batch"), WAIT)
def test_packets_wait_no_longer(depth, batch):
    """Unbounded, and tight: `WAIT`."""
    wait = WAIT[depth, batch]
    prove(*facing(depth, batch, wait=wait), depth=wait + 4)
    refute(*facing(depth, batch, wait=wait - 1), depth=wait + 12)


@pytest.mark.parametrize(("depth", "batch"), [(3, 1), (4, 2)])
def test_lossless_and_ordered(depth, batch):
    """For the first `ORDER_DEPTH` clocks alone, with flits and consumers that wait for any time."""
    prove(*facing(depth, batch), depth=ORDER_DEPTH, bounded=True)


def test_lost_packets_are_found(monkeypatch):
    monkeypatch.setattr("tickless.hw.fabric.receiver.MIN_QUEUE_DEPTH", MIN_QUEUE_DEPTH - 1)
    refute(*facing(MIN_QUEUE_DEPTH - 1, 1), depth=10)


class Blank(SyncFIFOBuffered):
    """Queue that forgets what it was given, but not how many."""

    def elaborate(self, platform):
        m: Any = super().elaborate(platform)
        m.d.comb += self.r_data.eq(0)
        return m


def test_changed_packets_are_found(monkeypatch):
    monkeypatch.setattr("tickless.hw.fabric.receiver.SyncFIFOBuffered", Blank)
    refute(*facing(MIN_QUEUE_DEPTH, 1), depth=10)
