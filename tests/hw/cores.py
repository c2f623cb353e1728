"""Core parameters for tests."""

import random
from dataclasses import replace

from tickless.hw.core.config import CoreConfig
from tickless.hw.core.edge import EdgeConfig
from tickless.hw.packet import LinkConfig

__all__ = ["make_core", "pack_words"]


def pack_words(values: list[list[int]], bits: int) -> tuple[int, ...]:
    """Words of signed values, the first value lowest."""
    mask = (1 << bits) - 1
    return tuple(
        sum((value & mask) << (lane * bits) for lane, value in enumerate(word)) for word in values
    )


class _Unchecked(CoreConfig):
    def __post_init__(self):
        pass


def make_core(
    *,
    seed: int = 0,
    channels: int = 2,
    size: tuple[int, int] = (6, 5),
    shape: tuple[int, int, int] = (4, 3, 3),
    kernel: int = 3,
    stride: int = 2,
    padding: int = 1,
    pool: int = 1,
    groups: int = 1,
    lanes: int = 4,
    taps: int = 4,
    weight_bits: int = 4,
    membrane_bits: int = 6,
    ceil_bits: int | None = None,
    readout: bool = False,
    **options,
) -> CoreConfig:
    """Core with random weights, thresholds and floors."""
    rng = random.Random(seed)
    half = 1 << (membrane_bits - 1 if ceil_bits is None else ceil_bits)
    edge = EdgeConfig(
        input_link=LinkConfig(channels, *size, channels, guarded=True),
        kernel=(kernel, kernel),
        stride=stride,
        padding=padding,
        pool=pool,
        groups=groups,
        weights=(),
    )
    config = _Unchecked(
        name="layer",
        edges=(edge,),
        shape=shape,
        first_channel=0,
        layer_channels=shape[0],
        lanes=lanes,
        taps=taps,
        weight_bits=weight_bits,
        membrane_bits=membrane_bits,
        thresholds=() if readout else tuple(rng.randint(1, half) for _ in range(shape[0])),
        floors=() if readout else tuple(rng.randint(-half, -1) for _ in range(shape[0])),
        readout=readout,
        ceil_bits=ceil_bits,
        **options,
    )
    values = {name: getattr(config, name) for name in CoreConfig.__dataclass_fields__}
    try:
        depth = config.weight_depth
    except ArithmeticError:
        depth = 0
    weights = tuple(rng.getrandbits(weight_bits * lanes) for _ in range(depth))
    return CoreConfig(**{**values, "edges": (replace(edge, weights=weights),)})
