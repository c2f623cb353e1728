import gc
from fractions import Fraction

import pytest
from amaranth.sim import Simulator

from tickless.hw.host.uart import UartReceiver, UartTransmitter


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("part", [UartReceiver, UartTransmitter])
@pytest.mark.parametrize("divisor", [1, 4.0, True])
def test_refuses(part, divisor):
    with pytest.raises(ValueError, match=f"divisor = {divisor}: expected an integer of at least 2"):
        part(divisor)
    gc.collect()


@pytest.mark.parametrize("divisor", [2, 3, 4, 8])
@pytest.mark.parametrize("percent", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("phase", [Fraction(sixteenth, 16) for sixteenth in range(0, 16, 3)])
def test_bytes_without_a_gap_arrive_at_a_rate_that_is_off(divisor, percent, phase):
    """The line is seen at the times of the receiver's samples; it begins anywhere in a clock."""
    sent = [0x00, 0xFF, 0x55, 0xAA, 0x0F, 0x80, 0x7F, 0x01, *range(3, 256, 17)]
    bits = [bit for byte in sent for bit in (0, *(byte >> place & 1 for place in range(8)), 1)]
    bit_clocks = divisor / (1 + Fraction(percent, 100))
    receiver = UartReceiver(divisor)
    samples = len(receiver.rx)
    arrived = []

    def level(time: Fraction) -> int:
        place = (time - 1 - phase) // bit_clocks
        return bits[place] if 0 <= place < len(bits) else 1

    async def line(ctx):
        for clock in range(int(len(bits) * bit_clocks) + 3 * divisor + 8):
            seen = [level(clock + Fraction(sample, samples)) for sample in range(samples)]
            ctx.set(receiver.rx, sum(bit << sample for sample, bit in enumerate(seen)))
            await ctx.tick()
            assert not ctx.get(receiver.error)
            if ctx.get(receiver.valid):
                arrived.append(ctx.get(receiver.o))

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(line)
    simulator.run()
    assert arrived == sent


def test_a_transmitter_of_two_clocks_a_bit_sends_a_byte_in_twenty_one():
    transmitter = UartTransmitter(2)
    levels = []

    async def send(ctx):
        for byte in (0xA5, 0x3C):
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            for _ in range(21):
                await ctx.tick()
                levels.append(ctx.get(transmitter.tx))

    simulator = Simulator(transmitter)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.run()
    for start, byte in ((0, 0xA5), (21, 0x3C)):
        bits = [0, *(byte >> place & 1 for place in range(8)), 1]
        assert levels[start : start + 21] == [bit for bit in bits for _ in range(2)] + [1]
