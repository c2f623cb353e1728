"""Stream source and sink for Amaranth's simulator, with random idle and back-pressure."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from amaranth.sim import Simulator

__all__ = ["PATTERNS", "collect", "send", "simulate"]

PATTERNS = {"full": 1.0, "light": 0.8, "heavy": 0.25}
"""Probability of an offer, or of an acceptance, in a clock."""

PERIOD = 1e-8

AFTERWARDS = 200
"""Clocks behind the end of all testbenches, for those in the background: more than anything that
comes too much stays inside a component."""


def send(stream, payloads: Sequence[Any], chance: float, seed: int):
    """Testbench that sends payloads in order."""
    rng = random.Random(seed)

    async def process(ctx):
        for payload in payloads:
            while rng.random() >= chance:
                await ctx.tick()
            ctx.set(stream.p, payload)
            ctx.set(stream.valid, 1)
            await ctx.tick().until(stream.ready)
            ctx.set(stream.valid, 0)

    return process


def collect(stream, count: int, decode: Callable[[Any], Any], chance: float, seed: int):
    """Testbench that takes ``count`` payloads, and checks the stream rules in each clock.

    A valid transfer that is not taken stays, with its payload, and valid does not depend on ready.

    Returns
    -------
    process, list
        The testbench, and the list of decoded payloads that it fills.
    """
    rng = random.Random(seed)
    taken: list[Any] = []

    async def process(ctx):
        waiting = None
        while len(taken) < count:
            ready = rng.random() < chance
            ctx.set(stream.ready, not ready)
            before = ctx.get(stream.valid)
            ctx.set(stream.ready, ready)
            valid, payload = ctx.get(stream.valid), decode(ctx.get(stream.p))
            assert valid == before, "valid depends on ready"
            if waiting is not None:
                assert valid, "valid fell before the transfer"
                assert payload == waiting[0], f"payload changed from {waiting[0]} to {payload}"
            waiting = (payload,) if valid and not ready else None
            if valid and ready:
                taken.append(payload)
            await ctx.tick()
        ctx.set(stream.ready, 0)

    return process, taken


def simulate(dut, *testbenches, clocks: int = 20000, background: Sequence = ()) -> None:
    """Run testbenches until all end, and a while longer; an error after ``clocks`` clocks."""
    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    ended = []

    def guarded(process):
        async def run(ctx):
            await process(ctx)
            ended.append(process)

        return run

    for process in testbenches:
        simulator.add_testbench(guarded(process))
    for process in background:
        simulator.add_testbench(process, background=True)
    clock = 0
    while clock < clocks and len(ended) < len(testbenches):
        clock += 1
        simulator.run_until(PERIOD * clock)
    simulator.run_until(PERIOD * min(clock + AFTERWARDS, clocks))
    assert len(ended) == len(testbenches), f"not finished after {clocks} clocks"
