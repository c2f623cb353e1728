import random

from tests.hw.cores import make_contents, make_core
from tests.hw.stream_io import simulate
from tickless.hw.core.loader import Loader
from tickless.hw.core.memory_map import ADDRESS_BITS, MemoryMap

CONFIG = make_core(output_shape=(6, 3, 3), lanes=3, weight_bits=8, membrane_bits=9)
CONTENTS = make_contents(CONFIG)
MAP = MemoryMap(CONFIG)


def load(chunks):
    """Send chunks, None for a clock without; returns the words written and the unknown ones."""
    dut = Loader(MAP)
    written, unknown = {}, []

    async def drive(ctx):
        for chunk in [*chunks, None]:
            ctx.set(dut.i_valid, chunk is not None)
            if chunk is not None:
                ctx.set(dut.i, {"address": chunk[0], "data": chunk[1]})
                if ctx.get(dut.unknown):
                    unknown.append(chunk)
            await ctx.tick()
            enable = ctx.get(dut.o.enable)
            for number, region in enumerate(MAP.regions):
                if enable >> number & 1:
                    word = ctx.get(dut.o.data) & ((1 << region.word_bits) - 1)
                    written[region.name, ctx.get(dut.o.word)] = word

    simulate(dut, drive, clocks=len(chunks) + 10)
    return written, unknown


def test_writes_every_word():
    rng = random.Random(1)
    chunks = []
    for chunk in MAP.chunks(CONTENTS):
        chunks += [None] * rng.randint(0, 2)
        chunks.append(chunk)
    expected = {
        (name, index): word
        for name, words in MAP.words(CONTENTS).items()
        for index, word in enumerate(words)
    }
    assert load(chunks) == (expected, [])


def test_unknown_addresses_change_nothing():
    known = dict(MAP.chunks(CONTENTS))
    used = 1 << max(known).bit_length()
    addresses = [*range(used), *range(used, 1 << ADDRESS_BITS, (1 << ADDRESS_BITS) // 50)]
    missing = [(address, 5) for address in addresses if address not in known]
    assert len(missing) > 60
    assert load(missing) == ({}, missing)
