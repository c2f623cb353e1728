import random
from typing import Any

import pytest
from amaranth.hdl import Signal, Value

from tests.hw.cores import make_contents, make_core
from tests.hw.stream_io import simulate
from tickless.hw.core import neurons
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.neurons import NeuronBank
from tickless.hw.ram import Ram


def model(config, contents, updates):
    """The contract's neuron, one update after the other."""
    membranes, fired = {}, []
    bits = config.weight_bits
    epoch = None
    for update in updates:
        if not update["valid"]:
            fired.append(0)
            continue
        if update["epoch"] != epoch:
            membranes, epoch = {}, update["epoch"]
        word = contents.weight_words[update["weight_address"]]
        mask = 0
        for lane in range(config.lanes):
            if not update["lane_enable"] >> lane & 1:
                continue
            weight = word >> (lane * bits) & ((1 << bits) - 1)
            weight -= (weight >> (bits - 1)) << bits
            channel = update["block"] * config.lanes + lane
            total = membranes.get((update["address"], lane), 0) + weight
            if total >= contents.thresholds[channel]:
                mask |= 1 << lane
                total = total - contents.thresholds[channel] if config.reset == "subtract" else 0
            total = min(max(total, contents.floors[channel]), config.ceil)
            membranes[update["address"], lane] = total
        fired.append(mask)
    return fired


class CollidingRam(Ram):
    """Memory that makes the worst of a read of the word that is written: other membranes, and the
    tag of the epoch behind the written one."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        collided = Signal()
        worst: Any = Signal(self.shape)
        m.d.sync += [
            collided.eq(self.write.en & (self.write.addr == self.address)),
            worst.membranes.eq(~Value.cast(self.write.data.membranes)),
            worst.epoch.eq(self.write.data.epoch + 1),
        ]
        with m.If(collided):
            m.d.comb += self.word.eq(worst)
        return m


def parameters(config, contents, block):
    """Thresholds and floors of a channel block."""
    channels = slice(block * config.lanes, (block + 1) * config.lanes)
    return {
        "ceil": config.ceil,
        "thresholds": contents.thresholds[channels],
        "floors": contents.floors[channels],
    }


@pytest.mark.parametrize(
    ("weight_bits", "membrane_bits", "ceil_bits"),
    [
        (2, 2, None),
        (4, 6, None),
        (8, 4, None),
        (8, 4, 1),
        (8, 10, None),
        (8, 10, 5),
        (8, 10, 0),
        (16, 17, None),
    ],
)
@pytest.mark.parametrize("addresses", [1, 3, 8])
@pytest.mark.parametrize("single_port", [False, True])
@pytest.mark.parametrize("fast_clock", [False, True])
@pytest.mark.parametrize(("channels", "reset"), [(5, "subtract"), (6, "subtract"), (5, "zero")])
def test_equals_the_contract(
    monkeypatch,
    weight_bits,
    membrane_bits,
    ceil_bits,
    addresses,
    single_port,
    fast_clock,
    channels,
    reset,
):
    monkeypatch.setattr(neurons, "Ram", CollidingRam)
    config = make_core(
        output_shape=(channels, 8, 8),
        size=(16, 16),
        lanes=3,
        taps=1,
        weight_bits=weight_bits,
        membrane_bits=membrane_bits,
        ceil_bits=ceil_bits,
        single_port=single_port,
        fast_clock=fast_clock,
        reset=reset,
    )
    contents = make_contents(config, seed=addresses)
    rng = random.Random(membrane_bits)
    updates = []
    for index in range(400):
        address = rng.randrange(addresses)
        lanes = config.lane_mask(config.edges[0], 0, address % 2)
        some = lanes if config.whole_blocks else lanes & rng.getrandbits(3)
        updates.append(
            {
                "valid": rng.random() < 0.85 and not (single_port and index % 2),
                "address": address,
                "block": address % 2,
                "weight_address": rng.randrange(config.weight_depth),
                "lane_enable": rng.choice([lanes, lanes, lanes, some]),
                "epoch": 1 + index // 50,
            }
        )
    dut = NeuronBank(config, contents)
    got = []
    shape = dut.parameters.shape()
    of_blocks = [shape.const(parameters(config, contents, block)) for block in (0, 1)]

    async def drive(ctx):
        blocks = [0] * config.operand_stage
        for update in [*updates, *[{"valid": 0}] * 4]:
            ctx.set(dut.parameters, of_blocks[blocks.pop(0)])
            blocks.append(update.pop("block", 0))
            ctx.set(dut.update, update)
            await ctx.tick()
            got.append(ctx.get(dut.fired))

    expected = model(config, contents, updates)
    simulate(dut, drive, clocks=500)
    delay = config.operand_stage + 1
    assert got[delay : delay + len(expected)] == expected
    assert any(got)


@pytest.mark.parametrize(("reset", "spikes"), [("subtract", [1, 1, 1, 0]), ("zero", [1, 0, 0, 0])])
@pytest.mark.parametrize("single_port", [False, True])
@pytest.mark.parametrize("fast_clock", [False, True])
def test_what_a_spike_leaves_fires_again_only_with_subtraction(
    reset, spikes, single_port, fast_clock
):
    """35 at a threshold of 10, then three visits with a weight of 0, as soon as they can come."""
    config = make_core(
        lanes=1,
        taps=1,
        weight_bits=8,
        membrane_bits=8,
        reset=reset,
        single_port=single_port,
        fast_clock=fast_clock,
    )
    words = [0] * config.weight_depth
    words[0] = 35
    contents = CoreContents((tuple(words),), (10,) * 4, (-10,) * 4)
    dut = NeuronBank(config, contents)
    got = []

    async def drive(ctx):
        ctx.set(dut.parameters, {"ceil": 127, "thresholds": [10], "floors": [-10]})
        update = {"valid": 1, "address": 3, "lane_enable": 1, "epoch": 1}
        for word in (0, 1, 1, 1):
            ctx.set(dut.update, {**update, "weight_address": word})
            await ctx.tick()
            got.append(ctx.get(dut.fired))
            ctx.set(dut.update, {"valid": 0})
            for _ in range(config.clocks_per_step - 1):
                await ctx.tick()
                got.append(ctx.get(dut.fired))
        for _ in range(config.operand_stage + 1):
            await ctx.tick()
            got.append(ctx.get(dut.fired))

    simulate(dut, drive)
    assert got[config.operand_stage + 1 :: config.clocks_per_step][:4] == spikes


def test_sweep_leaves_a_word_of_no_epoch():
    config = make_core(lanes=4, taps=4)
    contents = make_contents(config, seed=5)
    dut = NeuronBank(config, contents)
    words = []

    async def drive(ctx):
        ctx.set(dut.parameters, parameters(config, contents, 0))
        update = {"valid": 1, "address": 1, "weight_address": 3, "lane_enable": 15, "epoch": 1}
        ctx.set(dut.update, update)
        await ctx.tick()
        ctx.set(dut.update, {"valid": 0})
        await ctx.tick().repeat(4)
        words.append(ctx.get(dut.membranes.memory.data[1]).epoch)
        ctx.set(dut.sweep, 1)
        ctx.set(dut.sweep_address, 1)
        await ctx.tick()
        ctx.set(dut.sweep, 0)
        await ctx.tick()
        words.append(ctx.get(dut.membranes.memory.data[1]).epoch)

    simulate(dut, drive)
    assert words == [1, 0]
