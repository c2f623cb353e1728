"""Epoch control: clears all membranes at END without touching them."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.shape import CoreShape

__all__ = ["PIPELINE_DEPTH", "EpochControl"]

PIPELINE_DEPTH = 8
"""Clocks after which an issued step has surely been written back."""


class EpochControl(wiring.Component):
    """Epoch control of a core's membranes.

    A membrane word counts only while its tag is the current epoch. END starts the next epoch;
    when the tags are used up, and after reset, a sweep writes tag 0 (which is no epoch) to every
    word while no step may be issued.

    Parameters
    ----------
    shape : CoreShape
        The core.

    Members
    -------
    end : In(1)
        END is issued in this clock.
    epoch : Out
        Epoch of the steps issued in this clock, ``epoch_bits`` wide, never 0.
    ready : Out(1)
        Whether steps may be issued.
    sweep : Out(1)
        Whether to clear the word at ``address`` in every bank.
    address : Out
        Word to clear.
    """

    end: Signal
    epoch: Signal
    ready: Signal
    sweep: Signal
    address: Signal

    def __init__(self, shape: CoreShape):
        self.depth = shape.bank_depth
        super().__init__(
            {
                "end": In(1),
                "epoch": Out(shape.epoch_bits, init=1),  # pyright: ignore[reportCallIssue]
                "ready": Out(1),
                "sweep": Out(1),
                "address": Out(shape.address_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Steps are issued far from the memories that are swept: from one to the other by registers.
        start, finished = Signal(), Signal()
        with m.If(finished):
            m.d.sync += self.ready.eq(1)
        m.d.sync += start.eq(0)
        with m.If(self.end):
            m.d.sync += self.epoch.eq(self.epoch + 1)
            with m.If(self.epoch.all()):
                m.d.sync += [self.epoch.eq(1), self.ready.eq(0), start.eq(1)]

        sweeping = Signal(init=1)
        drain = Signal(range(PIPELINE_DEPTH))
        m.d.comb += [
            self.sweep.eq(sweeping & (drain == 0)),
            finished.eq(self.sweep & (self.address == self.depth - 1)),
        ]
        with m.If(drain != 0):
            m.d.sync += drain.eq(drain - 1)
        with m.If(self.sweep):
            m.d.sync += self.address.eq(self.address + 1)
        with m.If(finished):
            m.d.sync += [self.address.eq(0), sweeping.eq(0)]
        with m.If(start):
            m.d.sync += [sweeping.eq(1), drain.eq(PIPELINE_DEPTH - 1)]
        return m
