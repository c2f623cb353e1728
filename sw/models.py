"""Spiking networks in time steps: chains of weighted layers, one training stage each."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from sw.chain import LayerSpec, chain
from sw.geometry import Geometry, Shape
from sw.neurons import integrate_and_fire
from sw.temporal import transform

__all__ = ["SpikingChain", "current"]


class SpikingChain(nn.Module):
    """Chain of integrate-and-fire layers of threshold 1, closed by a readout.

    Each layer is one stage of mixed time-step training and runs at its own number of time steps.

    Parameters
    ----------
    sensor : Shape
        Extent of the input events.
    specs : sequence of LayerSpec
        The layers; the last one is the readout.
    floor : float
        Lowest membrane, in thresholds; below 0.
    normalize : bool
        Batch norm behind the weights of every spiking layer; `fold` takes it away.

    Members
    -------
    weights : torch.nn.ParameterList
        One tensor of ``Geometry.weight_shape`` a layer.
    norms : torch.nn.ModuleList
        Batch norms of the spiking layers; empty once folded.
    """

    def __init__(
        self, sensor: Shape, specs: Sequence[LayerSpec], floor: float, normalize: bool = True
    ):
        super().__init__()
        self.sensor, self.specs, self.floor = sensor, tuple(specs), floor
        if any(spec.shortcut for spec in specs):
            raise ValueError("specs: expected no shortcut: networks with one cannot be trained yet")
        self.geometries: tuple[Geometry, ...] = chain(sensor, specs)
        self.weights = nn.ParameterList()
        self.norms = nn.ModuleList()
        for geometry in self.geometries:
            weight = torch.empty(geometry.weight_shape)
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")
            self.weights.append(nn.Parameter(weight))
            if normalize and geometry.kind != "readout":
                self.norms.append(nn.BatchNorm2d(geometry.output_shape[0]))

    def forward(
        self, frames: torch.Tensor, steps: Sequence[int] | None = None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Logits and spikes of a batch.

        Parameters
        ----------
        frames : torch.Tensor
            Events counted per time step, float32 ``[time, batch, channels, height, width]``.
        steps : sequence of int, optional
            Time steps of each stage; without it all run at the frames' own.

        Returns
        -------
        logits : torch.Tensor
            ``[batch, classes]``: the readout summed over time, as event by event. Spikes that
            growing stages repeated count once.
        spikes : list of torch.Tensor
            Mean spikes a sample of each spiking layer, repeated ones counted once.
        """
        counts, spikes = self.counts(frames, steps)
        return current(counts, self.weights[-1], self.geometries[-1]).flatten(1), spikes

    def counts(
        self, frames: torch.Tensor, steps: Sequence[int] | None = None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """What reaches the readout: counts ``[batch, *Geometry.input_shape]``, summed over time.

        Parameters and second result are those of `forward`.
        """
        x, repeats, spikes = frames, 1.0, []
        for index, (geometry, weight) in enumerate(zip(self.geometries, self.weights, strict=True)):
            if steps is not None:
                repeats *= max(1.0, steps[index] / len(x))
                x = transform(x, steps[index])
            time, batch = x.shape[:2]
            if geometry.kind == "readout":
                break
            charge = current(x.flatten(0, 1), weight, geometry)
            if self.norms:
                charge = self.norms[index](charge)
            x = integrate_and_fire(charge.unflatten(0, (time, batch)), self.floor)
            spikes.append(x.sum() / (batch * repeats))
        return x.sum(0) / repeats, spikes

    def remove_shifts(self) -> None:
        """Set the running means and biases of all batch norms to zero."""
        for norm in self._norms():
            nn.init.zeros_(norm.bias)
            norm.state_dict()["running_mean"].zero_()

    @torch.no_grad()
    def fold(self) -> None:
        """Multiply the batch norms' scales into the weights and take the norms away.

        Raises
        ------
        ValueError
            If a norm still shifts: a spiking layer has no biases. Call `remove_shifts` first.
        """
        for index, norm in enumerate(self._norms()):
            state = norm.state_dict()
            if state["running_mean"].any() or state["bias"].any():
                raise ValueError(f"norm {index} shifts: expected zero means and biases")
            scale = state["weight"] / torch.sqrt(state["running_var"] + norm.eps)
            self.weights[index] *= scale[:, None, None, None]
        self.norms = nn.ModuleList()

    def _norms(self) -> list[nn.BatchNorm2d]:
        return [norm for norm in self.norms if isinstance(norm, nn.BatchNorm2d)]


def current(x: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """What a frame's spikes bring to each neuron: ``[batch, *Geometry.output_shape]``."""
    if geometry.pool > 1:
        x = functional.avg_pool2d(x, geometry.pool)
    if geometry.kind != "conv2d":
        return functional.linear(x.flatten(1), weight.flatten(1))[:, :, None, None]
    # Several times faster on a CPU for layers of so few channels.
    x = x.contiguous(memory_format=torch.channels_last)
    full = functional.conv2d(
        x, weight, stride=geometry.stride, padding=geometry.padding, groups=geometry.groups
    )
    return full[:, :, : geometry.output_shape[1], : geometry.output_shape[2]]
