import random

from tests.hw.stream_io import PATTERNS, collect, simulate
from tickless.hw.byte_ring import ByteRing


def test_bytes_that_are_kept_come_out_in_order_and_others_do_not():
    dut = ByteRing(8)
    rng = random.Random(1)
    kept = bytearray()
    process, taken = collect(dut.o, 60, int, PATTERNS["light"], 2)

    async def write(ctx):
        place = 0
        while len(kept) < 60:
            part = rng.randbytes(rng.randrange(1, min(6, 61 - len(kept)) + 1))[: 60 - len(kept)]
            for offset, byte in enumerate(part):
                while (place + offset + 1 - ctx.get(dut.reading)) % 8 == 0:
                    await ctx.tick()
                ctx.set(dut.address, (place + offset) % 8)
                ctx.set(dut.i, byte)
                ctx.set(dut.write, 1)
                await ctx.tick()
                ctx.set(dut.write, 0)
            if rng.random() < 0.5:
                place += len(part)
                kept.extend(part)
                ctx.set(dut.end, place % 8)
                ctx.set(dut.keep, 1)
                await ctx.tick()
                ctx.set(dut.keep, 0)

    simulate(dut, write, process, clocks=5_000)
    assert bytes(taken) == bytes(kept)
