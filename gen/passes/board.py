"""Pass engine on a board: its system, and a network as chunks that are loaded into it."""

import numpy as np

from tickless.errors import InputError
from tickless.gen.design_file import design_number
from tickless.gen.image import IMAGE_DTYPE
from tickless.gen.passes.instructions import memory_image
from tickless.gen.passes.program import make_program
from tickless.hw.host.config import HostConfig
from tickless.hw.host.messages import ANSWERS_AT_MOST
from tickless.hw.passes.config import INITIAL_LOGITS, REGISTERS, PassConfig, Register
from tickless.hw.passes.design import PassDesign
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.system import PassSystem
from tickless.hw.sdram.timing import AS4C16M16SA_7, SdramTimings
from tickless.sw.integer.network import Network

__all__ = ["pass_chunks", "pass_config", "pass_system"]


def pass_config(network: Network, shape: EngineShape | None = None) -> PassConfig:
    """Configuration of a board for networks with a network's input and classes.

    Raises
    ------
    InputError
        If the engine cannot compute the network.
    """
    program = make_program(network, shape)
    if network.classes > ANSWERS_AT_MOST:
        raise InputError(f"{network.classes} classes: expected at most {ANSWERS_AT_MOST}")
    return PassConfig(program.shape, network.input_shape, network.classes)


def pass_system(
    config: PassConfig, clock_hz: int, baud: int, timings: SdramTimings = AS4C16M16SA_7
) -> PassSystem:
    """System of a board, whose network is loaded later."""
    host = HostConfig(clock_hz=clock_hz, baud=baud, design=design_number(config))
    return PassSystem(PassDesign(config), host, timings)


def pass_chunks(config: PassConfig, network: Network) -> np.ndarray:
    """All that a board's engine computes a network with: chunks of `gen.image.IMAGE_DTYPE`.

    Raises
    ------
    InputError
        If the network has another input, or number of classes, or is too large.
    """
    for what, wanted, there in (
        ("an input", network.input_shape, config.input_shape),
        ("classes", network.classes, config.classes),
    ):
        if wanted != there:
            raise InputError(f"a network with {what} {wanted}: the board was built for {there}")
    program = make_program(network, config.shape)
    words = memory_image(program)
    words = np.append(words, np.zeros(len(words) % 2, np.uint16)).astype("<u2")
    registers = {
        Register.PROGRAM: program.code.start,
        Register.INPUT: program.lists[0].start,
        Register.LIMIT: program.lists[0].start + program.lists[0].words,
        Register.ANSWERS: program.answers.start,
    }
    logits = network.initial_logits.astype(np.int32).view(np.uint32).tolist()
    places = [*registers, *range(INITIAL_LOGITS, INITIAL_LOGITS + network.classes)]
    values = [*registers.values(), *logits]
    chunks = np.zeros(len(words) // 2 + len(places), IMAGE_DTYPE)
    chunks["data"] = [*words.view("<u4").tolist(), *values]
    chunks["address"] = [*range(len(words) // 2), *(REGISTERS + place for place in places)]
    return chunks
