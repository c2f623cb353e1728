"""The rule by which weights become integers, and its stand-in for training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import torch

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import MAX_RESOLUTION, MAX_SHORTCUT_BITS, membrane_bits

__all__ = ["Clip", "Edge", "Levels", "Quantization"]

Clip = float | Literal["mse"] | None

SPAN = 3
"""Thresholds, besides the floor's, beyond which it is no error that a weight is clipped: one event
still brings a membrane from the floor far above the threshold, or from there to the floor."""

CLIPPED = tuple(0.9**step for step in range(54))
"""Parts of the largest weight that are tried, down to less than a 256th."""


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

    @property
    def membrane_bits(self) -> int:
        """Width of the narrowest membranes for all channels; 32 for a readout."""
        if not len(self.threshold):
            return 32
        return membrane_bits(int(self.threshold.max()), int(self.floor.min()))

    def logits(self, initial: Sequence[float], pool: int) -> torch.Tensor:
        """Logits with which a readout's samples begin, as integers in its unit: `logit_scale`."""
        return (torch.tensor(initial, dtype=torch.float64) / self.logit_scale(pool)).round()

    def logit_scale(self, pool: int) -> float:
        """Real value of one unit of a readout's logits, behind pooling by ``pool``."""
        return 1 / (self.scale.item() * pool**2)

    def above(self) -> "Levels":
        """The same for neurons that fire above their threshold alone: at 1 unit more."""
        return replace(self, threshold=self.threshold + 1)


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

    Where a few weights are far larger than all others, they leave little of them: clipped, they
    become the largest that fits a finer scale.

    Parameters
    ----------
    weight_bits : int
        Width of a signed weight, 2 to 8.
    resolution : int
        Most weight units in a threshold, 1 to `sw.integer.layer.MAX_RESOLUTION`: it keeps membranes
        narrow where all weights of a channel are small.
    clip : float or str, optional
        What fills ``weight_bits`` instead of the largest weight of a scale; those above it are
        clipped: a percentile of the layer's absolute weights, at least 50 and below 100, with at
        least one weight above it; or ``"mse"``: what makes the squared error of each scale least.
    """

    weight_bits: int = 8
    resolution: int = 128
    clip: Clip = None

    def __post_init__(self):
        if self.clip not in (None, "mse") and not (
            type(self.clip) in (int, float) and 50 <= self.clip < 100
        ):
            raise InputError(
                f"clip = {self.clip!r}: expected 'mse' or a percentile of at least 50 and below 100"
            )
        if not 2 <= self.weight_bits <= 8:
            raise InputError(f"weight_bits = {self.weight_bits}: expected 2 to 8")
        if not 1 <= self.resolution <= MAX_RESOLUTION:
            raise InputError(f"resolution = {self.resolution}: expected 1 to {MAX_RESOLUTION}")

    @torch.no_grad()
    def levels(
        self, weight: torch.Tensor, geometry: Geometry, floor: float, shortcut: Edge | None = None
    ) -> Levels:
        """Integers of a layer of threshold 1 whose floor is given in thresholds."""
        largest = (1 << (self.weight_bits - 1)) - 1
        real = weight.detach().double()
        if geometry.kind == "readout":
            scale = largest / self._peaks(real.reshape(1, -1, 1, 1), inf)
            threshold = low = real.new_zeros(0)
        else:
            peaks = self._peaks(real, (SPAN - floor) * geometry.pool**2)
            scale = (largest / peaks).clamp_(max=self.resolution)
            if shortcut is not None:
                scale = torch.minimum(scale, self._most(*shortcut) / geometry.pool**2)
            threshold = (scale.flatten() * geometry.pool**2).round()
            low = (floor * threshold).round().clamp_(max=-1)
        passed = None
        if shortcut is not None:
            own = scale * (geometry.pool / shortcut[1].pool) ** 2
            bound = self._largest(shortcut[1])
            passed = (shortcut[0].detach().double() * own).round().clamp_(-bound, bound)
        rounded = (real * scale).round().clamp_(-largest, largest)
        return Levels(rounded, threshold, low, scale, passed)

    def _most(self, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
        """Highest thresholds that a shortcut's weights allow, ``[channels, 1, 1, 1]``."""
        real = weight.detach().double()
        peaks = _peaks(real) if _is_wide(geometry) else self._bounded(real)
        return self._largest(geometry) * geometry.pool**2 / peaks

    def _largest(self, shortcut: Geometry) -> int:
        """Largest weight of a shortcut."""
        bits = MAX_SHORTCUT_BITS if _is_wide(shortcut) else self.weight_bits
        return (1 << (bits - 1)) - 1

    def _peaks(self, real: torch.Tensor, most: float) -> torch.Tensor:
        """Weight that fills the width, of each scale: ``[scales, 1, 1, 1]``.

        ``most``: it is no error that a larger weight becomes this one.
        """
        if self.clip == "mse":
            return self._least_error(real.clamp(-most, most))
        return self._bounded(real)

    def _bounded(self, real: torch.Tensor) -> torch.Tensor:
        """Largest weight of each scale, or the tensor's percentile where that is smaller."""
        peaks = _peaks(real)
        if self.clip is None or self.clip == "mse":
            return peaks
        size = real.abs().flatten()
        bound = size.kthvalue(max(1, int(self.clip / 100 * len(size)))).values
        return torch.where(bound > 0, peaks.clamp(max=bound), peaks)

    def _least_error(self, real: torch.Tensor) -> torch.Tensor:
        largest, peaks = (1 << (self.weight_bits - 1)) - 1, _peaks(real)
        best, least = peaks, torch.full_like(peaks, inf)
        for part in CLIPPED:
            scale = (largest / (peaks * part)).clamp_(max=self.resolution)
            rounded = (real * scale).round_().clamp_(-largest, largest).div_(scale)
            error = rounded.sub_(real).square_().sum((1, 2, 3), keepdim=True)
            best = torch.where(error < least, peaks * part, best)
            least = torch.minimum(error, least)
        return best

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


def _peaks(real: torch.Tensor) -> torch.Tensor:
    return real.abs().amax((1, 2, 3), keepdim=True).clamp_(min=1e-12)


def _is_wide(shortcut: Geometry) -> bool:
    """Whether a shortcut passes each channel on by itself."""
    return shortcut.groups == shortcut.output_shape[0]


def _instead(weight: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """Rounded weights, whose gradient is the real ones'."""
    return weight + (rounded.to(weight) - weight).detach()
