"""What integers do not hold of a layer's weights, and what helps."""

from collections.abc import Iterator

import torch

from tickless.errors import TicklessWarning
from tickless.sw.quantization.rule import Levels, Quantization

__all__ = ["QuantizationWarning", "diagnosis"]

FEWEST_UNITS = 4
"""Thresholds, and largest weights, of fewer units are rounded by an eighth and more."""

LOST = 0.75
"""Share of a scale's other weights that an outlier rounds to zero."""

NAMED = 4
"""Channels that a line names."""


class QuantizationWarning(TicklessWarning):
    """Integers that hold little of a layer's weights; the message says where and what helps."""


def diagnosis(
    where: str, weight: torch.Tensor, levels: Levels, quantization: Quantization
) -> Iterator[str]:
    """One line for each of what is wrong with a layer's integers.

    - Outliers: of a scale's weights that are not 0, `LOST` or more become 0, while at most a
      hundredth, or one, are above a quarter of the largest. A scale that the resolution limits has
      no outliers: its weights are small beside the threshold.
    - Thresholds of fewer than `FEWEST_UNITS` units.
    - A scale that the resolution limits, and whose largest weight is fewer than `FEWEST_UNITS`
      units: the channel spikes otherwise than it should, or never.
    - A readout with one weight more than twice as large as all others.

    Parameters
    ----------
    where : str
        What messages call the layer.
    weight : torch.Tensor
        Its real weights.
    levels : Levels
        Its integers.
    quantization : Quantization
        The rule that made them.
    """
    readout = not len(levels.threshold)
    rows = weight.detach().double().abs().flatten(1)
    integers = levels.weight.flatten(1)
    owner = int(rows.amax(1).argmax())
    if readout:
        rows, integers = rows.reshape(1, -1), integers.reshape(1, -1)
    largest = (1 << (quantization.weight_bits - 1)) - 1
    # Neither limited by the resolution nor clipped.
    full = (levels.scale.flatten() * rows.amax(1) - largest).abs() <= 0.5
    outlying = [
        channel
        for channel in range(len(rows))
        if full[channel] and _outlying(rows[channel], integers[channel])
    ]
    if outlying and not readout:
        yield (
            f"{where}: {_channels(outlying)}: a weight so large that most others of the "
            f"channel round to zero: {_CLIP}"
        )
    few = (levels.threshold < FEWEST_UNITS).nonzero().flatten().tolist()
    if few:
        yield (
            f"{where}: {_channels(few)}: a threshold of "
            f"{int(levels.threshold.min())} weight units, fewer than {FEWEST_UNITS}: wider weights "
            "(--bits), --clip where few weights are far larger than the threshold, or fine-tuning "
            "with rounded weights (tickless train --from)"
        )
    limited = ~full & (levels.scale.flatten() >= quantization.resolution)
    largest_units = levels.scale.flatten() * rows.amax(1)
    small = limited & (largest_units > 0) & (largest_units < FEWEST_UNITS)
    if small.any() and not readout:
        named = small.nonzero().flatten().tolist()
        yield (
            f"{where}: {_channels(named)}: a largest weight of "
            f"{float(largest_units[small].min()):.2g} units, fewer than {FEWEST_UNITS}, beside a "
            f"threshold of {quantization.resolution}: more units a threshold "
            "(--resolution; in Python, resolution=)"
        )
    if readout:
        ordered = rows.flatten().sort(descending=True).values
        alone = bool(full[0]) and len(ordered) > 1 and bool(ordered[0] > 2 * ordered[1] > 0)
        if outlying or alone:
            others = "most others round to zero" if outlying else "no other is half as large"
            yield (
                f"{where}: channel {owner}: its largest weight sets the scale of all "
                f"classes, and {others}: {_CLIP}"
            )


_CLIP = (
    "clip it (--clip 99; in Python, clip=), or fine-tune with rounded weights (tickless train "
    "--from)"
)


def _outlying(row: torch.Tensor, integers: torch.Tensor) -> bool:
    """Whether few weights leave nothing of the others."""
    present = row > 0
    count = int(present.sum())
    few = int((row > row.max() / 4).sum())
    if count == few or few > max(1, count // 100):
        return False
    lost = int((present & (integers == 0)).sum())
    return lost >= LOST * (count - few)


def _channels(indices: list[int]) -> str:
    """Some channels by number."""
    listed = ", ".join(map(str, indices[:NAMED]))
    more = len(indices) - NAMED
    word = "channel" if len(indices) == 1 else "channels"
    return f"{word} {listed}" + (f" and {more} more" if more > 0 else "")
