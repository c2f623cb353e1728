"""Pass core against the pass model: spikes and answers of each pass, and the membranes at END."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from tests.gen.passes.test_image import memories
from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tests.random_networks import random_events, random_network, without_saturation
from tickless.errors import InputError
from tickless.gen.passes.program import Program, make_program
from tickless.host.event_lists import encode_recordings
from tickless.hw.passes.core import PassCore
from tickless.hw.passes.layouts import Region
from tickless.hw.passes.lists import ListDecoder, ListEncoder
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.sim.passes.model import run

SHAPE = EngineShape(
    lanes=2, membrane_bits=24, weight_words=64, bank_words=16, table_words=32, tiles=4
)


def program_of(rng: np.random.Generator) -> Program:
    """Program of the next small network that spikes and that the engine can compute."""
    while True:
        try:
            return make_program(without_saturation(random_network(rng, layers=1, size=6)), SHAPE)
        except InputError:
            continue


def check(program: Program, recordings, layer: int, number: int, chance: float) -> None:
    ran = run(program, recordings).layers[layer]
    made, expected = program.layers[layer].passes[number], ran.passes[number]
    image = program.images[layer][number]
    readout = program.network.layers[layer].is_readout
    m = Module()
    m.submodules.core = core = PassCore(SHAPE)
    m.submodules.decoder = decoder = ListDecoder()
    m.submodules.encoder = encoder = ListEncoder()
    connect(m, decoder.o, core.i)
    connect(m, core.o, encoder.i)
    swept: list[list[int]] = []
    ended, steps = [], []

    async def start(ctx):
        ctx.set(core.start, 1)
        await ctx.tick()
        ctx.set(core.start, 0)
        for region, words in memories(SHAPE, image).items():
            for address, word in words.items():
                ctx.set(core.load, {"region": region, "address": address, "word": word})
                await ctx.tick()
        ctx.set(core.load.region, Region.CHECKSUM)
        await send(decoder.i, ran.source, chance, 2)(ctx)

    async def watch(ctx):
        signals = (core.swept.valid & core.at_end, core.swept.words, core.done, core.step)
        async for *_, valid, words, done, step in ctx.tick().sample(*signals):
            ended.extend([True] * done)
            steps.append(step)
            if valid:
                swept.append([word for bank in words for word in bank])

    answers = [
        int(word)
        for answer in expected.answers
        for word in np.pad(answer, (0, SHAPE.lanes - len(answer))).astype("<i4").view("<u2")
    ]
    source = core.answers if readout else encoder.o
    process, taken = collect(source, len(answers if readout else expected.words), int, chance, 3)
    simulate(m, start, process, background=[watch])
    assert taken == (answers if readout else expected.words)
    assert ended == [True]
    assert sum(steps) == expected.steps
    if not readout:
        assert swept == [word for one in expected.membranes for word in banks(made, one)]


def banks(made, membranes: np.ndarray) -> list[list[int]]:
    """Words of all banks side by side, as a sweep finds them."""
    words = np.zeros((made.bank_words, GRID, GRID, SHAPE.lanes), int)
    channels, rows, columns = membranes.shape
    for y in range(rows):
        for x in range(columns):
            word = y // GRID * made.bank_columns + x // GRID
            place = (y + made.rows.start) % GRID, x % GRID
            words[(word, *place)][:channels] = membranes[:, y, x]
    return words.reshape(len(words), -1).tolist()


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("seed", range(4))
def test_every_pass_is_the_models(seed, pattern):
    rng = np.random.default_rng(seed)
    program = program_of(rng)
    network = program.network
    recordings = [(random_events(rng, network, count, outside=0), [5]) for count in (60, 20)]
    assert encode_recordings(recordings, network.input_shape)[1] == 0
    for layer, steps in enumerate(program.layers):
        check(program, recordings, layer, len(steps.passes) - 1, PATTERNS[pattern])
