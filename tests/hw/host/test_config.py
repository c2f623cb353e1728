import pytest

from tickless.errors import InputError
from tickless.hw.host.config import HostConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clock_hz": 0}, r"clock_hz = 0: expected an integer in 1\.\.4294967295"),
        ({"baud": 9600.0}, r"baud = 9600\.0: expected an integer"),
        ({"baud": 16_000_001}, r"baud = 16000001: expected at most 12000000, half of clock_hz"),
        ({"baud": 5_300_000}, r"baud = 5300000: clock_hz = 24000000 gives 4800000 at best"),
        ({"buffer_bytes": 128}, r"buffer_bytes = 128: expected an integer in 256\.\.32768"),
        ({"buffer_bytes": 1000}, r"buffer_bytes = 1000: expected a power of two"),
        ({"stored_events": -1}, r"stored_events = -1: expected an integer"),
        ({"network": 2**64}, r"network = 18446744073709551616: expected an integer"),
    ],
)
def test_config_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        HostConfig(**{"clock_hz": 24_000_000, **changes})


def test_divisor():
    assert HostConfig(24_000_000).divisor == 8
    assert HostConfig(100_000_000).divisor == 33


@pytest.mark.parametrize(("baud", "samples"), [(6_000_000, 1), (8_000_000, 2), (12_000_000, 2)])
def test_a_short_bit_is_seen_twice_a_clock(baud, samples):
    assert HostConfig(24_000_000, baud).samples_per_clock == samples


def test_a_link_without_a_serial_line_has_no_divisor():
    config = HostConfig(clock_hz=75_000_000, baud=0)
    with pytest.raises(InputError, match="baud = 0: expected at least 1 on a serial line"):
        _ = config.divisor
