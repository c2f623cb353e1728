import gc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from amaranth.lib.data import StructLayout
from amaranth.sim import Simulator

from tests.hw.cores import make_contents, make_core
from tests.hw.host.host import ByteHost, encode
from tests.random_networks import random_events
from tickless.gen.configure import chain_config, design_factory, layer_cores
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.image import load_image
from tickless.gen.place import place
from tickless.hw.chain import Chain, ChainConfig
from tickless.hw.config import DesignConfig
from tickless.hw.copies import CopiesConfig
from tickless.hw.core.counters import counter_layout
from tickless.hw.host.config import HostConfig
from tickless.hw.host.link import HostLink
from tickless.hw.host.messages import (
    CHUNK_MESSAGE,
    ERROR_LAYOUT,
    INFO_LAYOUT,
    LINK_INDEX,
    PROTOCOL,
    REPLAYED_LAYOUT,
    Command,
    Error,
    Reply,
    answer_message,
    byte_count,
    event_message,
    link_counters,
)
from tickless.hw.packet import Kind, LinkConfig
from tickless.sw.integer.golden import run
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.untrained import untrained_network

CONFIG = HostConfig(
    clock_hz=4000,
    baud=1000,
    buffer_bytes=256,
    network=0xFEDCBA9876543210,
    design=0x1032547698BADCFE,
)

PERIOD = 1e-8

NETWORK = untrained_network(
    (2, 5, 2),
    [LayerSpec("conv2d", 6, 3, stride=2, padding=1), LayerSpec("readout", 3)],
    [np.random.default_rng(1).integers(0, (2, 5, 2), (200, 3)).astype(np.int32)],
    seed=1,
)
"""Of 2 x 5 x 2 inputs and 3 classes."""


class Bench:
    """Host link around `NETWORK`, and its host.

    Parameters
    ----------
    margin : int, optional
        Margin of early exit.
    stored_events : int
        Room of the stored sample.
    byte_clocks : int
        Clocks of a byte from the board.
    design : DesignConfig, optional
        Of `NETWORK`; a chain of cores by default.
    """

    def __init__(
        self,
        margin: int | None = None,
        stored_events: int = 0,
        byte_clocks: int = 1,
        design: DesignConfig | None = None,
    ):
        self.design = design or chain_config(NETWORK, fold_fully(NETWORK), margin)
        config = replace(CONFIG, stored_events=stored_events)
        self.dut = HostLink(design_factory(self.design, NETWORK)(), config)
        self.host = ByteHost(self.dut, byte_clocks)
        self.answer = answer_message(NETWORK.classes, margin is not None)
        self.event = event_message(self.design.cores[0].input_link)

    def pack(self, events) -> bytes:
        """Data of EVENTS."""
        size = byte_count(self.event)
        packed = b""
        for channel, y, x in events.tolist():
            event = self.event.const({"channel": channel, "y": y, "x": x})
            packed += event.as_bits().to_bytes(size, "little")
        return packed

    def run(self, script):
        """Run a script behind SYNC; every wait in it is limited."""

        async def process(ctx):
            await self.host.write(ctx, [0])
            await self.host.send(ctx, Command.SYNC, b"\1\0\0\2")
            assert await self.host.reply(ctx, Reply.SYNCED) == b"\1\0\0\2"
            await script(ctx, self.host)
            await self.host.settle(ctx)
            assert not self.host.replies

        simulator = Simulator(self.dut)
        simulator.add_clock(PERIOD)
        simulator.add_testbench(process)
        simulator.add_testbench(self.host.listen, background=True)
        simulator.run()


def sample(seed, count, outside=0.0):
    return random_events(np.random.default_rng(seed), NETWORK, count, outside=outside)


async def answered(ctx, host, bench, trace, number, kind=Kind.END):
    """Expect an answer, equal to the golden model's; returns the message."""
    message = await host.message(ctx, Reply.ANSWER, bench.answer)
    assert message.sample == number
    assert message.answer.kind == kind
    assert list(message.answer.logits) == trace.logits.tolist()
    assert message.answer.class_index == trace.class_index
    return message


def test_session():
    bench = Bench()

    async def script(ctx, host):
        await host.send(ctx, Command.INFO)
        info = await host.message(ctx, Reply.INFO, INFO_LAYOUT)
        assert info.protocol == PROTOCOL
        assert (info.early_exit, info.cores, info.classes) == (0, 2, 3)
        assert (info.channels, info.height, info.width) == NETWORK.input_shape
        assert (info.buffer_bytes, info.stored_events) == (254, 0)
        assert (info.clock_hz, info.network) == (CONFIG.clock_hz, CONFIG.network)

        # Samples: one in several commands, an empty one, one with a READ.
        first, second = sample(1, 30), sample(2, 20)
        for part in (first[:1], first[1:1], first[1:]):
            await host.send(ctx, Command.EVENTS, bench.pack(part))
        await host.send(ctx, Command.END)
        await host.send(ctx, Command.END)
        await host.send(ctx, Command.EVENTS, bench.pack(second[:10]))
        await host.send(ctx, Command.READ)
        await host.send(ctx, Command.EVENTS, bench.pack(second[10:]))
        await host.send(ctx, Command.END)
        message = await answered(ctx, host, bench, run(NETWORK, first), 0)
        assert message.clocks > len(first)
        assert 0 < message.latency < 100
        message = await answered(ctx, host, bench, run(NETWORK, first[:0]), 1)
        assert message.clocks == 0
        await answered(ctx, host, bench, run(NETWORK, second[:10]), 2, Kind.READ)
        trace = run(NETWORK, second)
        await answered(ctx, host, bench, trace, 2)
        assert ctx.get(bench.dut.class_index) == trace.class_index
        assert not ctx.get(bench.dut.failed)

        # SYNC in an open sample drops its answer; nothing of it is left in the next one.
        await host.send(ctx, Command.EVENTS, bench.pack(first[:20]))
        await host.settle(ctx)
        assert ctx.get(bench.dut.busy)
        host.sequence = 77
        await host.send(ctx, Command.SYNC, b"anew")
        assert await host.reply(ctx, Reply.SYNCED) == b"anew"
        assert not ctx.get(bench.dut.busy)
        await host.send(ctx, Command.EVENTS, bench.pack(second))
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, trace, 0)

    bench.run(script)


def test_counters():
    bench = Bench()
    bits = bench.dut.counter_bits
    # Outside by one: as far as the fields reach.
    channels, height, width = NETWORK.input_shape
    events = np.clip(
        sample(6, 20, outside=0.3), 0, np.array([channels - 1, height, width], np.int32)
    )
    trace = run(NETWORK, events)

    async def script(ctx, host):
        spare = bytes([0xFF]) * byte_count(bench.event)
        await host.send(ctx, Command.EVENTS, bench.pack(events) + spare)
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, trace, 0)
        assert trace.dropped > 1
        for index, core in enumerate(bench.design.cores):
            await host.send(ctx, Command.COUNTERS, bytes([index]))
            data = await host.reply(ctx, Reply.COUNTERS)
            layout = counter_layout(core)
            assert data[0] == index
            assert len(data) == 1 + byte_count(layout)
            counters = layout.from_bits(int.from_bytes(data[1:], "little"))
            if index == 0:
                assert counters.dropped == trace.dropped + 1
                assert counters.events == len(events)
            assert counters.sops == [trace.layers[0].sops, trace.readout_sops][index]
        await host.send(ctx, Command.COUNTERS, bytes([LINK_INDEX]))
        data = await host.reply(ctx, Reply.COUNTERS)
        counters = link_counters(bits).from_bits(int.from_bytes(data[1:], "little"))
        assert (data[0], counters.frames, counters.errors) == (LINK_INDEX, 6, 0)

    bench.run(script)


def test_errors():
    """Each of the table but ROOM is answered and counted, and the next good command taken."""
    bench = Bench()
    data = bench.pack(sample(4, 8))
    trace = run(NETWORK, sample(4, 8))
    cut = encode(9, Command.END.value)

    async def script(ctx, host):
        refused = 0

        async def expect(error, number=None):
            message = await host.message(ctx, Reply.ERROR, ERROR_LAYOUT)
            assert (message.error, message.expected) == (error.value, host.sequence)
            assert number is None or message.sequence == number
            assert ctx.get(bench.dut.failed)

        async def line_error(error, frame, **options):
            nonlocal refused
            await host.write(ctx, frame, **options)
            await expect(error)
            refused += 1

        async def refuse(error, command, data=b""):
            nonlocal refused
            number = host.sequence
            await host.send(ctx, command, data)
            await expect(error, number)
            refused += 1

        await host.send(ctx, Command.EVENTS, data)
        await line_error(Error.LINE, b"\x55", stop=0)
        await host.write(ctx, [0])
        await line_error(Error.FRAMING, cut[:2] + b"\0")
        await line_error(Error.LENGTH, b"\2\1\0")
        await line_error(Error.CRC, cut[:3] + b"\x77" + cut[4:])
        await line_error(Error.SEQUENCE, encode(host.sequence + 5, Command.END.value))
        await line_error(Error.LENGTH, b"\xff" + bytes(range(1, 246)))
        await host.write(ctx, [0])
        await refuse(Error.COMMAND, Reply.SYNCED)
        await refuse(Error.DATA, Command.END, b"x")
        await refuse(Error.DATA, Command.SYNC, b"123")
        await refuse(Error.DATA, Command.COUNTERS, b"\2")
        await refuse(Error.STORE, Command.STORE, data)
        await refuse(Error.STORE, Command.REPLAY, b"\1\0")
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, trace, 0)
        await host.send(ctx, Command.COUNTERS, bytes([LINK_INDEX]))
        counted = await host.reply(ctx, Reply.COUNTERS)
        counters = link_counters(bench.dut.counter_bits)
        assert counters.from_bits(int.from_bytes(counted[1:], "little")).errors == refused

    bench.run(script)


def test_answers_wait_for_the_line():
    """Commands come faster than their answers can leave: none is lost, and their order holds."""
    bench = Bench(byte_clocks=20)
    events = sample(5, 4)
    parts = [bench.pack(events[:count]) for count in range(len(events))]

    async def script(ctx, host):
        for part in parts:
            await host.send(ctx, Command.EVENTS, part)
            await host.send(ctx, Command.READ)
            await host.send(ctx, Command.END)
        for count in range(len(events)):
            trace = run(NETWORK, events[:count])
            await answered(ctx, host, bench, trace, count, Kind.READ)
            await answered(ctx, host, bench, trace, count)

    bench.run(script)


def test_replay():
    bench = Bench(stored_events=32)
    first, second = sample(6, 20), sample(7, 9)
    both = np.concatenate([first, second])
    repeats = 2  # six samples in all: behind the seventh, membranes are swept, which takes clocks

    async def script(ctx, host):
        async def replay(events, number, repeats):
            await host.send(ctx, Command.REPLAY, repeats.to_bytes(2, "little"))
            message = await answered(ctx, host, bench, run(NETWORK, events), number + repeats - 1)
            played = await host.message(ctx, Reply.REPLAYED, REPLAYED_LAYOUT)
            assert (played.repeats, played.clocks) == (repeats, message.clocks)
            return message

        await host.send(ctx, Command.STORE, bench.pack(first))
        once = await replay(first, 0, 1)
        await host.send(ctx, Command.STORE, bench.pack(second))
        await host.send(ctx, Command.STORE, bench.pack(first))
        message = await host.message(ctx, Reply.ERROR, ERROR_LAYOUT)
        assert message.error == Error.STORE.value
        twice = await replay(both, 1, repeats)
        await host.send(ctx, Command.REPLAY, b"\0\0")
        message = await host.message(ctx, Reply.ERROR, ERROR_LAYOUT)
        assert message.error == Error.DATA.value
        assert once.clocks < twice.clocks

        # An ordinary sample in between changes nothing; SYNC clears the stored one.
        await host.send(ctx, Command.EVENTS, bench.pack(second))
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, run(NETWORK, second), 1 + repeats)
        again = await replay(both, 2 + repeats, repeats)
        assert again.clocks == twice.clocks
        await host.send(ctx, Command.SYNC, b"0000")
        await host.reply(ctx, Reply.SYNCED)
        assert (await replay(both[:0], 0, 2)).clocks == 0

    bench.run(script)


def test_a_replay_keeps_copies_busy_side_by_side():
    events, repeats = sample(6, 30), 6
    folded = chain_config(NETWORK, [Folding(1, 1)] * len(NETWORK.layers))
    clocks = []
    for design in (folded, CopiesConfig(folded, 2)):
        bench = Bench(stored_events=32, design=design)

        async def script(ctx, host, bench=bench, design=design):
            await host.send(ctx, Command.STORE, bench.pack(events))
            for first in (0, repeats):
                await host.send(ctx, Command.REPLAY, repeats.to_bytes(2, "little"))
                trace = run(NETWORK, events)
                await answered(ctx, host, bench, trace, first + repeats - 1)
                played = await host.message(ctx, Reply.REPLAYED, REPLAYED_LAYOUT)
            clocks.append(played.clocks)
            cores = len(design.cores)
            await host.send(ctx, Command.INFO)
            assert (await host.message(ctx, Reply.INFO, INFO_LAYOUT)).cores == cores
            for index in range(cores):
                await host.send(ctx, Command.COUNTERS, bytes([index]))
                layout = counter_layout(design.cores[index])
                whole = StructLayout({"index": 8, "counters": layout})
                counted = (await host.message(ctx, Reply.COUNTERS, whole)).counters
                received = [layer.events for layer in trace.layers] + [trace.readout_events]
                share = 2 * repeats // (cores // len(NETWORK.layers))
                assert counted.events == share * received[index % len(NETWORK.layers)]

        bench.run(script)
    one, two = clocks
    assert two < 0.6 * one


def test_early_exit():
    margin = 12
    bench = Bench(margin)
    events = sample(24, 24)
    trace = run(NETWORK, events, margin=margin)
    assert trace.decision is not None
    before = 12
    early = run(NETWORK, events[:before], margin=margin)
    assert early.decision is None

    async def script(ctx, host):
        await host.send(ctx, Command.EVENTS, bench.pack(events[:before]))
        await host.send(ctx, Command.READ)
        message = await answered(ctx, host, bench, early, 0, Kind.READ)
        assert (message.answer.decided, message.answer.event) == (0, early.readout_events)
        await host.send(ctx, Command.EVENTS, bench.pack(events[before:]))
        await host.send(ctx, Command.READ)  # not answered any more
        await host.settle(ctx)
        await host.send(ctx, Command.READ)
        await host.send(ctx, Command.END)
        message = await answered(ctx, host, bench, trace, 0)
        assert (message.answer.decided, message.answer.event) == (1, trace.decision)
        await host.send(ctx, Command.EVENTS, bench.pack(events[:before]))
        await host.send(ctx, Command.END)
        message = await answered(ctx, host, bench, early, 1)
        assert message.answer.decided == 0

    bench.run(script)


def readout(inputs, classes, **options):
    """Readout core behind a link."""
    shape = {"size": (3, 3), "stride": 1, "padding": 0, "taps": 1, "readout": True}
    core = make_core(
        channels=inputs.channels, output_shape=(classes, 1, 1), lanes=1, **shape, **options
    )
    return replace(core, edges=(replace(core.edges[0], input_link=inputs),))


FIRST = make_core(output_shape=(3, 3, 3), lanes=3)
EDGE = replace(FIRST.edges[0], input_link=LinkConfig(2, 6, 5, 1, guarded=True))


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize(
    ("first", "classes", "options", "message"),
    [
        (FIRST, 57, {}, "57 classes: expected at most 56"),
        (replace(FIRST, edges=(EDGE,)), 2, {}, "expected one channel block"),
        (FIRST, 2, {"counter_bits": 16}, r"counters of \[16, 48\] bits: expected one width"),
    ],
)
def test_refuses(first, classes, options, message):
    config = ChainConfig((first, readout(first.output_link, classes, **options)))
    contents = [make_contents(core) for core in config.cores]
    with pytest.raises(ValueError, match=message):
        HostLink(Chain(config, contents), CONFIG)
    gc.collect()


MESH = place(
    2, 1, layer_cores(NETWORK, [Folding(2, 1), Folding(1, 1)], [1, 1], loadable=True), [], {}
)

OTHER = replace(
    NETWORK,
    layers=tuple(
        replace(
            layer,
            edges=tuple(replace(edge, weight=edge.weight[..., ::-1]) for edge in layer.edges),
        )
        for layer in NETWORK.layers
    ),
)
"""Of the same shape, with other weights."""

NUMBER = 0x0102030405060708


def image_of(network) -> bytes:
    """Data of CHUNKS, not cut into frames."""
    chunks = (
        CHUNK_MESSAGE.const({"core": core, "address": address, "data": value})
        for core, address, value in load_image(MESH, network).tolist()
    )
    return b"".join(chunk.as_bits().to_bytes(8, "little") for chunk in chunks)


def loaded_message(image: bytes, number: int = NUMBER) -> bytes:
    return number.to_bytes(8, "little") + zlib.crc32(image).to_bytes(4, "little")


DESIGN = CONFIG.design.to_bytes(8, "little")


async def send_image(ctx, host, image):
    """LOAD and CHUNKS, one after the other: they fill the buffer."""
    await host.send(ctx, Command.LOAD, DESIGN)
    for start in range(0, len(image), 240):
        await host.send(ctx, Command.CHUNKS, image[start : start + 240])
        await host.settle(ctx)


async def network_of(ctx, host):
    await host.send(ctx, Command.INFO)
    return (await host.message(ctx, Reply.INFO, INFO_LAYOUT)).network


async def refused(ctx, host, error, command, data=b""):
    number = host.sequence
    await host.send(ctx, command, data)
    message = await host.message(ctx, Reply.ERROR, ERROR_LAYOUT)
    assert (message.error, message.sequence) == (error.value, number)


def test_another_network_is_loaded_and_answers():
    bench = Bench(design=MESH, stored_events=32)
    events = sample(9, 20)
    before, after = run(NETWORK, events), run(OTHER, events)
    assert before.logits.tolist() != after.logits.tolist()

    async def script(ctx, host):
        async def classified(trace, number):
            await host.send(ctx, Command.EVENTS, bench.pack(events))
            await host.send(ctx, Command.END)
            await answered(ctx, host, bench, trace, number)

        await classified(before, 0)
        assert await network_of(ctx, host) == CONFIG.network
        for network, trace, number in ((OTHER, after, NUMBER), (NETWORK, before, NUMBER + 1)):
            # A sample is open: it is dropped, and counted.
            await host.send(ctx, Command.SYNC, b"anew")
            await host.reply(ctx, Reply.SYNCED)
            await host.send(ctx, Command.EVENTS, bench.pack(events[:10]))
            image = image_of(network)
            await send_image(ctx, host, image)
            await host.send(ctx, Command.LOADED, loaded_message(image, number))
            assert await network_of(ctx, host) == number
            await classified(trace, 1)
        await host.send(ctx, Command.STORE, bench.pack(events))
        await host.send(ctx, Command.REPLAY, b"\1\0")
        await answered(ctx, host, bench, before, 2)
        await host.reply(ctx, Reply.REPLAYED)

    bench.run(script)


def test_a_board_says_that_it_has_no_network_until_an_image_is_there_whole():
    bench = Bench(design=MESH, stored_events=32)
    events = sample(9, 20)
    image = image_of(OTHER)
    swapped = image[8:16] + image[:8] + image[16:]

    async def nothing_there(ctx, host):
        assert await network_of(ctx, host) == 0
        await refused(ctx, host, Error.NETWORK, Command.EVENTS, bench.pack(events))
        await refused(ctx, host, Error.NETWORK, Command.END)
        await refused(ctx, host, Error.NETWORK, Command.READ)
        await refused(ctx, host, Error.NETWORK, Command.REPLAY, b"\1\0")
        assert not ctx.get(bench.dut.busy)

    async def script(ctx, host):
        for sent, told in (
            (image[:-8], image),
            (image[:8], image),
            (b"", image),
            (image, image[:-1] + bytes([image[-1] ^ 1])),
            (image + image[:8], image),
            (swapped, image),
        ):
            await send_image(ctx, host, sent)
            await nothing_there(ctx, host)
            await refused(ctx, host, Error.IMAGE, Command.LOADED, loaded_message(told))
            await nothing_there(ctx, host)
        # SYNC does not make a network of it.
        await host.send(ctx, Command.SYNC, b"anew")
        await host.reply(ctx, Reply.SYNCED)
        await nothing_there(ctx, host)
        await send_image(ctx, host, image)
        await host.send(ctx, Command.LOADED, loaded_message(image))
        await host.send(ctx, Command.EVENTS, bench.pack(events))
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, run(OTHER, events), 0)

    bench.run(script)


@pytest.mark.parametrize(("core", "address"), [(2, 0), (255, 0), (0, (1 << 24) - 1)])
def test_a_chunk_for_a_memory_that_does_not_exist_is_refused(core, address):
    bench = Bench(design=MESH)
    wrong = CHUNK_MESSAGE.const({"core": core, "address": address, "data": 5})
    wrong = wrong.as_bits().to_bytes(8, "little")
    image = image_of(OTHER)

    async def script(ctx, host):
        await host.send(ctx, Command.LOAD, DESIGN)
        await refused(ctx, host, Error.MEMORY, Command.CHUNKS, image[:16] + wrong + image[16:24])
        await refused(ctx, host, Error.MEMORY, Command.CHUNKS, image[:8])
        sent = image[:16] + wrong
        await refused(ctx, host, Error.MEMORY, Command.LOADED, loaded_message(sent))
        assert await network_of(ctx, host) == 0
        await send_image(ctx, host, image)
        await host.send(ctx, Command.LOADED, loaded_message(image))
        assert await network_of(ctx, host) == NUMBER

    bench.run(script)


def test_what_is_no_image_for_the_design_leaves_the_network():
    bench = Bench(design=MESH)
    events = sample(9, 20)
    other = (CONFIG.design ^ 1 << 63).to_bytes(8, "little")
    image = image_of(OTHER)

    async def script(ctx, host):
        await host.send(ctx, Command.EVENTS, bench.pack(events[:10]))
        await refused(ctx, host, Error.DESIGN, Command.LOAD, other)
        await refused(ctx, host, Error.IMAGE, Command.CHUNKS, image[:16])
        await refused(ctx, host, Error.IMAGE, Command.LOADED, loaded_message(image))
        await refused(ctx, host, Error.DATA, Command.LOAD, other[:7])
        await refused(ctx, host, Error.DATA, Command.CHUNKS, image[:7])
        await refused(ctx, host, Error.DATA, Command.LOADED, image[:11])
        assert await network_of(ctx, host) == CONFIG.network
        await host.send(ctx, Command.EVENTS, bench.pack(events[10:]))
        await host.send(ctx, Command.END)
        await answered(ctx, host, bench, run(NETWORK, events), 0)

    bench.run(script)


def test_a_board_that_is_not_loadable_knows_no_images():
    bench = Bench()

    async def script(ctx, host):
        for command, data in (
            (Command.LOAD, DESIGN),
            (Command.CHUNKS, bytes(8)),
            (Command.LOADED, bytes(12)),
        ):
            await refused(ctx, host, Error.COMMAND, command, data)

    bench.run(script)
