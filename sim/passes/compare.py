"""Comparison of a pass engine with the pass model: every list, every answer, every membrane."""

from collections.abc import Iterator

import numpy as np

from tickless.gen.passes.program import Program
from tickless.sim.passes.model import BatchRun
from tickless.sim.passes.run import EngineRun
from tickless.sim.passes.traces import engine_traces

__all__ = ["difference"]


def difference(program: Program, expected: BatchRun, run: EngineRun) -> str | None:
    """First difference of what an engine wrote, or swept at END; None if there is none."""
    place = 0
    for where, words in _lists(program, expected):
        found = run.written[place : place + len(words)].tolist()
        place += len(words)
        if found != words:
            first = next(
                (k for k, pair in enumerate(zip(found, words, strict=False)) if pair[0] != pair[1]),
                len(found),
            )
            have = f"{found[first]:#06x}" if first < len(found) else "nothing"
            return f"{where}: word {first} of {len(words)}: {have}: expected {words[first]:#06x}"
    if place != len(run.written):
        return f"{len(run.written)} words were written: expected {place}"
    reads = [len(trace.read_logits) for trace in expected.traces]
    for number, (have, want) in enumerate(
        zip(engine_traces(program, run, reads), expected.traces, strict=True)
    ):
        names = (layer.name for layer in program.network.layers)
        for name, mine, layer in zip(names, have.membranes, want.layers, strict=False):
            wrong = np.argwhere(mine != layer.membrane)
            if len(wrong):
                return (
                    f"{name}, recording {number}: {len(wrong)} membranes differ, the first at "
                    f"{tuple(wrong[0].tolist())}"
                )
    return None


def _lists(program: Program, expected: BatchRun) -> Iterator[tuple[str, list[int]]]:
    """Name and words of all that is written, in order."""
    network = program.network
    for layer, steps, ran in zip(network.layers, program.layers, expected.layers, strict=True):
        if steps.join is not None:
            yield f"joined list of {layer.name}", ran.source
        for number, made in enumerate(ran.passes):
            words = made.words
            if layer.is_readout:
                logits = [np.zeros(program.shape.lanes, "<i4") for _ in made.answers]
                for padded, answer in zip(logits, made.answers, strict=True):
                    padded[: len(answer)] = answer
                words = [int(word) for padded in logits for word in padded.view("<u2")]
            yield f"pass {number} of {layer.name}", words
        if steps.target is not None:
            yield f"list of {layer.name}", ran.target
