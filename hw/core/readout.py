"""Readout core: the linear layer that accumulates logits and answers markers."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import bits_for

from tickless.hw.core.address import AddressGenerator
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.counters import Counters, counter_layout
from tickless.hw.core.decision import Decision
from tickless.hw.core.loader import add_loader, load_members
from tickless.hw.core.memory_map import MemoryMap
from tickless.hw.core.shape import CoreShape
from tickless.hw.core.table import memory_of
from tickless.hw.core.unpacker import Unpacker
from tickless.hw.packet import LOGIT_BITS, Kind

__all__ = ["Readout"]


class Readout(wiring.Component):
    """Readout core.

    Adds each event's weights to the logits, ``lanes`` classes a clock. END and READ are answered
    with all logits and the class of the largest, the lowest index on a tie; END then sets the
    logits to where they begin. The class is found in one clock a class and at most two more; the
    next sample's events wait meanwhile. With early exit see `hw.core.decision.Decision`.

    unpack -> address (2 clocks) -> read -> register -> accumulate

    Parameters
    ----------
    shape : CoreShape
        The layer and its folding.
    contents : CoreContents
        Its weights, and the logits with which samples begin.

    Members
    -------
    i : In(stream)
        Packets from the layer before.
    o : Out(stream)
        Answers: `hw.packet.answer_layout`.
    counters : Out(counter_layout)
        Performance counters since reset.
    load, load_valid, load_unknown : In(CHUNK_LAYOUT), In(1), Out(1)
        As of `hw.core.core.Core`.
    margin : In
        Margin of early exit, that of the shape unless driven; only with early exit.
    """

    i: stream.Interface
    o: stream.Interface
    counters: Any
    margin: Signal

    def __init__(self, shape: CoreShape, contents: CoreContents):
        if not shape.readout:
            raise ValueError(f"core {shape.name!r} is a spiking layer: expected a readout")
        contents.check(shape)
        self.shape, self.contents = shape, contents
        self.classes = shape.output_shape[0]
        margin = {}
        if shape.margin is not None:
            bits = max(LOGIT_BITS, bits_for(shape.margin))
            margin["margin"] = In(bits, init=shape.margin)  # pyright: ignore[reportCallIssue]
        super().__init__(
            {
                **margin,
                **load_members(shape),
                "i": In(stream.Signature(shape.input_link.layout)),
                "o": Out(stream.Signature(shape.answers)),
                "counters": Out(counter_layout(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, memory_map = self.shape, MemoryMap(self.shape)
        m.submodules.unpacker = unpacker = Unpacker(shape.input_link, shape.fast_clock)
        m.submodules.address = address = AddressGenerator(shape)
        m.submodules.counters = counters = Counters(shape)
        load = add_loader(m, self, memory_map) if shape.loadable else None
        m.submodules.weights = weights = memory_of(
            m, memory_map, "weights", self.contents.weight_words, load
        )
        if load is not None:
            m.d.comb += address.load.eq(load)
        connect(m, flipped(self.i), unpacker.i)
        connect(m, unpacker.o, address.i)
        weight_read = weights.read_port()
        # The memory's output has a clock of its own: sums and selections need theirs.
        weights_2 = Signal.like(weight_read.data)
        step, step_1 = address.step, Signal.like(address.step)
        step_2, valid_1, valid_2 = Signal.like(step_1), Signal(), Signal()
        m.d.comb += weight_read.addr.eq(step.banks[0].weight_address)
        m.d.sync += [
            step_1.eq(step),
            valid_1.eq(address.step_valid),
            step_2.eq(step_1),
            valid_2.eq(valid_1),
            weights_2.eq(weight_read.data),
        ]

        # No step is issued from a marker on until it is dealt with, its answer taken.
        # The blocks of logits stand in a ring, which a step turns by one: the block at hand is
        # always the first. Behind an event's last step they are back in their places.
        ring: Any = Signal(
            data.ArrayLayout(signed(LOGIT_BITS), shape.blocks * shape.lanes),
            init=self.contents.initial_logits,  # pyright: ignore[reportArgumentType]
        )
        logits = Cat(ring[channel] for channel in range(self.classes))
        turn = Signal()
        done = Signal()
        saturated = self._accumulate(m, step_2, valid_2, weights_2, ring, turn, done, load)
        marker_issued = Signal()
        answering = Signal()
        m.d.comb += [
            marker_issued.eq(address.issue & (address.i.p.kind != Kind.EVENT)),
            address.go.eq(~answering),
        ]
        with m.If(marker_issued):
            m.d.sync += answering.eq(1)
        with m.Elif(done):
            m.d.sync += answering.eq(0)
        if shape.margin is None:
            self._answer(m, step_2, valid_2, ring, logits, turn, done)
        else:
            m.d.comb += turn.eq(0)
            self._decide(m, step_2, valid_2, logits, done)

        m.d.comb += [
            counters.event.eq(address.issue_event),
            counters.dropped.eq(unpacker.dropped + address.outside),
            counters.packet.eq(self.o.valid & self.o.ready),
            counters.busy.eq(address.issue),
            counters.stall.eq(address.i.valid & ~address.go),
            counters.sops.eq(Mux(address.step_valid, step.sops, 0)),
            counters.saturations.eq(saturated),
            self.counters.eq(counters.o),
        ]
        return m

    def _answer(self, m, step, valid, ring, logits, turn, done):
        """Answers markers; finds the class by one comparison a clock."""
        answer, lanes = self.o.p, self.shape.lanes
        index = Signal(range(len(ring)))
        lane = Signal(range(lanes))
        choosing = Signal()
        logit = Signal(signed(LOGIT_BITS))
        logit_index = Signal.like(index)
        comparing = Signal()
        best = Signal(signed(LOGIT_BITS))
        m.d.comb += [
            answer.logits.eq(logits),
            done.eq(self.o.valid & self.o.ready),
            turn.eq(choosing & (lane == lanes - 1)),
        ]
        # For a fast clock chosen in one clock and compared in the next.
        m.d["sync" if self.shape.fast_clock else "comb"] += [
            logit.eq(Array(ring[i] for i in range(lanes))[lane]),
            logit_index.eq(index),
            comparing.eq(choosing),
        ]
        with m.If(valid & (step.kind != Kind.EVENT)):
            m.d.sync += [answer.kind.eq(step.kind), choosing.eq(1), index.eq(0), lane.eq(0)]
        with m.If(choosing):
            m.d.sync += [index.eq(index + 1), lane.eq(Mux(turn, 0, lane + 1))]
            with m.If(index == len(ring) - 1):
                m.d.sync += choosing.eq(0)
        with m.If(comparing):
            # Lanes beyond the last class hold 0.
            is_class = logit_index < self.classes
            with m.If(is_class & ((logit_index == 0) | (logit > best))):
                m.d.sync += [best.eq(logit), answer.class_index.eq(logit_index)]
            m.d.sync += self.o.valid.eq(logit_index == len(ring) - 1)
        with m.If(done):
            m.d.sync += self.o.valid.eq(0)

    def _decide(self, m, step, valid, logits, done):
        """Answers markers, and decides as soon as the margin allows."""
        m.submodules.decision = decision = Decision(self.classes, len(self.margin))
        connect(m, decision.o, flipped(self.o))
        is_event = step.kind == Kind.EVENT
        m.d.sync += [
            decision.event.eq(valid & is_event & step.last),
            decision.marker.eq(valid & ~is_event),
        ]
        with m.If(valid & ~is_event):
            m.d.sync += decision.kind.eq(step.kind)
        m.d.comb += [
            decision.margin.eq(self.margin),
            decision.logits.eq(logits),
            done.eq(decision.done),
        ]

    def _accumulate(self, m, step, valid, weights, ring, turn, done, load):
        """Adds a step's weights to its block of logits; returns how many saturated a clock ago."""
        shape, lanes = self.shape, self.shape.lanes
        high, low = (1 << (LOGIT_BITS - 1)) - 1, -(1 << (LOGIT_BITS - 1))
        saturated = Signal(lanes)
        adding = Signal()
        m.d.comb += adding.eq(valid & step.banks[0].valid)
        for lane in range(lanes):
            total = Signal(signed(LOGIT_BITS + 1), name=f"sum_{lane}")
            result = Signal(signed(LOGIT_BITS), name=f"result_{lane}")
            weight = weights.word_select(lane, shape.weight_bits).as_signed()
            # Out of range: the two highest bits differ.
            out_of_range = total[-1] ^ total[-2]
            m.d.comb += [
                total.eq(ring[lane] + weight),
                result.eq(Mux(out_of_range, Mux(total[-1], low, high), total)),
                saturated[lane].eq(adding & out_of_range),
            ]
            last = len(ring) - lanes + lane
            with m.If(adding | turn):
                for place in range(lane, last, lanes):
                    m.d.sync += ring[place].eq(ring[place + lanes])
                m.d.sync += ring[last].eq(Mux(adding, result, ring[lane]))
        self._begin(m, ring, done, load)
        counted = Signal(lanes)
        m.d.sync += counted.eq(saturated)
        return sum(bit for bit in counted)

    def _begin(self, m, ring, done, load):
        """Sets the logits to where they begin, behind each END and when others are loaded."""
        initial: Any = ring.shape().const(self.contents.initial_logits)
        # A clock later: the taking of an answer comes from far. No step is near yet.
        clear = Signal()
        m.d.sync += clear.eq(done & (self.o.p.kind == Kind.END))
        if self.shape.initial_logits and load is not None:
            number = MemoryMap(self.shape).index("initial_logits")
            initial = Signal.like(ring, name="initial")
            with m.If(load.enable[number]):
                # Between samples, so that the blocks of logits are in their places.
                for logits in (initial, ring):
                    m.d.sync += logits[load.word].eq(load.data[:LOGIT_BITS])
        with m.If(clear):
            m.d.sync += ring.eq(initial)
