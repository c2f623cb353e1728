"""Packets, in bulk: events to packets, packets to spikes and answers, memory words to membranes.

Packets are uint32 ``[packets, words]``, lowest word first, in the layouts of `hw.packet`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib import data

from tickless.hw.core.shape import CoreShape
from tickless.hw.packet import Kind, LinkConfig, answer_layout

__all__ = [
    "READ_MARKER",
    "Answers",
    "pack_chunks",
    "pack_sample",
    "packet_field",
    "packet_text",
    "packet_words",
    "unpack_answers",
    "unpack_events",
    "unpack_membranes",
    "unpack_spikes",
]

READ_MARKER = (-1, -1, -1)
"""Stands for a READ in a list of spikes."""


def packet_words(layout: data.StructLayout) -> int:
    """Number of 32-bit words of a packet."""
    return -(-layout.size // 32)


def pack_chunks(layout: data.StructLayout, chunks: np.ndarray) -> np.ndarray:
    """Chunks of a structured array of `gen.image.IMAGE_DTYPE` in `hw.fabric.loading.load_layout`.

    Raises
    ------
    ValueError
        If a core or an address does not fit into its field.
    """
    chunk: Any = layout["chunk"].shape
    fields = {"data": chunk["data"], "address": chunk["address"], "core": layout["core"]}
    values = np.zeros(len(chunks), object)
    for name, field in fields.items():
        largest = chunks[name].max(initial=0)
        if int(largest) >> field.width:
            raise ValueError(f"{name} = {largest}: expected one of {field.width} bits")
        values |= chunks[name].astype(object) << field.offset
    words = [values >> 32 * index & 0xFFFFFFFF for index in range(packet_words(layout))]
    return np.stack(words, axis=1).astype(np.uint32)


def pack_sample(
    link: LinkConfig, events: np.ndarray, read_positions: Iterable[int] = ()
) -> np.ndarray:
    """Packets of one sample: one an event, READ markers between them, END behind the last.

    An event outside the link's extent arrives as one: its ``y`` is the largest that the field
    holds, its other coordinates are 0.

    Parameters
    ----------
    link : LinkConfig
        Link into the design.
    events : numpy.ndarray
        Integers ``[events, 3]``: ``(channel, y, x)``.
    read_positions : iterable of int
        Number of events in front of each READ.

    Raises
    ------
    ValueError
        If an event lies outside and the link is not guarded, or a READ behind the last event.
    """
    events = np.asarray(events, dtype=np.int64).reshape(-1, 3)
    reads = np.sort(np.asarray(list(read_positions), dtype=np.int64))
    if len(reads) and not 0 <= reads[0] <= reads[-1] <= len(events):
        raise ValueError(f"read_positions = {reads.tolist()}: expected 0..{len(events)}")
    extent = np.array([link.channels, link.height, link.width])
    outside = np.any((events < 0) | (events >= extent), axis=1)
    if outside.any() and not link.guarded:
        first = int(np.argmax(outside))
        raise ValueError(
            f"event {first} {tuple(events[first].tolist())}: expected inside "
            f"{tuple(extent.tolist())}, since the link is not guarded"
        )
    layout = link.layout
    channel, y, x = np.where(outside[:, None], 0, events).T
    y = np.where(outside, (1 << layout["y"].width) - 1, y)

    bits = np.zeros((len(events), 32 * packet_words(layout)), dtype=np.uint8)
    bits[np.arange(len(events)), channel % link.lanes] = 1
    for name, values in (("block", channel // link.lanes), ("y", y), ("x", x)):
        field = layout[name]
        bits[:, field.offset : field.offset + field.width] = (
            values[:, None] >> np.arange(field.width)
        ) & 1
    packets = np.packbits(bits, axis=1, bitorder="little").view("<u4")
    read, end = (_marker(layout, kind) for kind in (Kind.READ, Kind.END))
    packets = np.insert(packets, reads, read, axis=0)
    return np.concatenate([packets, end[None]])


def unpack_spikes(link: LinkConfig, packets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spikes and READ markers of a link, in order.

    Returns
    -------
    items : numpy.ndarray
        int32 ``[items, 3]``: ``(channel, y, x)``, or `READ_MARKER`.
    indices : numpy.ndarray
        int64 ``[items]``: index of the packet that carries each.
    """
    layout = link.layout
    kind = packet_field(layout, "kind", packets)
    mask = _bits(packets)[:, : link.lanes] & (kind == Kind.EVENT.value)[:, None]
    # A READ is taken through the same path as one lane's spike, to stay in order.
    mask[kind == Kind.READ.value, 0] = 1
    indices, lanes = np.nonzero(mask)
    block, y, x = (packet_field(layout, name, packets)[indices] for name in ("block", "y", "x"))
    items = np.stack([block * link.lanes + lanes, y, x], axis=1).astype(np.int32)
    items[kind[indices] == Kind.READ.value] = READ_MARKER
    return items, indices


def unpack_events(link: LinkConfig, packets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same without READ markers."""
    items, indices = unpack_spikes(link, packets)
    spikes = (items != READ_MARKER).any(axis=1)
    return items[spikes], indices[spikes]


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of a readout during one sample.

    Members
    -------
    ends : numpy.ndarray
        bool ``[answers]``: whether it answers END, else READ.
    classes : numpy.ndarray
        int64 ``[answers]``.
    logits : numpy.ndarray
        int32 ``[answers, classes]``.
    decisions : numpy.ndarray
        int64 ``[answers]``: number of the readout's event at which the answer froze; -1 for none.
    """

    ends: np.ndarray
    classes: np.ndarray
    logits: np.ndarray
    decisions: np.ndarray


def unpack_answers(classes: int, packets: np.ndarray, early_exit: bool = False) -> Answers:
    """Answers of a readout with a number of classes, with or without early exit."""
    layout = answer_layout(classes, early_exit)
    offset = layout["logits"].offset
    logits = _bits(packets)[:, offset : offset + 32 * classes]
    decisions = np.full(len(packets), -1)
    if early_exit:
        frozen = packet_field(layout, "decided", packets) == 1
        decisions = np.where(frozen, packet_field(layout, "event", packets), -1)
    return Answers(
        decisions=decisions,
        ends=packet_field(layout, "kind", packets) == Kind.END.value,
        classes=packet_field(layout, "class_index", packets),
        logits=np.packbits(logits, axis=1, bitorder="little").view("<i4").astype(np.int32),
    )


def packet_text(layout: data.StructLayout, packet: np.ndarray) -> str:
    """One packet's fields as a person reads them."""
    value = sum(int(word) << (32 * index) for index, word in enumerate(packet))
    fields = {
        name: (value >> field.offset) & ((1 << field.width) - 1)
        for name, field in layout
        if field.width
    }
    kind = Kind(fields.pop("kind")).name
    return " ".join([kind, *(f"{name}={number:#x}" for name, number in fields.items())])


def packet_field(layout: data.StructLayout, name: str, packets: np.ndarray) -> np.ndarray:
    """One unsigned field of at most 62 bits of each packet: int64 ``[packets]``."""
    field = layout[name]
    value = np.zeros(len(packets), dtype=np.int64)
    if field.width == 0:
        return value
    for word in range(field.offset // 32, (field.offset + field.width - 1) // 32 + 1):
        shift = 32 * word - field.offset
        part = packets[:, word].astype(np.int64)
        value |= part << shift if shift >= 0 else part >> -shift
    return value & ((1 << field.width) - 1)


def unpack_membranes(core: CoreShape, words: np.ndarray) -> np.ndarray:
    """Membranes of a core from the words of its memories.

    Parameters
    ----------
    core : CoreShape
        The core, whose `bank_shape` and `bank_depth` say where a membrane lies.
    words : numpy.ndarray
        uint64 ``[banks, depth, words]``: memory words, lowest 64 bits first.

    Returns
    -------
    numpy.ndarray
        int32 ``(channels, height, width)``.
    """
    channels, height, width = core.output_shape
    bits = core.membrane_bits
    lanes = _bits(words.reshape(len(words) * core.bank_depth, -1).astype("<u8"))
    lanes = lanes[:, : core.lanes * bits].reshape(len(words), core.bank_depth, core.lanes, bits)
    weights = 1 << np.arange(bits, dtype=np.int32)
    weights[-1] = -weights[-1]
    values = lanes.astype(np.int32) @ weights

    rows, columns = core.tap_grid
    y, x, block = np.ogrid[:height, :width, : core.blocks]
    bank = y % rows * columns + x % columns
    address = (y // rows * core.bank_shape[1] + x // columns) * core.blocks + block
    membranes = values[bank, address].reshape(height, width, core.blocks * core.lanes)
    return np.ascontiguousarray(np.moveaxis(membranes[:, :, :channels], -1, 0))


def _marker(layout: data.StructLayout, kind: Kind) -> np.ndarray:
    value = kind.value << layout["kind"].offset
    return np.array(
        [(value >> (32 * word)) & 0xFFFFFFFF for word in range(packet_words(layout))],
        dtype=np.uint32,
    )


def _bits(words: np.ndarray) -> np.ndarray:
    """Bits of each row of words, lowest first."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
