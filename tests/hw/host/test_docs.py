"""The example in docs/host.md is what messages, check and COBS give."""

import re
from pathlib import Path

from tests.hw.host.host import encode
from tickless.hw.host.messages import (
    ERROR_LAYOUT,
    SYNCED_LAYOUT,
    Command,
    Error,
    Reply,
    answer_message,
    byte_count,
    event_message,
)
from tickless.hw.packet import Kind, LinkConfig

PAGE = Path(__file__).parents[3] / "docs" / "host.md"

LINE = re.compile(r"^(?:(\w+) +(\w+) +| +)((?:[0-9A-F]{2} ?)+)$")


def example() -> list[tuple[str, str, bytes]]:
    """Frames of the page: who sends it, its name, its bytes."""
    frames: list[tuple[str, str, bytes]] = []
    section = PAGE.read_text().split("## An example\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        sender, name, content = match.groups()
        if sender is None:
            sender, name, before = frames.pop()
            content = before.hex() + content
        frames.append((sender, name, bytes.fromhex(content)))
    return frames


def packed(layout, fields) -> bytes:
    return layout.const(fields).as_bits().to_bytes(byte_count(layout), "little")


def test_example():
    link = LinkConfig(2, 34, 34, 2, guarded=True)
    events = [{"channel": 1, "x": 5, "y": 9}, {"channel": 0, "x": 33, "y": 20}]
    nonce = bytes.fromhex("DE AD BE EF")
    logits = [-7, 3, 12, -300, 5, 0, 0, 1, -1, 100000]
    answer = {
        "sample": 0,
        "clocks": 270,
        "latency": 100,
        "answer": {"kind": Kind.END, "class_index": 9, "logits": logits},
    }
    assert packed(SYNCED_LAYOUT, {"nonce": int.from_bytes(nonce, "little")}) == nonce
    error = {"error": Error.SEQUENCE.value, "expected": 3, "sequence": 5}
    commands = [
        (Command.SYNC, nonce),
        (Command.EVENTS, b"".join(packed(event_message(link), event) for event in events)),
        (Command.END, b""),
        (Command.END, b""),
    ]
    replies = [
        (Reply.SYNCED, nonce),
        (Reply.ACK, b"\1"),
        (Reply.ACK, b"\2"),
        (Reply.ANSWER, packed(answer_message(10, early_exit=False), answer)),
        (Reply.ACK, b"\3"),
        (Reply.ERROR, packed(ERROR_LAYOUT, error)),
    ]
    numbers = [0, 1, 2, 5]
    sent = {
        "host": [
            (kind.name, encode(number, kind.value, data))
            for number, (kind, data) in zip(numbers, commands, strict=True)
        ],
        "board": [
            (kind.name, encode(number, kind.value, data))
            for number, (kind, data) in enumerate(replies)
        ],
    }
    sent["host"][0] = ("SYNC", b"\0" + sent["host"][0][1])
    for sender, frames in sent.items():
        found = [(name, data) for who, name, data in example() if who == sender]
        assert found == frames, "\n".join(
            f"    {sender:6}{name:9}{data.hex(' ').upper()}" for name, data in frames
        )
