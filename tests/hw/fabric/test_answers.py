import random

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.fabric.answers import AnswerCollector, AnswerSplitter
from tickless.hw.packet import answer_layout


@pytest.mark.parametrize("classes", [1, 3, 10])
@pytest.mark.parametrize("early_exit", [False, True])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_round_trip(classes, early_exit, pattern):
    m = Module()
    answer = answer_layout(classes, early_exit)
    m.submodules.splitter = splitter = AnswerSplitter(answer)
    m.submodules.collector = collector = AnswerCollector(answer)
    connect(m, splitter.o, collector.i)
    rng = random.Random(classes)
    layout = splitter.layout
    answers = [layout.from_bits(rng.getrandbits(layout.size)) for _ in range(30)]
    process, taken = collect(
        collector.o, len(answers), lambda answer: answer.as_bits(), PATTERNS[pattern], 1
    )
    simulate(m, send(splitter.i, answers, PATTERNS[pattern], 2), process)
    assert taken == [answer.as_bits() for answer in answers]
