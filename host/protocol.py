"""Messages of the serial link as Python values; `docs/host.md` is the protocol."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data

from tickless.host.frames import Frame
from tickless.hw.core.counters import CORE_COUNTERS, READOUT_COUNTERS
from tickless.hw.host.messages import (
    CHUNK_MESSAGE,
    DATA_BYTES,
    ERROR_LAYOUT,
    INFO_LAYOUT,
    LINK_INDEX,
    PROTOCOL,
    REPLAYED_LAYOUT,
    Error,
    Reply,
    answer_message,
    byte_count,
    event_message,
    link_counters,
)
from tickless.hw.packet import Kind, LinkConfig

__all__ = [
    "Acknowledgement",
    "Answer",
    "CounterValues",
    "Info",
    "Message",
    "ProtocolError",
    "Refusal",
    "Replayed",
    "Synced",
    "VersionError",
    "encode",
    "encode_chunks",
    "encode_events",
    "pack_events",
    "read_message",
    "unpack",
]


class ProtocolError(ValueError):
    """A frame that holds no message."""


class VersionError(ValueError):
    """A board that speaks another version of the protocol."""


@dataclass(frozen=True)
class Info:
    """What a board is; members as of `hw.host.messages.INFO_LAYOUT`."""

    protocol: int
    early_exit: bool
    cores: int
    channels: int
    height: int
    width: int
    classes: int
    buffer_bytes: int
    stored_events: int
    counter_bits: int
    clock_hz: int
    network: int

    @property
    def sensor(self) -> tuple[int, int, int]:
        """Extent ``(channels, height, width)`` of the input."""
        return self.channels, self.height, self.width

    @property
    def event_layout(self) -> data.StructLayout:
        """Layout of an event: see `hw.host.messages.event_message`."""
        return _event_layout(*self.sensor)

    @property
    def events_per_frame(self) -> int:
        """Most events of one EVENTS or STORE."""
        return DATA_BYTES // byte_count(self.event_layout)


@dataclass(frozen=True)
class Synced:
    """SYNC is done; ``nonce`` is what it brought."""

    nonce: bytes


@dataclass(frozen=True)
class Acknowledgement:
    """All commands before number ``next`` are carried out."""

    next: int


@dataclass(frozen=True)
class Answer:
    """The readout's answer; members as of `hw.host.messages.answer_message`.

    Members
    -------
    sample, clocks, latency : int
        Number of the sample since SYNC; clocks from its first packet, and from the marker.
    ends : bool
        Whether it answers END, else READ.
    class_index : int
        Class.
    logits : tuple of int
        One a class.
    decision : int or None
        Number of the readout's event at which the answer froze; None if it did not.
    """

    sample: int
    clocks: int
    latency: int
    ends: bool
    class_index: int
    logits: tuple[int, ...]
    decision: int | None

    @property
    def lead(self) -> int:
        """Largest logit minus the second largest; 0 where there is only one."""
        largest, *others = sorted(self.logits, reverse=True)
        return largest - others[0] if others else 0


@dataclass(frozen=True)
class CounterValues:
    """Counters of a core, or of the link if ``index`` is `LINK_INDEX`, by name."""

    index: int
    values: dict[str, int]


@dataclass(frozen=True)
class Replayed:
    """REPLAY is done: ``repeats`` samples took ``clocks`` clocks."""

    repeats: int
    clocks: int


@dataclass(frozen=True)
class Refusal:
    """ERROR; members as of `hw.host.messages.ERROR_LAYOUT`."""

    error: Error
    expected: int
    sequence: int


Message = Synced | Info | Acknowledgement | Answer | CounterValues | Replayed | Refusal


def read_message(frame: Frame, info: Info | None) -> Message:
    """Message in a frame from a board.

    Parameters
    ----------
    info : Info or None
        What the board is, as soon as that is known: the form of ANSWER and COUNTERS follows from
        it.

    Raises
    ------
    ProtocolError
        If there is none.
    VersionError
        If the board speaks another version.
    """
    content = frame.data
    match frame.kind:
        case Reply.SYNCED.value if len(content) == 4:
            return Synced(content)
        case Reply.ACK.value if len(content) == 1:
            return Acknowledgement(content[0])
        case Reply.INFO.value if content:
            if content[0] != PROTOCOL:
                raise VersionError(
                    f"the board speaks version {content[0]} of the protocol, this program version "
                    f"{PROTOCOL}: build the board's bitstream anew, or install the other version"
                )
            values = unpack(INFO_LAYOUT, content)
            return Info(**{**values, "early_exit": bool(values["early_exit"])})
        case Reply.ERROR.value:
            values = unpack(ERROR_LAYOUT, content)
            try:
                return Refusal(**{**values, "error": Error(values["error"])})
            except ValueError:
                raise ProtocolError(f"error {values['error']}: unknown") from None
        case Reply.REPLAYED.value:
            return Replayed(**unpack(REPLAYED_LAYOUT, content))
        case Reply.ANSWER.value if info is not None:
            return _read_answer(content, info)
        case Reply.COUNTERS.value if info is not None and content:
            if content[0] == LINK_INDEX:
                layout = link_counters(info.counter_bits)
            else:
                readout = content[0] == info.cores - 1
                count = 8 * (len(content) - 1) // info.counter_bits
                names = [*CORE_COUNTERS[: count - readout], *READOUT_COUNTERS * readout]
                layout = data.StructLayout(dict.fromkeys(names, info.counter_bits))
            return CounterValues(content[0], unpack(layout, content[1:]))
    raise ProtocolError(f"type {frame.kind:#x} with {len(content)} bytes of data: no reply")


@cache
def _event_layout(channels: int, height: int, width: int) -> data.StructLayout:
    """Kept, since every sample asks for it."""
    return event_message(LinkConfig(channels, height, width, lanes=channels, guarded=True))


def encode_events(info: Info, addresses: np.ndarray) -> np.ndarray:
    """Events as EVENTS and STORE carry them.

    An event outside the sensor becomes one that the board drops: its ``y`` is the largest that the
    field holds, its other coordinates are 0.

    Parameters
    ----------
    addresses : numpy.ndarray
        Integers ``[events, 3]``: ``(channel, y, x)``.

    Returns
    -------
    numpy.ndarray
        uint8 ``[events, bytes]``.
    """
    return pack_events(info.event_layout, info.sensor, addresses)


def pack_events(
    layout: data.StructLayout, sensor: tuple[int, int, int], addresses: np.ndarray
) -> np.ndarray:
    """`encode_events` for a layout with fields ``channel``, ``y`` and ``x``, the others 0."""
    addresses = np.asarray(addresses, np.int64).reshape(-1, 3)
    outside = np.any((addresses < 0) | (addresses >= sensor), axis=1)
    channel, y, x = np.where(outside[:, None], 0, addresses).T
    y = np.where(outside, (1 << layout["y"].width) - 1, y)
    values = np.zeros(len(addresses), "<u8")
    for name, part in (("channel", channel), ("y", y), ("x", x)):
        values |= part.astype(np.uint64) << np.uint64(layout[name].offset)
    return values.view(np.uint8).reshape(-1, 8)[:, : byte_count(layout)]


def encode_chunks(image: np.ndarray) -> bytes:
    """Chunks, a structured array with fields ``core``, ``address`` and ``data``, as CHUNKS carries
    them."""
    values = np.zeros(len(image), "<u8")
    for name in ("core", "address", "data"):
        values |= image[name].astype(np.uint64) << np.uint64(CHUNK_MESSAGE[name].offset)
    return values.tobytes()


def encode(layout: data.StructLayout, **fields: Any) -> bytes:
    """Data of a command or a reply of a layout."""
    values: Any = fields
    return layout.const(values).as_bits().to_bytes(byte_count(layout), "little")


def _read_answer(content: bytes, info: Info) -> Answer:
    layout = answer_message(info.classes, info.early_exit)
    values = unpack(layout, content)
    answer = values["answer"]
    if answer["kind"] not in (Kind.END.value, Kind.READ.value):
        raise ProtocolError(f"kind {answer['kind']}: expected that of END or READ")
    return Answer(
        sample=values["sample"],
        clocks=values["clocks"],
        latency=values["latency"],
        ends=answer["kind"] == Kind.END.value,
        class_index=answer["class_index"],
        logits=tuple(answer["logits"]),
        decision=answer["event"] if answer.get("decided") else None,
    )


def unpack(layout: data.StructLayout, content: bytes) -> dict[str, Any]:
    """Fields of a message by name; `ProtocolError` if it has another length."""
    if len(content) != byte_count(layout):
        raise ProtocolError(f"{len(content)} bytes of data: expected {byte_count(layout)}")
    return _value(layout, int.from_bytes(content, "little"))


def _value(shape: Any, bits: int) -> Any:
    """Number, list or dict of a shape from its bits."""
    if isinstance(shape, data.StructLayout | data.ArrayLayout):
        parts = {
            key: _value(field.shape, bits >> field.offset & ((1 << field.width) - 1))
            for key, field in shape
        }
        return list(parts.values()) if isinstance(shape, data.ArrayLayout) else parts
    shape = Shape.cast(shape)
    return bits - (1 << shape.width) if shape.signed and bits >> shape.width - 1 else bits
