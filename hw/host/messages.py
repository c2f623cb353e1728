"""Messages between host and board: what `docs/host.md` documents byte by byte."""

from typing import Any

from amaranth.lib import data, enum
from amaranth.lib.crc.catalog import CRC16_IBM_SDLC, CRC32_ISO_HDLC
from amaranth.utils import ceil_log2

from tickless.hw.core.memory_map import ADDRESS_BITS, CHUNK_BITS
from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.packet import LinkConfig, answer_layout

__all__ = [
    "ANSWERS_AT_MOST",
    "CHUNK_MESSAGE",
    "CRC",
    "DATA_BYTES",
    "ERROR_LAYOUT",
    "IMAGE_CRC",
    "INFO_LAYOUT",
    "LINK_INDEX",
    "LOADED_LAYOUT",
    "LOAD_LAYOUT",
    "PROTOCOL",
    "REPLAYED_LAYOUT",
    "SYNCED_LAYOUT",
    "Command",
    "Error",
    "Reply",
    "answer_message",
    "byte_count",
    "event_message",
    "link_counters",
    "network_number",
]

PROTOCOL = 1
"""Version of the protocol."""

DATA_BYTES = 240
"""Most bytes of data in a frame. With sequence number, type and CRC a frame is one COBS block."""

CRC = CRC16_IBM_SDLC
"""Check of a frame, lowest byte first."""

IMAGE_CRC = CRC32_ISO_HDLC
"""Check of an image: that of Ethernet and zlib."""

LINK_INDEX = 255
"""Index by which COUNTERS names the counters of the link itself."""

ANSWERS_AT_MOST = 56
"""Most classes whose logits fit into one frame."""


class Command(enum.Enum, shape=8):
    """Type of a frame to the board.

    Members
    -------
    SYNC
        Start anew: ends the sample at hand, drops its answer and clears the stored sample. Data:
        4 bytes that SYNCED returns. Taken whatever its sequence number, which is the first of the
        numbers that follow.
    INFO
        Asks what the board is.
    EVENTS
        Events of the sample at hand.
    END, READ
        Markers: the readout answers.
    COUNTERS
        Asks for counters. Data: index of a core, or `LINK_INDEX`.
    STORE
        Events of the stored sample, behind those that are there.
    REPLAY
        Plays the stored sample and END. Data: how often, 2 bytes.
    LOAD
        Begins an image, where the cores are loadable: ends the sample at hand, drops its answer,
        and there is no network until LOADED. Data: `LOAD_LAYOUT`.
    CHUNKS
        Chunks of the image: `CHUNK_MESSAGE` of each. Carried out when all are written.
    LOADED
        Ends the image: there is a network again. Data: `LOADED_LAYOUT`.
    """

    SYNC = 1
    INFO = 2
    EVENTS = 3
    END = 4
    READ = 5
    COUNTERS = 6
    STORE = 7
    REPLAY = 8
    LOAD = 9
    CHUNKS = 10
    LOADED = 11


class Reply(enum.Enum, shape=8):
    """Type of a frame from the board.

    Members
    -------
    SYNCED
        SYNC is done: `SYNCED_LAYOUT`.
    INFO
        What the board is: `INFO_LAYOUT`.
    ACK
        Sequence number of the next command to be carried out: all before it are done with, their
        room is free.
    ANSWER
        The readout's answer: `answer_message`.
    COUNTERS
        Index of the core, 1 byte, and its counters, or the link's: `link_counters`.
    REPLAYED
        REPLAY is done: `REPLAYED_LAYOUT`. The last sample's ANSWER comes before it.
    ERROR
        A command was refused: `ERROR_LAYOUT`.
    """

    SYNCED = 0x81
    INFO = 0x82
    ACK = 0x83
    ANSWER = 0x84
    COUNTERS = 0x86
    REPLAYED = 0x88
    ERROR = 0xFF


class Error(enum.Enum, shape=8):
    """Why a command was refused.

    Members
    -------
    LINE
        A byte without its stop bit.
    FRAMING
        The frame ends within a COBS block.
    LENGTH
        Shorter than 4 bytes or longer than `DATA_BYTES` allow.
    CRC
        The check does not hold.
    SEQUENCE
        Not the number that was expected.
    ROOM
        No room: more bytes are under way than the board has room for.
    COMMAND
        Unknown type.
    DATA
        Data of a length or value that the command does not take.
    STORE
        No room in the stored sample, or the board stores none.
    NETWORK
        There is no network: an image was begun, and is not there whole.
    DESIGN
        The image is for another design.
    MEMORY
        A chunk of the image was for a memory that does not exist.
    IMAGE
        The image's check does not hold, or no image was begun.
    CHECKSUM, OVERFLOW, WORD, WATCHDOG
        A marker's recording has no answer: see `hw.passes.instructions.EngineError`.
    """

    LINE = 1
    FRAMING = 2
    LENGTH = 3
    CRC = 4
    SEQUENCE = 5
    ROOM = 6
    COMMAND = 7
    DATA = 8
    STORE = 9
    NETWORK = 10
    DESIGN = 11
    MEMORY = 12
    IMAGE = 13
    CHECKSUM = 14
    OVERFLOW = 15
    WORD = 16
    WATCHDOG = 17


SYNCED_LAYOUT = data.StructLayout({"nonce": 32})
"""Data of SYNCED: the bytes that SYNC brought."""

ERROR_LAYOUT = data.StructLayout({"error": 8, "expected": 8, "sequence": 8})
"""Data of ERROR.

``error`` is an `Error`. ``expected`` is the sequence number of the next command to be taken: where
the error is LINE to ROOM the command was not taken, and the host goes on from there. ``sequence``
is the number of the refused command, if it could be read.
"""

INFO_LAYOUT = data.StructLayout(
    {
        "protocol": 8,
        "early_exit": 8,
        "cores": 8,
        "channels": 16,
        "height": 16,
        "width": 16,
        "classes": 16,
        "buffer_bytes": 16,
        "stored_events": 32,
        "counter_bits": 8,
        "clock_hz": 32,
        "network": 64,
    }
)
"""Data of INFO.

``channels``, ``height``, ``width``: extent of the input. ``buffer_bytes``: room for frames that are
not acknowledged, each counted with its sequence number, its type, its data and one byte more.
``stored_events``: room for a stored sample, 0 if none can be stored. ``network``: the first 8 bytes
of the network's hash, the first one lowest; 0 if there is none.
"""

REPLAYED_LAYOUT = data.StructLayout({"repeats": 16, "clocks": 48})
"""Data of REPLAYED: samples played, and clocks from the first event to the last answer."""

LOAD_LAYOUT = data.StructLayout({"design": 64})
"""Data of LOAD: number of the design that the image is for, as of `hw.host.config.HostConfig`."""

CHUNK_MESSAGE = data.StructLayout({"data": CHUNK_BITS, "address": ADDRESS_BITS, "core": 8})
"""Layout of one chunk in CHUNKS: value, address in its core's memory map, index of the core."""

LOADED_LAYOUT = data.StructLayout({"network": 64, "check": 32})
"""Data of LOADED: INFO's ``network`` from now on, and `IMAGE_CRC` of all chunks' bytes."""


def event_message(link: LinkConfig) -> data.StructLayout:
    """Layout of one event in EVENTS and STORE: whole bytes, lowest first.

    An event whose ``spare`` is not 0, or that lies outside the extent, is dropped and counted.

    Parameters
    ----------
    link : LinkConfig
        The design's input.
    """
    widths = {
        "channel": ceil_log2(link.channels),
        "x": link.layout["x"].width,
        "y": link.layout["y"].width,
    }
    bits = sum(widths.values())
    return data.StructLayout({**widths, "spare": -bits % 8})


def answer_message(classes: int, early_exit: bool) -> data.StructLayout:
    """Layout of the data of ANSWER.

    Members
    -------
    sample : unsigned
        Samples answered since SYNC, this one not counted.
    clocks : unsigned
        Clocks from the sample's first event to the answer; 0 in a sample without any.
    latency : unsigned
        Clocks from the marker to the answer.
    answer : struct
        See `hw.packet.answer_layout`.
    """
    answer: Any = answer_layout(classes, early_exit)
    return data.StructLayout({"sample": 16, "clocks": 32, "latency": 32, "answer": answer})


def link_counters(counter_bits: int = COUNTER_BITS) -> data.StructLayout:
    """Layout of the counters of the link.

    Members
    -------
    frames : unsigned
        Commands taken.
    errors : unsigned
        Commands refused, and bytes that are no command.
    """
    return data.StructLayout(dict.fromkeys(("frames", "errors"), counter_bits))


def network_number(network_hash: str) -> int:
    """INFO's ``network`` for a network's hash, in hexadecimal digits."""
    return int.from_bytes(bytes.fromhex(network_hash)[:8], "little")


def byte_count(layout: data.StructLayout) -> int:
    """Bytes of a message of a layout."""
    return -(-layout.size // 8)
