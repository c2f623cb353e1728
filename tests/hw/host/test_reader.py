import pytest
from amaranth.lib import data

from tests.hw.stream_io import collect, send, simulate
from tickless.hw.host.messages import Command, Error
from tickless.hw.host.reader import CommandReader

EVENTS, STORE, SYNC, INFO, END, READ, COUNTERS, REPLAY, CHUNKS, LOADED = (
    Command[name].value
    for name in (
        *("EVENTS", "STORE", "SYNC", "INFO", "END", "READ", "COUNTERS", "REPLAY"),
        *("CHUNKS", "LOADED"),
    )
)


def read(commands, event_bytes, stores, count, loads=False):
    """What the reader makes of ``(type, data)``: ``(is_event, type, error, argument)``."""
    dut = CommandReader(data.StructLayout({"event": 8 * event_bytes}), stores, loads)
    width = len(dut.o.p.argument) // 8
    line = [
        byte
        for number, (kind, content) in enumerate(commands)
        for byte in (len(content), number, kind, *content)
    ]

    def decode(payload):
        argument = payload.argument.to_bytes(width, "little")
        error = Error(payload.error) if payload.error else None
        return payload.is_event, payload.command, error, argument

    process, taken = collect(dut.o, count, decode, 0.6, 1)
    simulate(dut, send(dut.i, line, 0.8, 2), process)
    return taken


@pytest.mark.parametrize("event_bytes", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", [EVENTS, STORE])
def test_events(event_bytes, kind):
    """Whole events leave one by one; of a number of bytes that is not whole, none does."""
    content = bytes(range(1, 1 + event_bytes * 3))
    commands = [(kind, content), (kind, content[:-1]), (kind, b""), (kind, content[:event_bytes])]
    refused = event_bytes > 1
    events = 3 + (0 if refused else 2) + 1
    taken = read(commands, event_bytes, True, events + 4)
    found = [argument[-event_bytes:] for is_event, _, _, argument in taken if is_event]
    parts = [content[place : place + event_bytes] for place in range(0, len(content), event_bytes)]
    assert found == [*parts, *(parts[:2] if not refused else []), parts[0]]
    ends = [error for is_event, _, error, _ in taken if not is_event]
    assert ends == [None, Error.DATA if refused else None, None, None]


@pytest.mark.parametrize("event_bytes", [1, 2, 4])
def test_a_byte_a_clock(event_bytes):
    """Events leave while the bytes of the next ones come; one of a byte takes two clocks."""
    dut = CommandReader(data.StructLayout({"event": 8 * event_bytes}), True, False)
    content = bytes(range(120))
    at = []

    async def watch(ctx):
        ctx.set(dut.o.ready, 1)
        for clock in range(3 * len(content)):
            if ctx.get(dut.o.valid) and ctx.get(dut.o.p.is_event):
                at.append(clock)
            await ctx.tick()

    simulate(dut, send(dut.i, [len(content), 0, EVENTS, *content], 1.0, 1), watch)
    clocks = max(event_bytes, 2)
    assert at == [at[0] + clocks * index for index in range(len(content) // event_bytes)]


@pytest.mark.parametrize("event_bytes", [1, 3, 13])
def test_chunks_and_events_differ_in_length(event_bytes):
    """Chunks leave one by one, as events do, each whole; the longest argument is held."""
    content = bytes(range(1, 17))
    commands = [
        (CHUNKS, content),
        (EVENTS, content[:event_bytes]),
        (CHUNKS, content[:-1]),
        (LOADED, content[:12]),
    ]
    taken = read(commands, event_bytes, True, 7, loads=True)
    items = [argument for is_event, _, _, argument in taken if is_event]
    assert [item[-8:] for item in items[:2]] == [content[:8], content[8:]]
    assert items[2][-event_bytes:] == content[:event_bytes]
    ends = [(error, argument) for is_event, _, error, argument in taken if not is_event]
    assert [error for error, _ in ends] == [None, None, Error.DATA, None]
    assert ends[-1][1][-12:] == content[:12]


LENGTHS = {SYNC: {4}, INFO: {0}, END: {0}, READ: {0}, COUNTERS: {1}, REPLAY: {2}}


@pytest.mark.parametrize("stores", [False, True])
def test_types_and_lengths(stores):
    commands = [
        (kind, bytes(range(length)))
        for kind in (0, SYNC, INFO, END, READ, COUNTERS, REPLAY, 9, 0x12, 0x81, 0xFF)
        for length in range(6)
    ]
    taken = read(commands, 2, stores, len(commands))
    for (kind, content), (is_event, command, error, argument) in zip(commands, taken, strict=True):
        assert not is_event
        if kind not in LENGTHS:
            assert error is Error.COMMAND
        elif kind == REPLAY and not stores:
            assert error is Error.STORE
        elif len(content) not in LENGTHS[kind]:
            assert error is Error.DATA
        else:
            assert (command, error) == (kind, None)
            assert argument[len(argument) - len(content) :] == content
