"""Loader: from the image of a pass to the memories that hold it."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import Region, region_chunks, region_depth
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.words import WORD_BITS

__all__ = ["PassLoader", "write_layout"]

REGIONS = [region for region in Region if region != Region.CHECKSUM]


def write_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of a write into a region: its number, 0 for none, the word's address, and the word."""
    return data.StructLayout(
        {
            "region": Region,
            "address": max(ceil_log2(region_depth(shape, region)) for region in REGIONS),
            "word": WORD_BITS * max(region_chunks(shape, region) for region in REGIONS),
        }
    )


class PassLoader(wiring.Component):
    """Loader of passes.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    start : In(1)
        An image begins with the next word.
    i : In(stream)
        Words of the image; one or two behind it may be taken, and are lost.
    o : Out(write_layout)
        Writes; the lowest bits of the word are the region's.
    done : Out(1)
        High for one clock behind an image whose checksum is right.
    bad : Out(1)
        High for one clock where it is not, or a region is none.
    """

    start: Signal
    i: stream.Interface
    o: Any
    done: Signal
    bad: Signal

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "start": In(1),
                "i": In(stream.Signature(WORD_BITS)),
                "o": Out(write_layout(shape)),
                "done": Out(1),
                "bad": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, out = self.shape, self.o
        # Words come from far.
        word, valid = Signal(WORD_BITS), Signal()
        m.d.sync += [word.eq(self.i.payload), valid.eq(self.i.valid & self.i.ready)]
        region = Signal(Region)
        address = Signal(WORD_BITS)
        words = Signal(WORD_BITS)
        chunk = Signal(range(max(region_chunks(shape, each) for each in REGIONS)))
        first, second = Signal(WORD_BITS), Signal(WORD_BITS)
        last_chunk = Signal()
        with m.Switch(region):
            for each in REGIONS:
                with m.Case(each):
                    m.d.comb += last_chunk.eq(chunk == region_chunks(shape, each) - 1)
        # A write two clocks before it goes out, and one; which chunk of its word comes, from far.
        write = data.StructLayout({"region": Region, "address": out.address.shape()})
        ahead, then = Signal(write), Signal(write)
        chunk_word, chunk_place, chunk_comes = Signal(WORD_BITS), Signal.like(chunk), Signal()
        comes = Signal(len(out.word) // WORD_BITS)
        m.d.sync += [
            chunk_word.eq(word),
            chunk_place.eq(chunk),
            chunk_comes.eq(0),
            comes.eq(chunk_comes << chunk_place),
            ahead.region.eq(0),
            then.eq(ahead),
            out.region.eq(then.region),
            out.address.eq(then.address),
            self.done.eq(0),
            self.bad.eq(0),
        ]
        # Lanes lie far from each other; those of a chunk of weights come again behind those of all
        # others: a register beside them.
        period = max(1, shape.lanes * shape.weight_bits // WORD_BITS)
        near = [
            Signal(WORD_BITS, name=f"chunk_word_{n}", reset_less=True, attrs={"copy": 1})
            for n in range(period)
        ]
        m.d.sync += [each.eq(chunk_word) for each in near]
        for place in range(len(comes)):
            with m.If(comes[place]):
                m.d.sync += out.word.word_select(place, WORD_BITS).eq(near[place % period])

        def summed():
            return [first.eq(first + word), second.eq(second + first + word)]

        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [self.i.ready.eq(1), first.eq(0), second.eq(0)]
                m.next = "REGION"
            with m.State("REGION"), m.If(valid):
                m.d.sync += region.eq(word[: len(region)])
                with m.If(word == Region.CHECKSUM):
                    m.next = "FIRST SUM"
                with m.Elif(word > max(Region)):
                    m.d.sync += [self.bad.eq(1), self.i.ready.eq(0)]
                    m.next = "IDLE"
                with m.Else():
                    m.d.sync += summed()
                    m.next = "ADDRESS"
            with m.State("ADDRESS"), m.If(valid):
                m.d.sync += [address.eq(word), *summed()]
                m.next = "WORDS"
            with m.State("WORDS"), m.If(valid):
                m.d.sync += [words.eq(word), chunk.eq(0), *summed()]
                m.next = "CHUNK"
                with m.If(word == 0):
                    m.next = "REGION"
            with m.State("CHUNK"), m.If(valid):
                m.d.sync += [
                    chunk_comes.eq(1),
                    chunk.eq(chunk + 1),
                    *summed(),
                ]
                with m.If(last_chunk):
                    m.d.sync += [
                        chunk.eq(0),
                        ahead.region.eq(region),
                        ahead.address.eq(address),
                        address.eq(address + 1),
                        words.eq(words - 1),
                    ]
                    with m.If(words == 1):
                        m.next = "REGION"
            with m.State("FIRST SUM"), m.If(valid):
                m.d.sync += first.eq(first ^ word)
                m.next = "SECOND SUM"
            with m.State("SECOND SUM"), m.If(valid):
                right = (first == 0) & (second == word)
                m.d.sync += [self.done.eq(right), self.bad.eq(~right), self.i.ready.eq(0)]
                m.next = "IDLE"
        return m
