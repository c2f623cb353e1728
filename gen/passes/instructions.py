"""Instructions of a program, and all that lies in SDRAM before the engine starts."""

from typing import Any

import numpy as np

from tickless.gen.passes.program import LayerSteps, Program
from tickless.hw.passes.instructions import INSTRUCTION_LAYOUT, INSTRUCTION_WORDS, Operation
from tickless.hw.passes.merger import MergeMode
from tickless.hw.passes.words import WORD_BITS

__all__ = ["instructions", "memory_image"]

MODES = {"none": MergeMode.PLAIN, "event": MergeMode.EVENT, "source": MergeMode.SOURCE}


Instruction = dict[int | str, Any]
"""Fields of `hw.passes.engine.INSTRUCTION_LAYOUT`."""


def instructions(program: Program) -> list[Instruction]:
    """Instructions of a program, DONE the last."""
    made: list[Instruction] = []
    for steps, starts in zip(program.layers, program.image_starts, strict=True):
        source = program.lists[steps.source]
        if steps.join is not None:
            made.append(
                _instruction(
                    Operation.MERGE,
                    mode=MergeMode.JOIN,
                    image=program.lists[steps.join.path].start,
                    source=program.lists[steps.join.fork].start,
                    target=source.start,
                    limit=source.start + source.words,
                )
            )
        made += _passes(program, steps, starts)
        if steps.target is not None:
            target = program.lists[steps.target]
            made.append(
                _instruction(
                    Operation.MERGE,
                    mode=MODES[steps.index],
                    source=source.start,
                    target=target.start,
                    limit=target.start + target.words,
                )
            )
    return [*made, _instruction(Operation.DONE)]


def memory_image(program: Program) -> np.ndarray:
    """Words of the SDRAM from word 0 on: images of all passes, then the instructions."""
    words = [INSTRUCTION_LAYOUT.const(each).as_bits() for each in instructions(program)]
    parts = [word >> WORD_BITS * k & 0xFFFF for word in words for k in range(INSTRUCTION_WORDS)]
    images = [image for images in program.images for image in images]
    return np.concatenate([*images, np.array(parts, np.uint16)])


def _passes(program: Program, steps: LayerSteps, starts: tuple[int, ...]) -> list[Instruction]:
    target = program.answers if steps.target is None else program.tiles
    return [
        _instruction(
            Operation.PASS,
            first=int(number == 0),
            image=start,
            source=program.lists[steps.source].start,
            target=target.start,
            limit=target.start + target.words,
        )
        for number, start in enumerate(starts)
    ]


def _instruction(operation: Operation, **fields: Any) -> Instruction:
    unused = {"first": 0, "mode": MergeMode.PLAIN, "image": 0, "source": 0, "target": 0, "limit": 0}
    return {**unused, "operation": operation, **fields}
