"""Frames and messages, byte for byte as `docs/host.md` and `hw.host.messages` say."""

from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host.fake import INFO, pack
from tickless.host.frames import Frame, FrameReader, encode_frame
from tickless.host.protocol import (
    Acknowledgement,
    Answer,
    CounterValues,
    ProtocolError,
    Refusal,
    Replayed,
    Synced,
    VersionError,
    encode_events,
    read_message,
)
from tickless.hw.core.counters import counter_layout
from tickless.hw.host.messages import (
    CRC,
    DATA_BYTES,
    LINK_INDEX,
    REPLAYED_LAYOUT,
    Error,
    Reply,
    answer_message,
    link_counters,
)
from tickless.hw.packet import Kind

frames = st.builds(
    Frame,
    st.integers(0, 255),
    st.integers(0, 255),
    st.one_of(st.binary(max_size=DATA_BYTES), st.integers(0, DATA_BYTES).map(bytes)),
)


def test_worked_bytes():
    # CRC-16/IBM-SDLC's published check value is 906E: here of the frame 31 32 "3456789".
    assert encode_frame(Frame(0x31, 0x32, b"3456789")) == b"\x0c123456789\x6e\x90\0"
    # 05 03 00 00: the check is worked out by Amaranth; COBS counts to each 00.
    low, high = CRC(8).compute(b"\x05\x03\0\0").to_bytes(2, "little")
    expected = bytes([3, 5, 3, 1, 3, low, high, 0])
    assert encode_frame(Frame(5, 3, bytes(2))) == expected


@given(frames)
def test_the_check_is_the_one_that_hardware_computes(frame):
    body = bytes((frame.sequence, frame.kind)) + frame.data
    content = encode_frame(frame)
    assert 0 not in content[:-1]
    assert len(content) == len(body) + 4
    whole = body + CRC(8).compute(body).to_bytes(2, "little")
    assert list(FrameReader().feed(content)) == [frame]
    assert content == encode_by_hand(whole)


def encode_by_hand(body):
    """COBS of less than 254 bytes, by its definition."""
    return b"".join(bytes([len(part) + 1]) + part for part in body.split(b"\0")) + b"\0"


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 300), min_size=1))
def test_frames_arrive_in_pieces(sent, sizes):
    content = b"".join(b"\0" + encode_frame(frame) for frame in sent)
    reader, received, place = FrameReader(), [], 0
    while place < len(content):
        size = sizes[place % len(sizes)]
        received += reader.feed(content[place : place + size])
        place += size
    assert received == sent
    assert reader.errors == 0


@given(st.binary(max_size=2000), frames)
def test_behind_garbage_comes_a_frame(garbage, frame):
    reader = FrameReader()
    list(reader.feed(garbage))
    assert frame in list(reader.feed(b"\0" + encode_frame(frame)))


@given(frames, st.data())
def test_a_flipped_bit_is_noticed(frame, draw):
    content = bytearray(encode_frame(frame))
    bit = draw.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    reader = FrameReader()
    assert not list(reader.feed(bytes(content) + b"\0"))
    assert reader.errors


def test_what_never_ends_is_not_kept():
    reader = FrameReader()
    for _ in range(100):
        assert not list(reader.feed(b"\1" * 1000))
    assert len(reader._rest) < 300
    assert not list(reader.feed(b"\0"))
    assert reader.errors == 1


def test_events():
    # N-MNIST: channel 1 bit, x 6, y 6. Outside: y = 63.
    events = np.array([(1, 33, 5), (0, 0, 0), (0, 34, 1), (2, 0, 0), (1, -1, 7)])
    content = encode_events(INFO, events)
    assert content.tobytes().hex(" ") == "8b 10 00 00 80 1f 80 1f 80 1f"


@pytest.mark.parametrize("sensor", [(1, 1, 1), (2, 128, 128), (5, 7, 300), (300, 2, 65535)])
def test_events_have_the_layout_that_hardware_reads(sensor):
    info = replace(INFO, channels=sensor[0], height=sensor[1], width=sensor[2])
    events = np.random.default_rng(1).integers(0, sensor, (100, 3))
    expected = [
        pack(info.event_layout, {"channel": channel, "y": y, "x": x})
        for channel, y, x in events.tolist()
    ]
    assert [row.tobytes() for row in encode_events(info, events)] == expected
    assert info.events_per_frame == DATA_BYTES // len(expected[0])


@pytest.mark.parametrize("early_exit", [False, True])
def test_answer(early_exit):
    info = replace(INFO, classes=10, early_exit=early_exit)
    logits = (5, -1, 0, 2**31 - 1, -(2**31), 7, 7, 7, 7, 7)
    answer = {"kind": Kind.READ, "class_index": 3, "logits": logits}
    answer |= {"decided": 1, "event": 2**32 - 1} if early_exit else {}
    message = {"sample": 65535, "clocks": 2**32 - 1, "latency": 9, "answer": answer}
    content = pack(answer_message(10, early_exit), message)
    read = read_message(Frame(0, Reply.ANSWER.value, content), info)
    decision = 2**32 - 1 if early_exit else None
    assert read == Answer(65535, 2**32 - 1, 9, False, 3, logits, decision)
    assert isinstance(read, Answer)
    assert read.lead == 2**31 - 1 - 7
    with pytest.raises(ProtocolError, match="expected"):
        read_message(Frame(0, Reply.ANSWER.value, content[:-1]), info)


def test_undecided_and_alone():
    info = replace(INFO, classes=1, early_exit=True)
    answer = {"kind": Kind.END, "logits": [-4], "decided": 0, "event": 12}
    content = pack(answer_message(1, True), {"answer": answer})
    read = read_message(Frame(0, Reply.ANSWER.value, content), info)
    assert isinstance(read, Answer)
    assert (read.ends, read.decision, read.lead) == (True, None, 0)


@pytest.mark.parametrize("profile", [False, True])
@pytest.mark.parametrize("readout", [False, True])
def test_counters_of_a_core(readout, profile):
    config: Any = SimpleNamespace(readout=readout, profile=profile, counter_bits=INFO.counter_bits)
    layout = counter_layout(config)
    values = {name: 1 << 40 | place for place, (name, _) in enumerate(layout)}
    index = INFO.cores - 1 if readout else 0
    frame = Frame(0, Reply.COUNTERS.value, bytes([index]) + pack(layout, values))
    assert read_message(frame, INFO) == CounterValues(index, values)


def test_small_messages():
    def read(kind, content):
        return read_message(Frame(0, kind.value, content), INFO)

    assert read(Reply.SYNCED, b"abcd") == Synced(b"abcd")
    assert read(Reply.ACK, b"\7") == Acknowledgement(7)
    assert read(Reply.ERROR, b"\4\5\6") == Refusal(Error.CRC, 5, 6)
    content = pack(REPLAYED_LAYOUT, {"repeats": 3, "clocks": 1 << 40})
    assert read(Reply.REPLAYED, content) == Replayed(3, 1 << 40)
    content = pack(link_counters(), {"frames": 5, "errors": 6})
    expected = CounterValues(LINK_INDEX, {"frames": 5, "errors": 6})
    assert read(Reply.COUNTERS, bytes([LINK_INDEX]) + content) == expected


@given(st.integers(0, 255), st.binary(max_size=60))
def test_whatever_comes_is_a_message_or_none(kind, content):
    with suppress(ProtocolError, VersionError):
        assert read_message(Frame(0, kind, content), INFO) is not None
