from tests.hw.cores import make_core
from tests.hw.stream_io import simulate
from tickless.hw.core.epoch import PIPELINE_DEPTH, EpochControl


def test_sweeps_after_reset_and_at_each_wrap():
    config = make_core(epoch_bits=4)
    dut = EpochControl(config)
    log = []

    async def drive(ctx):
        for _ in range(3):
            swept = []
            waited = 0
            while not ctx.get(dut.ready):
                if ctx.get(dut.sweep):
                    swept.append(ctx.get(dut.address))
                waited += 1
                await ctx.tick()
            epochs = []
            while ctx.get(dut.ready):
                epochs.append(ctx.get(dut.epoch))
                ctx.set(dut.end, 1)
                await ctx.tick()
                ctx.set(dut.end, 0)
            log.append((swept, waited, epochs))

    simulate(dut, drive)
    words = list(range(config.bank_depth))
    assert log[0] == (words, len(words), list(range(1, 16)))
    assert log[1:] == [(words, len(words) + PIPELINE_DEPTH, list(range(1, 16)))] * 2
