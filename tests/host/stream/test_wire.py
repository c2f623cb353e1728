"""Datagrams of AEStream and faery: hand-made ones, and what is none."""

import struct

import numpy as np
import pytest

from tickless.host.stream.wire import FORMATS, WIRES, Datagrams, Decoder
from tickless.sw.data.formats.decoded import Decoded


def datagrams(*contents, arrived_s=None):
    sizes = [len(content) for content in contents]
    arrived_s = arrived_s or [float(index) for index in range(len(contents))]
    return Datagrams(memoryview(b"".join(contents)), sizes, arrived_s)


def rows(events):
    columns = (events.t_us, events.x, events.y, events.on)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def some(count, seed=0, times=1 << 31):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 1 << 14, (2, count)).astype(np.int32)
    on = rng.integers(0, 2, count).astype(bool)
    return Decoded("any", np.sort(rng.integers(0, times, count)), x, y, on)


def words(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def test_words_without_time_stamps_are_timed_by_their_arrival():
    """Bit 31: no time stamp; 30 to 16: x; 15: polarity; 14 to 0: y."""
    decoder = Decoder("aestream")
    events = decoder.decode(
        datagrams(
            words(1 << 31 | 5 << 16 | 1 << 15 | 9),
            words(1 << 31 | 33 << 16 | 20, 1 << 31 | 639 << 16 | 1 << 15 | 479),
            arrived_s=[1.5, 2.25],
        )
    )
    assert rows(events) == [
        (1_500_000, 5, 9, True),
        (2_250_000, 33, 20, False),
        (2_250_000, 639, 479, True),
    ]
    assert decoder.wire is WIRES["aestream"]
    assert WIRES["aestream"].time_bits is None


def test_a_word_whose_highest_bit_is_0_is_followed_by_its_time_stamp():
    decoder = Decoder("aestream")
    content = words(5 << 16 | 1 << 15 | 9, 1000, 33 << 16 | 20, 0xFFFF_FFFF)
    events = decoder.decode(datagrams(content))
    assert rows(events) == [(1000, 5, 9, True), (0xFFFF_FFFF, 33, 20, False)]
    assert decoder.wire is WIRES["aestream-stamped"]
    assert WIRES["aestream-stamped"].time_bits == 32


def test_13_bytes_an_event():
    content = struct.pack("<QHHB", 5_000_000_000, 640, 2, 1) + struct.pack("<QHHB", 7, 0, 480, 0)
    events = Decoder("t64_x16_y16_on8").decode(datagrams(content))
    assert rows(events) == [(5_000_000_000, 640, 2, True), (7, 0, 480, False)]


def test_8_bytes_an_event_with_polarity_in_the_lowest_bit_of_y():
    content = struct.pack("<IHH", 0xFFFF_FFFF, 640, 2 << 1 | 1) + struct.pack(
        "<IHH", 7, 0, 480 << 1
    )
    events = Decoder("t32_x16_y15_on1").decode(datagrams(content))
    assert rows(events) == [(0xFFFF_FFFF, 640, 2, True), (7, 0, 480, False)]


@pytest.mark.parametrize("name", WIRES)
def test_what_is_encoded_is_decoded(name):
    wire, events = WIRES[name], some(1000)
    records = wire.encode(events)
    contents = [records[at : at + wire.events].tobytes() for at in range(0, 1000, wire.events)]
    decoder = Decoder(name.removesuffix("-stamped"))
    decoded = decoder.decode(datagrams(*contents))
    for column in ("x", "y", "on", "t_us")[: 4 if wire.time_bits else 3]:
        assert (getattr(decoded, column) == getattr(events, column)).all(), column
    assert decoder.malformed == 0
    assert decoder.wire is wire


def test_longer_times_wrap_on_the_wire():
    zero = np.zeros(1, np.int32)
    events = Decoded("any", np.array([(1 << 32) + 3]), zero, zero, zero > 0)
    assert WIRES["t32_x16_y15_on1"].encode(events)["t"].tolist() == [3]


GOOD = {
    "aestream": words(1 << 31 | 5 << 16 | 9) * 3,
    "aestream-stamped": words(5 << 16 | 9, 77) * 3,
    "t64_x16_y16_on8": struct.pack("<QHHB", 77, 5, 9, 0) * 3,
    "t32_x16_y15_on1": struct.pack("<IHH", 77, 5, 18) * 3,
}

BAD = [
    ("aestream", b"abc"),
    ("aestream", words(1 << 31 | 5 << 16, 5 << 16)),  # the second word wants a time stamp
    ("aestream", words(1 << 31 | 0x4000 << 16)),  # x of no camera
    ("aestream", words(1 << 31 | 0x4000)),
    ("aestream", GOOD["aestream-stamped"]),
    ("aestream-stamped", words(5 << 16, 1, 5 << 16)),  # a time stamp is missing
    ("aestream-stamped", GOOD["aestream"] + words(1 << 31)),
    ("t64_x16_y16_on8", GOOD["t64_x16_y16_on8"][:-1]),
    ("t64_x16_y16_on8", struct.pack("<QHHB", 77, 5, 9, 2)),
    ("t64_x16_y16_on8", struct.pack("<QHHB", 1 << 62, 5, 9, 1)),
    ("t64_x16_y16_on8", struct.pack("<QHHB", 77, 5, 1 << 14, 1)),
    ("t32_x16_y15_on1", GOOD["t32_x16_y15_on1"] + b"\0"),
    ("t32_x16_y15_on1", struct.pack("<IHH", 77, 1 << 14, 5)),
]


@pytest.mark.parametrize(("name", "bad"), BAD)
def test_a_datagram_that_is_none_is_left_out_whole_and_counted(name, bad):
    good, decoder = GOOD[name], Decoder(name.removesuffix("-stamped"))
    events = decoder.decode(datagrams(good, bad, good + bad, good))
    alone = Decoder(name.removesuffix("-stamped")).decode(datagrams(good, good))
    assert [row[1:] for row in rows(events)] == [row[1:] for row in rows(alone)]
    assert decoder.malformed == 2


def test_the_first_sound_datagram_tells_the_form():
    decoder = Decoder("aestream")
    assert len(decoder.decode(datagrams(b"", b"abc"))) == 0
    assert (decoder.wire, decoder.malformed) == (None, 2)
    assert len(decoder.decode(datagrams(b"abc", GOOD["aestream-stamped"], GOOD["aestream"]))) == 3
    assert decoder.wire is WIRES["aestream-stamped"]
    assert decoder.malformed == 4


@pytest.mark.parametrize("name", FORMATS)
def test_random_bytes_are_left_out_or_events_of_a_camera(name):
    rng, decoder = np.random.default_rng(1), Decoder(name)
    for _ in range(200):
        contents = [rng.bytes(int(size)) for size in rng.integers(0, 60, 20)]
        before = decoder.malformed
        events = decoder.decode(datagrams(*contents))
        assert before <= decoder.malformed <= before + 20
        assert ((events.x >= 0) & (events.x < 1 << 14)).all()
        assert ((events.y >= 0) & (events.y < 1 << 14)).all()
        assert (events.t_us >= 0).all()
