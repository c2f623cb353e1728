"""Lists of a layer's tiles, read side by side for a merge."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.lists import TOKEN_LAYOUT, ListDecoder
from tickless.hw.passes.reader import WordReader
from tickless.hw.passes.traffic import port_signature
from tickless.hw.sdram.timing import ADDRESS_BITS

__all__ = ["TileLists"]

BURST = 64
"""Words of a reader's longest burst."""


class TileLists(wiring.Component):
    """Readers and decoders of the tiles' lists.

    Parameters
    ----------
    tiles : int
        Lists.

    Members
    -------
    start : In(1)
        Begin to read the first ``used`` lists; only while ``idle``.
    used, starts : In
        How many there are, and the first word of each.
    stop : In(1)
        Read no more.
    clear : In(1)
        Forget all, a burst that was asked for, too.
    idle : Out(1)
        Whether nothing is read or under way.
    takes : In(1)
        Whether words are taken, a clock later.
    bad : Out(1)
        Whether a word is none of a list, three clocks later.
    o : Out(stream).array(tiles)
        Tokens of each list.
    ports : Out(port_signature).array(tiles)
        To the SDRAM.
    """

    start: Signal
    used: Signal
    starts: Any
    stop: Signal
    clear: Signal
    idle: Signal
    takes: Signal
    bad: Signal
    o: Sequence[stream.Interface]
    ports: Sequence[Any]

    def __init__(self, tiles: int):
        self.tiles = tiles
        super().__init__(
            {
                "start": In(1),
                "used": In(range(tiles + 1)),
                "starts": In(data.ArrayLayout(ADDRESS_BITS, tiles)),
                "stop": In(1),
                "clear": In(1),
                "idle": Out(1),
                "takes": In(1),
                "bad": Out(1),
                "o": Out(stream.Signature(TOKEN_LAYOUT)).array(tiles),
                "ports": Out(port_signature()).array(tiles),
            }
        )

    def elaborate(self, platform):
        m = Module()
        idle, bad = [], []
        for tile in range(self.tiles):
            # The lists lie all over the chip: registers beside each.
            takes, stop, clear = (
                Signal(name=f"{name}_{tile}", attrs={"copy": 1})
                for name in ("takes", "stop", "clear")
            )
            reader, decoder = WordReader(BURST), ListDecoder()
            m.submodules[f"reader_{tile}"] = ResetInserter(clear)(reader)
            m.submodules[f"decoder_{tile}"] = ResetInserter(stop)(decoder)
            bad_word, bad_list = Signal(name=f"bad_word_{tile}"), Signal(name=f"bad_list_{tile}")
            m.d.sync += [
                takes.eq(self.takes),
                stop.eq(self.stop | self.clear),
                clear.eq(self.clear),
                bad_word.eq(decoder.bad),
                bad_list.eq(bad_word),
            ]
            connect(m, reader.port, flipped(self.ports[tile]))
            connect(m, decoder.o, flipped(self.o[tile]))
            m.d.comb += [
                reader.address.eq(self.starts[tile]),
                reader.start.eq(self.start & (tile < self.used)),
                reader.stop.eq(self.stop),
                decoder.i.payload.eq(reader.o.payload),
                decoder.i.valid.eq(reader.o.valid & takes),
                reader.o.ready.eq(decoder.i.ready & takes),
            ]
            idle.append(reader.idle)
            bad.append(bad_list)
        m.d.comb += self.idle.eq(Cat(idle).all())
        m.d.sync += self.bad.eq(Cat(bad).any())
        return m
