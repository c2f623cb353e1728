"""Batch norm that scales and does not shift."""

import torch
from torch import nn

__all__ = ["ScaleNorm"]


class ScaleNorm(nn.BatchNorm2d):
    """Batch norm by the root mean square of each channel: no mean is taken away, no bias added.

    What spiking layers without biases can keep of a batch norm: its fusing changes nothing. In
    evaluation it is a batch norm whose means and biases are zero.
    """

    def __init__(self, channels: int):
        super().__init__(channels)
        self.bias.requires_grad_(False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Scaled currents of a batch, ``[samples, channels, height, width]``."""
        if not self.training:
            return super().forward(input)
        power = input.square().mean((0, 2, 3))
        self.track(power.detach())
        return input * (self.weight * (power + self.eps).rsqrt())[:, None, None]

    @torch.no_grad()
    def track(self, power: torch.Tensor) -> None:
        """Update the running mean squares by those of a batch, ``[channels]``."""
        state = self.state_dict()
        state["num_batches_tracked"] += 1
        share = self.momentum or 1 / int(state["num_batches_tracked"])
        state["running_var"].lerp_(power.float(), share)
