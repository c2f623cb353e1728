"""Spiking networks in time steps: chains of weighted layers, some with shortcuts."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry, Shape
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.current import current
from tickless.sw.training.fused import fire
from tickless.sw.training.neurons import IntegrateAndFire, Neuron
from tickless.sw.training.readout import FloatReadout
from tickless.sw.training.temporal_transformation import transform

__all__ = ["SpikingNetwork"]


class SpikingNetwork(nn.Module):
    """Chain of spiking layers of threshold 1, closed by a readout.

    Each layer is one stage of mixed time-step training and runs at its own number of time steps;
    the layers that a shortcut passes are one stage with the layer that it leads to.

    Parameters
    ----------
    sensor : Shape
        Extent of the input events.
    specs : sequence of LayerSpec
        The layers; the last one is the readout.
    neuron : Neuron or sequence of Neuron
        The spiking layers' neurons, the same for all or one for each.
    normalize : bool
        Batch norm behind the weights of every spiking layer, and behind those of each shortcut
        that mixes channels; `sw.training.batch_norms` takes it away.
    norm : type
        `torch.nn.BatchNorm2d` or `sw.training.scale_norm.ScaleNorm`.

    Members
    -------
    layer_neurons : tuple of Neuron
        Neurons of each spiking layer.
    stages : tuple of int
        Stage of each layer, counted from 0.
    weights : torch.nn.ParameterList
        One tensor of ``Geometry.weight_shape`` a layer.
    norms : torch.nn.ModuleList
        Batch norms of the spiking layers; empty once fused.
    direct, direct_norms : torch.nn.ParameterDict, torch.nn.ModuleDict
        Weights and batch norms of the shortcuts, by the index of the layer that each leads to.
    readout : FloatReadout
        Where its logits begin, and whether they leak; training leaves it as it is.
    quantization : Quantization, optional
        If set, the network runs with the weights and floors that it gives, and gradients pass
        the rounding; the weights themselves stay real.
    """

    def __init__(
        self,
        sensor: Shape,
        specs: Sequence[LayerSpec],
        neuron: Neuron | Sequence[Neuron],
        normalize: bool = True,
        norm: type[nn.BatchNorm2d] = nn.BatchNorm2d,
    ):
        super().__init__()
        self.sensor, self.specs = sensor, tuple(specs)
        self.layer_neurons: tuple[Neuron, ...] = ()
        if isinstance(neuron, Neuron):
            self.neuron = neuron
        else:
            self.layer_neurons = tuple(neuron)
        if len(self.layer_neurons) != _spiking(self.specs):
            raise InputError(
                f"{len(self.layer_neurons)} neurons: expected {_spiking(self.specs)}, one for each "
                "spiking layer"
            )
        self.readout = FloatReadout()
        self.quantization: Quantization | None = None
        self.geometries: tuple[Geometry, ...] = layer_geometries(sensor, specs)
        self.stages = _stages(self.specs)
        self.weights, self.norms = nn.ParameterList(), nn.ModuleList()
        self.direct, self.direct_norms = nn.ParameterDict(), nn.ModuleDict()
        self._direct: dict[int, Geometry] = {}
        for index, (spec, geometry) in enumerate(zip(self.specs, self.geometries, strict=True)):
            self.weights.append(_weight(geometry))
            if normalize and geometry.kind != "readout":
                self.norms.append(norm(spec.channels))
            if spec.shortcut:
                source = self.geometries[spec.shortcut.source].output_shape
                edge = spec.shortcut.geometry(source, geometry.output_shape)
                self._direct[index] = edge
                self.direct[str(index)] = _weight(edge)
                if normalize and edge.groups == 1:
                    self.direct_norms[str(index)] = norm(spec.channels)

    @property
    def neuron(self) -> Neuron:
        """Neurons of all spiking layers; InputError if they differ."""
        first, *others = self.layer_neurons
        if any(neuron != first for neuron in others):
            raise InputError("layers with neurons that differ: expected the same in all")
        return first

    @neuron.setter
    def neuron(self, neuron: Neuron) -> None:
        self.layer_neurons = (neuron,) * _spiking(self.specs)

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
            ``[batch, classes]``: what the readout sums, or its mean over time: see `sums`; of one
            that leaks, what it holds after the last time step.
        spikes : list of torch.Tensor
            Mean spikes a sample of each spiking layer, repeated ones counted once.
        """
        x, repeats, spikes = self._spike(frames, steps)
        weight, _ = self.parameters_of(len(self.weights) - 1)
        if self.readout.leaks:
            charge = current(x.flatten(0, 1), weight, self.geometries[-1]).flatten(1).float()
            return self.readout.last(charge.unflatten(0, x.shape[:2])), spikes
        counts = self._over_time(x, repeats)
        logits = current(counts, weight, self.geometries[-1]).flatten(1).float()
        if self.readout.initial:
            length = len(x) / repeats
            constant = self.readout.constant(length) / (1 if self.sums else length)
            logits = logits + constant.to(logits.device)
        return logits, spikes

    def counts(
        self, frames: torch.Tensor, steps: Sequence[int] | None = None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """What reaches the readout, its sum or mean as `sums` says: ``[batch, *input_shape]``.

        Parameters and second result are those of `forward`.
        """
        x, repeats, spikes = self._spike(frames, steps)
        return self._over_time(x, repeats), spikes

    def _over_time(self, x: torch.Tensor, repeats: float) -> torch.Tensor:
        return x.sum(0) / repeats if self.sums else x.mean(0)

    def _spike(
        self, frames: torch.Tensor, steps: Sequence[int] | None
    ) -> tuple[torch.Tensor, float, list[torch.Tensor]]:
        """What reaches the readout, ``[time, batch, *input_shape]``, how often repeated, and spikes
        as of `forward`."""
        x, repeats, spikes = frames, 1.0, []
        entering = []
        for index, geometry in enumerate(self.geometries):
            if steps is not None:
                wanted = steps[self.stages[index]]
                repeats *= max(1.0, wanted / len(x))
                x = transform(x, wanted)
            if geometry.kind == "readout":
                break
            entering.append(x)
            weight, floor = self.parameters_of(index)
            charge = current(x.flatten(0, 1), weight, geometry)
            norm = self.norms[index] if self.norms else None
            shortcut = self.specs[index].shortcut
            if shortcut:
                charge = charge if norm is None else norm(charge)
                charge = charge + self._passed(index, entering[shortcut.source + 1])
                norm = None
            charge = charge.unflatten(0, x.shape[:2])
            x, sent = fire(charge, self.layer_neurons[index], floor, norm)
            spikes.append(sent / (x.shape[1] * repeats))
        return x, repeats, spikes

    @property
    def sums(self) -> bool:
        """Whether the readout sums over time, as event by event, rather than takes the mean.

        Spikes that growing stages repeated then count once. Leaky neurons, and those behind a batch
        norm, fire about as often in each time step however long it is: there the mean is what
        compares between numbers of time steps.
        """
        return not self.leaks and not self.norms

    @property
    def leaks(self) -> bool:
        """Whether any neurons, or the logits, leak, so that they need time steps."""
        plain = all(isinstance(neuron, IntegrateAndFire) for neuron in self.layer_neurons)
        return self.readout.leaks or not plain

    def event_neuron(self, index: int) -> IntegrateAndFire:
        """Neurons of a layer that runs event by event; a readout has those of the layer before it.

        Raises
        ------
        InputError
            If they leak.
        """
        neuron = self.layer_neurons[min(index, len(self.layer_neurons) - 1)]
        if not isinstance(neuron, IntegrateAndFire):
            raise InputError(f"neuron = {neuron.kind!r}: expected 'if', which has no time")
        return neuron

    def parameters_of(self, index: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Weights that a layer runs with, rounded if the network is quantized, and its floors where
        they are not the neurons' own."""
        weight, geometry = self.weights[index], self.geometries[index]
        if self.quantization is None or self.leaks:
            return weight, None
        shortcut, floor = self.shortcut(index), self.event_neuron(index).floor
        if shortcut is None:
            return self.quantization.imitate(weight, geometry, floor)
        return self.quantization.imitate_join(weight, geometry, floor, shortcut)[:2]

    def shortcut(self, index: int) -> tuple[torch.Tensor, Geometry] | None:
        """Real weights and address arithmetic of the shortcut into a layer, if there is one."""
        return (self.direct[str(index)], self._direct[index]) if index in self._direct else None

    def _passed(self, index: int, x: torch.Tensor) -> torch.Tensor:
        """What a layer receives over its shortcut."""
        key, weight, geometry = str(index), self.direct[str(index)], self._direct[index]
        if self.quantization is not None and not self.leaks:
            floor = self.event_neuron(index).floor
            join = (self.weights[index], self.geometries[index], floor, (weight, geometry))
            _, _, weight = self.quantization.imitate_join(*join)
        charge = current(x.flatten(0, 1), weight, geometry)
        return self.direct_norms[key](charge) if key in self.direct_norms else charge


def _spiking(specs: Sequence[LayerSpec]) -> int:
    """Number of spiking layers; a readout alone counts as one, to have neurons to speak of."""
    return max(1, len(specs) - 1)


def _stages(specs: Sequence[LayerSpec]) -> tuple[int, ...]:
    inside = {
        layer
        for index, spec in enumerate(specs)
        if spec.shortcut
        for layer in range(spec.shortcut.source + 2, index + 1)
    }
    return tuple((np.cumsum([index not in inside for index in range(len(specs))]) - 1).tolist())


def _weight(geometry: Geometry) -> nn.Parameter:
    weight = torch.empty(geometry.weight_shape)
    if geometry.groups == geometry.output_shape[0] > 1 and geometry.kernel == (1, 1):
        return nn.Parameter(nn.init.ones_(weight))  # a shortcut that passes channels on
    return nn.Parameter(nn.init.kaiming_uniform_(weight, nonlinearity="relu"))
