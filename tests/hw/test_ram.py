import gc
import re

import pytest
from amaranth.back import verilog
from amaranth_boards.icebreaker import ICEBreakerPlatform

from tests.hw.stream_io import simulate
from tickless.hw.ram import Ram


def test_reads_the_word_as_it_was():
    dut = Ram(8, 4, single_port=False)
    words = []

    async def drive(ctx):
        ctx.set(dut.write.en, 1)
        for value in (5, 6):
            ctx.set(dut.write.data, value)
            ctx.set(dut.address, 0)
            await ctx.tick()
            words.append(ctx.get(dut.word))
        ctx.set(dut.write.en, 0)
        await ctx.tick()
        words.append(ctx.get(dut.word))
        ctx.set(dut.enable, 0)
        ctx.set(dut.address, 1)
        await ctx.tick()
        words.append(ctx.get(dut.word))

    simulate(dut, drive)
    assert words == [0, 5, 6, 6]


@pytest.mark.parametrize(("width", "count"), [(1, 1), (16, 1), (17, 2), (33, 3)])
def test_single_port_memory_of_an_ultraplus_is_spram(width, count):
    dut = Ram(width, 1000, single_port=True)
    text = verilog.convert(dut, platform=ICEBreakerPlatform(), emit_src=False)
    assert len(re.findall(r"^\s*SB_SPRAM256KA ", text, re.MULTILINE)) == count
    assert not re.search(r"\bmemory\b.*\[", text)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_too_deep_for_single_port():
    with pytest.raises(ValueError, match="depth = 16385: expected at most 16384 words"):
        Ram(8, 16385, single_port=True)
    gc.collect()
