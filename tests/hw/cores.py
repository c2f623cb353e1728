"""Shapes and contents of cores for tests."""

import random

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.edge import EdgeShape
from tickless.hw.core.shape import CoreShape
from tickless.hw.packet import LinkConfig

__all__ = ["make_contents", "make_core"]


def make_core(
    *,
    channels: int = 2,
    size: tuple[int, int] = (6, 5),
    output_shape: tuple[int, int, int] = (4, 3, 3),
    kernel: int | tuple[int, int] = 3,
    stride: int | tuple[int, int] = 2,
    padding: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    pool: int = 1,
    groups: int = 1,
    lanes: int = 4,
    taps: int = 4,
    weight_bits: int = 4,
    membrane_bits: int = 6,
    **options,
) -> CoreShape:
    """Shape of a core of one whole layer."""
    edge = EdgeShape(
        input_link=LinkConfig(channels, *size, channels, guarded=True),
        kernel=_by_axis(kernel),
        stride=_by_axis(stride),
        padding=_by_axis(padding),
        pool=pool,
        groups=groups,
        dilation=_by_axis(dilation),
    )
    return CoreShape(
        name="layer",
        edges=(edge,),
        output_shape=output_shape,
        first_channel=0,
        layer_channels=output_shape[0],
        lanes=lanes,
        taps=taps,
        weight_bits=weight_bits,
        membrane_bits=membrane_bits,
        **options,
    )


def make_contents(shape: CoreShape, seed: int = 0) -> CoreContents:
    """Random weights, thresholds and floors of a core."""
    rng = random.Random(seed)
    count = 0 if shape.readout else shape.output_shape[0]
    half = shape.ceil + 1
    thresholds = tuple(rng.randint(1, half) for _ in range(count))
    floors = tuple(rng.randint(-half, -1) for _ in range(count))
    weights = tuple(
        tuple(rng.getrandbits(shape.weight_word_bits) for _ in range(shape.edge_depth(index)))
        for index in range(len(shape.edges))
    )
    logits = shape.output_shape[0] if shape.initial_logits else 0
    initial = tuple(rng.randint(-(1 << 31), (1 << 31) - 1) for _ in range(logits))
    return CoreContents(weights, thresholds, floors, initial)


def _by_axis(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
