import pytest

from tests.hw.stream_io import simulate
from tickless.hw.early_exit import EarlyExit
from tickless.hw.packet import Kind, LinkConfig, answer_layout

LINK = LinkConfig(4, 1, 1, 4)
EVENT, END, READ = Kind.EVENT, Kind.END, Kind.READ


def run(script):
    """Run a script: rows of packet or None, ready, answer's kind or None; returns what passed.

    A packet stays on offer until it is taken or dropped.

    Returns
    -------
    passed, answers, decided, skipped
        Packets that passed as ``(row, kind)``, kinds of answers that passed, clocks with a
        decision, packets dropped.
    """
    dut = EarlyExit(LINK.layout, answer_layout(2, early_exit=True))
    passed, answers, decided, skipped = [], [], [], []

    async def drive(ctx):
        waiting = None
        ctx.set(dut.o_answer.ready, 1)
        for row, (packet, ready, answer) in enumerate(script):
            if packet is not None:
                assert waiting is None, f"row {row}: the packet before still waits"
                waiting = packet
            ctx.set(dut.i.valid, waiting is not None)
            ctx.set(dut.i.p.kind, EVENT if waiting is None else waiting)
            ctx.set(dut.o.ready, ready)
            ctx.set(dut.i_answer.valid, answer is not None)
            ctx.set(dut.i_answer.p.kind, EVENT if answer is None else answer)
            if ctx.get(dut.o.valid) and ready:
                passed.append((row, ctx.get(dut.o.p.kind)))
            if ctx.get(dut.i.valid) and ctx.get(dut.i.ready):
                waiting = None
            if ctx.get(dut.o_answer.valid):
                answers.append(ctx.get(dut.o_answer.p.kind))
            if ctx.get(dut.decided):
                decided.append(row)
            await ctx.tick()
        skipped.append(ctx.get(dut.skipped))

    simulate(dut, drive, clocks=len(script) + 5)
    return passed, answers, decided, skipped[0]


def test_drops_the_rest_of_a_decided_sample():
    passed, answers, decided, skipped = run(
        [
            (EVENT, 1, None),
            (EVENT, 1, EVENT),  # decided; this packet has passed
            (EVENT, 1, None),
            (READ, 1, None),
            (END, 1, None),
            (EVENT, 1, END),
            (END, 1, None),
            (None, 1, END),
        ]
    )
    assert passed == [(0, EVENT), (1, EVENT), (4, END), (5, EVENT), (6, END)]
    assert (answers, decided, skipped) == ([END, END], [1], 2)


def test_a_packet_on_offer_stays():
    passed, _, _, skipped = run(
        [
            (EVENT, 0, None),
            (None, 0, EVENT),
            (None, 0, None),
            (None, 1, None),
            (EVENT, 1, None),
            (END, 0, None),
            (None, 1, None),
        ]
    )
    assert passed == [(3, EVENT), (6, END)]
    assert skipped == 1


@pytest.mark.parametrize("row", [2, 3])
def test_a_decision_behind_its_samples_end_drops_nothing(row):
    script = [(EVENT, 1, None), (END, 1, None), (EVENT, 1, None), (EVENT, 1, None), (END, 1, END)]
    packet, ready, _ = script[row - 1]
    script[row - 1] = (packet, ready, EVENT)
    passed, _, decided, skipped = run(script)
    assert [place for place, _ in passed] == list(range(5))
    assert (decided, skipped) == ([row - 1], 0)
