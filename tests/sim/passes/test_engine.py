"""The pass engine's RTL against the pass model: every list, every answer, every membrane."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events, random_network, random_samples, without_saturation
from tests.sim.passes.test_model import without_wide_weights
from tickless.errors import InputError
from tickless.gen.passes.instructions import instructions, memory_image
from tickless.gen.passes.program import make_program
from tickless.hw.passes.instructions import (
    INSTRUCTION_LAYOUT,
    INSTRUCTION_WORDS,
    EngineError,
    Operation,
)
from tickless.hw.passes.layouts import Region
from tickless.hw.passes.shape import EngineShape
from tickless.sim.passes import model
from tickless.sim.passes.bench import PassBench
from tickless.sim.passes.compare import difference
from tickless.sim.passes.failure import failure_text
from tickless.sim.passes.run import PassSimulation

SHAPE = EngineShape(
    lanes=3, membrane_bits=24, weight_words=512, bank_words=64, table_words=64, tiles=6
)


BENCH = PassBench(SHAPE, watchdog_clocks=200_000)


@pytest.fixture(scope="module")
def simulation() -> PassSimulation:
    return PassSimulation(BENCH, optimize=False)


def program_of(rng: np.random.Generator, **options):
    """Program of the next random network that the engine can compute."""
    while True:
        try:
            network = without_saturation(without_wide_weights(random_network(rng, **options)))
            return make_program(network, SHAPE)
        except InputError:
            continue


def assert_equal(simulation, program, batches, **options) -> None:
    runs = simulation.run(program, batches, **options)
    for batch, run in zip(batches, runs, strict=True):
        assert run.error == EngineError.NONE
        expected = model.run(program, batch)
        assert difference(program, expected, run) is None
        assert run.steps == sum(one.steps for layer in expected.layers for one in layer.passes)


@pytest.mark.parametrize("seed", range(12))
def test_every_list_answer_and_membrane_is_the_models(simulation, seed):
    rng = np.random.default_rng(seed)
    program = program_of(rng)
    samples = random_samples(rng, program.network, 4)
    # The last batch is what it would be behind power-up.
    batches = [samples, samples[1:2], []]
    assert_equal(simulation, program, batches, delay=int(rng.integers(0, 2000)))


@pytest.mark.parametrize("seed", [101, 102, 107, 112, 114, 115, 117, 118, 120])
def test_a_join_is_the_models(simulation, seed):
    rng = np.random.default_rng(seed)
    program = program_of(rng, layers=1, shortcuts=1 + seed % 2, size=6)
    events = random_events(rng, program.network, 12)
    samples = [(events, [0, 3, 12]), (events[:0], []), (events[5:9], [2])]
    assert_equal(simulation, program, [samples])


def example():
    rng = np.random.default_rng(3)
    program = program_of(rng)
    return program, [(random_events(rng, program.network, 100, outside=0), [])]


def test_a_list_that_overflows_is_an_error_and_the_next_batch_is_unharmed(simulation):
    program, batch = example()
    small = replace(program, tiles=replace(program.tiles, words=10))
    with pytest.raises(model.ListOverflow):
        model.run(small, batch)
    short = [(batch[0][0][:0], [])]
    full, empty = simulation.run(small, [batch, short])
    assert (full.error, full.instruction) == (EngineError.OVERFLOW, 0)
    assert difference(small, model.run(small, short), empty) is None


def test_events_that_do_not_fit_into_the_sdram_are_refused(simulation):
    program, batch = example()
    small = replace(program, lists=(replace(program.lists[0], words=10), *program.lists[1:]))
    with pytest.raises(model.ListOverflow, match=r"the input: \d+ bytes: expected at most 20"):
        simulation.run(small, [batch])


def test_an_error_is_told_with_the_pass_and_the_numbers():
    program, _ = example()
    for number, instruction in enumerate(instructions(program)[:-1]):
        room = instruction["limit"] - instruction["target"]
        text = failure_text(program, "OVERFLOW", number)
        assert f"at instruction {number}, " in text
        assert f"expected at most {2 * room} bytes" in text
        kind = "pass" if instruction["operation"] == Operation.PASS else "list"
        assert kind in text.split(":")[0]
    first = program.network.layers[0].name
    text = failure_text(program, "CHECKSUM", 0)
    assert text.endswith(f"pass 0 of layer {first!r}: its image in the SDRAM is damaged")


def test_a_damaged_image_is_an_error_and_the_batch_behind_its_repair_unharmed(simulation):
    program, batch = example()
    image = memory_image(program)
    image[len(program.images[0][0]) // 2] ^= 0x10
    run, behind = simulation.run(program, [batch, batch], images=[image, memory_image(program)])
    assert (run.error, run.instruction, len(run.written)) == (EngineError.CHECKSUM, 0, 0)
    assert difference(program, model.run(program, batch), behind) is None


@pytest.mark.parametrize("part", [0, 1, -1], ids=["region", "address", "checksum"])
def test_an_image_damaged_anywhere_is_an_error(simulation, part):
    program, batch = example()
    image = memory_image(program)
    image[part % len(program.images[0][0])] ^= 0x1
    (run,) = simulation.run(program, [batch], images=[image])
    assert (run.error, run.instruction, len(run.written)) == (EngineError.CHECKSUM, 0, 0)


def test_an_engine_that_gets_nowhere_gives_up(simulation):
    program, batch = example()
    image = memory_image(program)
    # Weights without end: as many words as there are.
    image[:3] = [Region.WEIGHTS, 0, 0xFFFF]
    (run,) = simulation.run(program, [batch], images=[image])
    assert (run.error, run.instruction, len(run.written)) == (EngineError.WATCHDOG, 0, 0)
    assert run.cycles < 220_000  # with the SDRAM's power-up


def test_a_word_that_is_none_of_a_list_is_an_error(simulation):
    program, batch = example()
    image = memory_image(program)
    # The first pass reads its own image as a list.
    wrong = INSTRUCTION_LAYOUT.const({**instructions(program)[0], "source": 0}).as_bits()
    parts = [wrong >> 16 * k & 0xFFFF for k in range(INSTRUCTION_WORDS)]
    image[program.code.start : program.code.start + INSTRUCTION_WORDS] = parts
    (run,) = simulation.run(program, [batch], images=[image])
    assert (run.error, run.instruction, len(run.written)) == (EngineError.WORD, 0, 0)
