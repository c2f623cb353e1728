import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.streams import Buffer


@pytest.mark.parametrize("taking", PATTERNS)
@pytest.mark.parametrize("offering", PATTERNS)
def test_order(offering, taking):
    payloads = [random.Random(1).getrandbits(8) for _ in range(200)]
    dut = Buffer(8)
    process, taken = collect(dut.o, len(payloads), int, PATTERNS[taking], 2)
    simulate(dut, send(dut.i, payloads, PATTERNS[offering], 3), process)
    assert taken == payloads


def test_one_transfer_a_clock():
    dut = Buffer(8)
    process, taken = collect(dut.o, 100, int, 1.0, 0)
    simulate(dut, send(dut.i, range(100), 1.0, 0), process, clocks=103)
    assert taken == list(range(100))
