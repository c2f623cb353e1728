"""The rule by which weights become integers, and its stand-in for training."""

from dataclasses import dataclass

import torch

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import MAX_SHORTCUT_BITS, membrane_bits

__all__ = ["Edge", "Levels", "Quantization"]


@dataclass(frozen=True, eq=False)
class Levels:
    """A layer's integers, held as float64.

    Members
    -------
    weight : torch.Tensor
        ``Geometry.weight_shape``.
    threshold, floor : torch.Tensor
        ``[channels]``, pooling included; empty for a readout. A threshold below 1 says that the
        weights are too large for the width.
    scale : torch.Tensor
        Weight units in 1: ``[channels, 1, 1, 1]``, of a readout ``[1, 1, 1, 1]``.
    shortcut : torch.Tensor or None
        Weights of the shortcut into the layer, if any.
    """

    weight: torch.Tensor
    threshold: torch.Tensor
    floor: torch.Tensor
    scale: torch.Tensor
    shortcut: torch.Tensor | None = None

    def membrane_bits(self, above: int = 0) -> int:
        """Width of the narrowest membranes for all channels, with thresholds higher by ``above``;
        32 for a readout."""
        if not len(self.threshold):
            return 32
        return membrane_bits(int(self.threshold.max()) + above, int(self.floor.min()))


Edge = tuple[torch.Tensor, Geometry]
"""Real weights of an edge, and its address arithmetic."""


@dataclass(frozen=True)
class Quantization:
    """Widths of integer weights and thresholds.

    A neuron's spikes do not change when its weights, threshold and floor are scaled together. So
    each channel has the scale at which its largest weight fills ``weight_bits``, or ``resolution``
    where that is smaller, and the scale is seen in its threshold and floor alone. Pooling by p
    multiplies both by p * p. The readout has one scale. Halves round to even.

    A shortcut's weights add to the same membranes, in the same scale. Where it mixes channels its
    weights, too, have ``weight_bits``, and the larger of both decides. One that passes each channel
    on by itself is as wide as it needs, up to 16 bits: else its few large weights would leave
    nothing of the small ones beside them.

    Parameters
    ----------
    weight_bits : int
        Width of a signed weight, 2 to 8.
    resolution : int
        Most weight units in a threshold, at least 1: it keeps membranes narrow where all weights
        of a channel are small.
    """

    weight_bits: int = 8
    resolution: int = 128

    def __post_init__(self):
        if not 2 <= self.weight_bits <= 8:
            raise InputError(f"weight_bits = {self.weight_bits}: expected 2 to 8")
        if self.resolution < 1:
            raise InputError(f"resolution = {self.resolution}: expected at least 1")

    @torch.no_grad()
    def levels(
        self, weight: torch.Tensor, geometry: Geometry, floor: float, shortcut: Edge | None = None
    ) -> Levels:
        """Integers of a layer of threshold 1 whose floor is given in thresholds."""
        largest = (1 << (self.weight_bits - 1)) - 1
        real = weight.detach().double()
        peaks = real.abs().amax((1, 2, 3), keepdim=True).clamp_(min=1e-12)
        if geometry.kind == "readout":
            scale = largest / peaks.amax(0, keepdim=True)
            threshold = low = real.new_zeros(0)
        else:
            scale = (largest / peaks).clamp_(max=self.resolution)
            if shortcut is not None:
                scale = torch.minimum(scale, self._most(*shortcut) / geometry.pool**2)
            threshold = (scale.flatten() * geometry.pool**2).round()
            low = (floor * threshold).round().clamp_(max=-1)
        passed = None
        if shortcut is not None:
            own = scale * (geometry.pool / shortcut[1].pool) ** 2
            passed = (shortcut[0].detach().double() * own).round()
        return Levels((real * scale).round(), threshold, low, scale, passed)

    def _most(self, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
        """Highest thresholds that a shortcut's weights allow, ``[channels, 1, 1, 1]``."""
        wide = geometry.groups == geometry.output_shape[0]
        bits = MAX_SHORTCUT_BITS if wide else self.weight_bits
        peaks = weight.detach().double().abs().amax((1, 2, 3), keepdim=True).clamp_(min=1e-12)
        return ((1 << (bits - 1)) - 1) * geometry.pool**2 / peaks

    def imitate(
        self, weight: torch.Tensor, geometry: Geometry, floor: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights and floors, in thresholds, that the integers stand for.

        The gradient passes the rounding as if it were not there.

        Returns
        -------
        weight : torch.Tensor
            Shape and type of the given one.
        floor : torch.Tensor
            ``[channels, 1, 1]``, or of a readout empty.
        """
        levels = self.levels(weight, geometry, floor)
        if geometry.kind == "readout":
            return _instead(weight, levels.weight / levels.scale), levels.floor.to(weight)
        unit = levels.threshold.clamp(min=1)[:, None, None]
        rounded = levels.weight * geometry.pool**2 / unit[..., None]
        return _instead(weight, rounded), (levels.floor[:, None, None] / unit).to(weight)

    def imitate_join(
        self, weight: torch.Tensor, geometry: Geometry, floor: float, shortcut: Edge
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same for a layer with a shortcut: weights, floors, and the shortcut's weights."""
        levels = self.levels(weight, geometry, floor, shortcut)
        assert levels.shortcut is not None
        unit = levels.threshold.clamp(min=1)[:, None, None]
        rounded = levels.weight * geometry.pool**2 / unit[..., None]
        passed = levels.shortcut * shortcut[1].pool ** 2 / unit[..., None]
        low = (levels.floor[:, None, None] / unit).to(weight)
        return _instead(weight, rounded), low, _instead(shortcut[0], passed)


def _instead(weight: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """Rounded weights, whose gradient is the real ones'."""
    return weight + (rounded.to(weight) - weight).detach()
