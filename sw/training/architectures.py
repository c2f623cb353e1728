"""Networks by name: layers in front of a readout."""

from collections.abc import Mapping

from tickless.sw.integer.specs import LayerSpec, ShortcutSpec

__all__ = ["NETWORKS", "layers"]


def _conv(
    channels: int, stride: int = 1, pool: int = 1, shortcut: ShortcutSpec | None = None
) -> LayerSpec:
    return LayerSpec("conv2d", channels, 3, stride, 1, pool, shortcut=shortcut)


def _residual(blocks: int) -> tuple[LayerSpec, ...]:
    """A convolution, then so many blocks of two convolutions for each of four extents."""
    specs = [_conv(64, pool=4)]
    for channels in (64, 128, 256, 512):
        for block in range(blocks):
            source, shrinks = len(specs) - 1, channels > 64 and block == 0
            options = {"stride": 2} if shrinks else {"groups": channels}
            specs.append(_conv(channels, 2 if shrinks else 1))
            specs.append(_conv(channels, shortcut=ShortcutSpec(source, 1, **options)))
    return tuple(specs)


_READOUT_POOL = {"vggsnn": 2, "resnet18": 4}

NETWORKS: Mapping[str, tuple[LayerSpec, ...]] = {
    "sparse": (_conv(12, 2), _conv(24, 2), _conv(32, 2)),
    "small": (_conv(8, 2), _conv(16, 2), _conv(32, 2)),
    "mtt-nmnist": (_conv(8), _conv(16, pool=2), _conv(16, 2, pool=2)),
    "mtt-gesture": (
        _conv(8, 2, pool=2),
        _conv(16, pool=2),
        _conv(32, pool=2),
        _conv(32, pool=2),
        LayerSpec("linear", 64),
    ),
    "vgg-small": (_conv(16, pool=4), _conv(32, 2), _conv(64, 2), _conv(64, 2)),
    "vggsnn": (
        _conv(64, pool=4),
        _conv(128),
        *(_conv(channels, pool=pool) for channels in (256, 512, 512) for pool in (2, 1)),
    ),
    "resnet18": _residual(2),
}
"""Spiking layers by name; `layers` adds the readout.

- ``sparse``: all of stride 2, so that few spikes are sent; of the committed networks.
- ``small``: the same for small boards.
- ``mtt-nmnist``: the MTT paper's network for N-MNIST, 2-8C3p1-AP2-16C3p1-AP2-16C3s2p1-FC10.
- ``mtt-gesture``: its network for DVS-Gesture, AP2-8C3s2-AP2-16C3-AP2-32C3-AP2-32C3-FC64-FC11,
  the convolutions with padding 1.
- ``vggsnn``: its network for CIFAR10-DVS, AP4-64-128-AP-256-256-AP-512-512-AP-512-512-AP-FC10.
- ``vgg-small``: ours for CPUs, for ``cifar10saccades``: AP4-16-32s2-64s2-64s2-FC10.
- ``resnet18``: He et al.'s with 3x3 pixels in the first convolution, behind an average pooling by
  4 that brings 128x128 pixels to 32x32. For training in time steps alone.
"""


def layers(name: str, classes: int) -> tuple[LayerSpec, ...]:
    """Layers of a network with its readout.

    Raises
    ------
    ValueError
        If the name is unknown; the message lists the known ones.
    """
    if name not in NETWORKS:
        raise ValueError(f"network = {name!r}: expected one of {', '.join(NETWORKS)}")
    return (*NETWORKS[name], LayerSpec("readout", classes, pool=_READOUT_POOL.get(name, 1)))
