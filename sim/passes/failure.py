"""Failure of a pass engine, in words: which pass, and the numbers."""

from tickless.gen.passes.program import Program

__all__ = ["failure_text", "overflow_text"]


def failure_text(program: Program, error: str, instruction: int) -> str:
    """What an engine's error means.

    Parameters
    ----------
    error : str
        Name of the `EngineError`.
    instruction : int
        Number of the instruction at which the program ended.
    """
    where, room = _places(program)[instruction]
    text = {
        "CHECKSUM": "its image in the SDRAM is damaged",
        "OVERFLOW": overflow_text(room),
        "WORD": "a word that it reads is none of an event list",
        "WATCHDOG": "it takes too long",
    }[error]
    return f"the engine ended with {error} at instruction {instruction}, {where}: {text}"


def overflow_text(room: int) -> str:
    """What is expected of a list with so many words of room."""
    return (
        f"expected at most {2 * room} bytes, its part of the SDRAM; fewer recordings in a batch, "
        "or shorter ones, take less"
    )


def _places(program: Program) -> list[tuple[str, int]]:
    """What each instruction makes, and the words of its target."""
    places = []
    for layer, steps in zip(program.network.layers, program.layers, strict=True):
        if steps.join is not None:
            places.append((f"joined list of layer {layer.name!r}", program.lists[steps.source]))
        target = program.answers if steps.target is None else program.tiles
        places += [
            (f"pass {number} of layer {layer.name!r}", target)
            for number in range(len(steps.passes))
        ]
        if steps.target is not None:
            places.append((f"event list of layer {layer.name!r}", program.lists[steps.target]))
    return [(where, area.words) for where, area in places]
