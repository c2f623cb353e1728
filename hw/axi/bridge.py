"""Bridge: a design's streams, counters and settings as AXI4-Stream and AXI4-Lite."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.axi.answers import AnswerWriter
from tickless.hw.axi.beats import BeatReader, beat_layout
from tickless.hw.axi.register_file import RegisterFile
from tickless.hw.axi.shape import CLOCK_BITS, WORD_BITS, AxiShape
from tickless.hw.packet import Kind

__all__ = ["AxiBridge"]

SAMPLE_BITS = 12
"""Width of the count of samples without an answer: more than all queues of a design hold."""


class AxiBridge(wiring.Component):
    """Bridge between AXI and a design.

    Parameters
    ----------
    shape : AxiShape
        The design's.

    Members
    -------
    beats : In(stream)
        Events and markers: `hw.axi.beats.BeatReader`.
    words : Out(stream)
        Answers: `hw.axi.answers.AnswerWriter`.
    bus, counters, margin, skipped, load, load_counters
        As of `hw.axi.register_file.RegisterFile`.
    packets : Out(stream)
        For the design.
    answers : In(stream)
        From the design.
    """

    beats: stream.Interface
    words: stream.Interface
    packets: stream.Interface
    answers: stream.Interface

    def __init__(self, shape: AxiShape):
        self.shape = shape
        self.registers = RegisterFile(shape)
        self.passed = {
            name: member
            for name, member in self.registers.signature.members.items()
            if name not in ("status", "first_clock", "marker_clock")
        }
        super().__init__(
            {
                **self.passed,
                "beats": In(stream.Signature(beat_layout(shape.event))),
                "words": Out(stream.Signature(beat_layout(WORD_BITS))),
                "packets": Out(stream.Signature(shape.link.layout)),
                "answers": In(stream.Signature(shape.answers)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = BeatReader(self.shape)
        m.submodules.writer = writer = AnswerWriter(self.shape)
        m.submodules.registers = registers = self.registers
        connect(m, flipped(self.beats), reader.i)
        connect(m, reader.o, flipped(self.packets))
        connect(m, flipped(self.answers), writer.i)
        connect(m, writer.o, flipped(self.words))
        for name, member in self.passed.items():
            outside, inside = getattr(self, name), getattr(registers, name)
            if member.is_signature:
                connect(m, flipped(outside), inside)
            elif member.flow == In:
                m.d.comb += inside.eq(outside)
            else:
                m.d.comb += outside.eq(inside)

        clock = Signal(CLOCK_BITS)
        begun = Signal()
        unanswered = Signal(SAMPLE_BITS)
        packet, answer = self.packets, self.answers
        taken = Signal()
        ends = Signal()
        answered = Signal()
        m.d.comb += [
            taken.eq(packet.valid & packet.ready),
            ends.eq(taken & (packet.p.kind == Kind.END)),
            answered.eq(answer.valid & answer.ready & (answer.p.kind == Kind.END)),
            writer.clock.eq(clock),
            registers.status.eq(begun | unanswered << 16),
        ]
        m.d.sync += [clock.eq(clock + 1), unanswered.eq(unanswered + ends - answered)]
        with m.If(taken):
            m.d.sync += begun.eq(~ends)
            with m.If(~begun):
                m.d.sync += registers.first_clock.eq(clock)
            with m.If(packet.p.kind != Kind.EVENT):
                m.d.sync += registers.marker_clock.eq(clock)
        return m
