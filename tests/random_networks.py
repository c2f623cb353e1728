"""Random networks and events for property tests of the software and the hardware."""

from dataclasses import replace
from itertools import product

import numpy as np

from tickless.sw.integer.geometry import Geometry, GeometryError, Shape
from tickless.sw.integer.layer import MAX_MEMBRANE_BITS, Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, PerAxis, ShortcutSpec, layer_geometries

__all__ = ["random_events", "random_network", "random_samples", "without_saturation"]


def random_network(
    rng: np.random.Generator, *, layers: int | None = None, size: int = 12, shortcuts: int = 0
) -> Network:
    """Small network that covers the format's corners and spikes in most of its layers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    layers : int or None
        Spiking layers; 1 to 3 of them where None, and with shortcuts as many more as they need.
    size : int
        Largest height and width of the sensor.
    shortcuts : int
        Shortcuts: identities, 1x1 and small convolutions over one or two layers, half of them with
        weights of more than 8 bits.
    """
    depth = int(rng.integers(1, 4)) if layers is None else layers
    if shortcuts:
        return _residual_network(rng, depth, size, shortcuts)
    while True:
        sensor = _sensor(rng, size)
        specs = []
        channels = sensor[0]
        for _ in range(depth):
            specs.append(_spec(rng, channels))
            channels = specs[-1].channels
        pool = int(rng.choice([1, 1, 2]))
        specs.append(LayerSpec("readout", int(rng.integers(1, 11)), pool=pool))
        try:
            geometries = layer_geometries(sensor, specs)
        except GeometryError:
            continue
        return Network(
            tuple(_layer(rng, f"layer{i}", geometry) for i, geometry in enumerate(geometries)),
            logit_scale=float(rng.uniform(0.01, 1)),
        )


def random_events(
    rng: np.random.Generator, network: Network, n: int, *, outside: float = 0.1
) -> np.ndarray:
    """Events, many of them at the sensor's borders, near each other, or outside the sensor.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    network : Network
        Network whose sensor sends them.
    n : int
        Number of events.
    outside : float
        Share of events with one coordinate outside the sensor, up to 3 beyond it.

    Returns
    -------
    numpy.ndarray
        int32 ``[n, 3]``: ``(channel, y, x)``.
    """
    limits = np.array(network.input_shape)
    events = rng.integers(0, limits, (n, 3))
    at_border = rng.random((n, 3)) < 0.15
    events = np.where(at_border, rng.integers(0, 2, (n, 3)) * (limits - 1), events)
    for index in range(1, n):  # as a moving edge does, revisit what was just touched
        if rng.random() < 0.3:
            events[index, 1:] = events[index - 1, 1:]
    beyond = np.flatnonzero(rng.random(n) < outside)
    axis = rng.integers(0, 3, len(beyond))
    distance = rng.integers(1, 4, len(beyond))
    below = rng.random(len(beyond)) < 0.5
    events[beyond, axis] = np.where(below, -distance, limits[axis] - 1 + distance)
    return events.astype(np.int32)


def random_samples(
    rng: np.random.Generator, network: Network, count: int, *, in_rows: bool = False
) -> list[tuple[np.ndarray, list[int]]]:
    """Samples of events with positions of READs: the first long, the others short or empty.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    network : Network
        Network whose sensor sends them.
    count : int
        Number of samples.
    in_rows : bool
        Whether the events of consecutive samples lie in different rows, so that membranes of old
        samples stay in the memories for long.
    """
    samples = []
    for index in range(count):
        size = int(rng.choice([0, 1, 3, 10])) if index else 150
        events = random_events(rng, network, size)
        if in_rows and index:
            events[:, 1] = index % network.input_shape[1]
        samples.append((events, sorted(rng.integers(0, size + 1, rng.integers(0, 3)).tolist())))
    return samples


def _residual_network(rng: np.random.Generator, extra: int, size: int, shortcuts: int) -> Network:
    """Network of one span a shortcut, with up to ``extra`` layers in front of each."""
    while True:
        sensor = _sensor(rng, size)
        specs = [_spec(rng, sensor[0])]
        try:
            for _ in range(shortcuts):
                for _ in range(int(rng.integers(0, extra + 1))):
                    specs.append(_spec(rng, specs[-1].channels))
                specs += _span(rng, sensor, specs)
            specs.append(LayerSpec("readout", int(rng.integers(1, 11))))
            geometries = layer_geometries(sensor, specs)
            layers = []
            for i, (spec, geometry) in enumerate(zip(specs, geometries, strict=True)):
                if not spec.shortcut:
                    layers.append(_layer(rng, f"layer{i}", geometry))
                    continue
                bits = int(rng.choice([rng.integers(2, 9), rng.integers(9, 17)]))
                layer = _layer(rng, f"layer{i}", geometry, bits)
                sent = geometries[spec.shortcut.source].output_shape
                direct = spec.shortcut.geometry(sent, geometry.output_shape)
                edge = Edge(
                    direct, _weight(rng, direct, bits), bits, f"layer{spec.shortcut.source}"
                )
                layers.append(replace(layer, edges=(*layer.edges, edge)))
        except GeometryError:
            continue
        return Network(tuple(layers))


def _span(rng: np.random.Generator, sensor: Shape, specs: list[LayerSpec]) -> list[LayerSpec]:
    """Layers behind ``specs``, the last one with a shortcut from the last of ``specs``."""
    channels = specs[-1].channels
    span = []
    for _ in range(int(rng.integers(2, 4))):
        if rng.random() < 0.6:  # as residual blocks do, keep height and width
            kernel = int(rng.choice([1, 3]))
            span.append(LayerSpec("conv2d", channels, kernel, padding=kernel // 2))
        else:
            span.append(_spec(rng, (span or specs)[-1].channels))
    outputs = span[-1].channels
    groups = [g for g in range(1, channels + 1) if channels % g == outputs % g == 0]
    kinds = list(
        product(
            (1, 3, (1, 3), (2, 1)),
            (1, 2, 3, (1, 2), (2, 1)),
            (0, 1, 2, (0, 1), (1, 0)),
            (1, 2),
            (1, 2),
        )
    )
    for index in rng.permutation(len(kinds)):
        kernel, stride, padding, pool, dilation = kinds[index]
        group = int(rng.choice([1, groups[-1], *groups]))
        edge = ShortcutSpec(len(specs) - 1, kernel, stride, padding, pool, group, dilation)
        joined = replace(span[-1], shortcut=edge)
        try:
            layer_geometries(sensor, [*specs, *span[:-1], joined])
        except GeometryError:
            continue
        return [*span[:-1], joined]
    raise GeometryError("no shortcut suits these layers")


def _sensor(rng: np.random.Generator, size: int) -> Shape:
    height, width = (int(rng.integers(1, size + 1)) for _ in range(2))
    return int(rng.integers(1, 4)), 1 if rng.random() < 0.1 else height, width


def _per_axis(rng: np.random.Generator, low: int, high: int) -> PerAxis:
    """A value in ``low..high`` for both axes, or in some cases one for each."""
    rows, columns = (int(rng.integers(low, high + 1)) for _ in range(2))
    return rows if rng.random() < 0.6 else (rows, columns)


def _spec(rng: np.random.Generator, channels: int) -> LayerSpec:
    pool = int(rng.choice([1, 1, 1, 2, 3]))
    if rng.random() < 0.2:
        return LayerSpec("linear", int(rng.integers(1, 11)), pool=pool)
    groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    channels = groups * int(rng.integers(1, max(2, 10 // groups)))
    if rng.random() < 0.3:  # dilated so that events reach positions with gaps between them
        kernel, padding = _per_axis(rng, 2, 3), _per_axis(rng, 1, 3)
        stride, dilation = int(rng.choice([1, 1, 1, 2])), _per_axis(rng, 1, 3)
        return LayerSpec("conv2d", channels, kernel, stride, padding, 1, groups, dilation=dilation)
    return LayerSpec(
        "conv2d",
        channels,
        kernel=_per_axis(rng, 1, 4),
        stride=_per_axis(rng, 1, 3),
        padding=_per_axis(rng, 0, 2),
        pool=pool,
        groups=groups,
    )


def _layer(rng: np.random.Generator, name: str, geometry: Geometry, direct_bits: int = 2) -> Layer:
    """Layer of one edge, to which a shortcut with weights of ``direct_bits`` may come."""
    weight_bits = int(rng.integers(2, 9))
    weight = _weight(rng, geometry, weight_bits)
    edge = Edge(geometry, weight, weight_bits)
    if geometry.kind == "readout":
        none, initial = np.zeros(0, np.int32), np.zeros(0, np.int32)
        if rng.random() < 0.4:
            largest = 1 << int(rng.choice([4, 8, 31]))
            initial = rng.integers(-largest, largest, len(weight)).astype(np.int32)
        return Layer(name, (edge,), none, none.copy(), 32, initial_logits=initial)
    widest = max(weight_bits, direct_bits)
    wide = int(rng.choice([2, MAX_MEMBRANE_BITS, *rng.integers(3, max(8, widest) + 5, 6)]))
    half = 1 << (wide - 1)
    channels = geometry.output_shape[0]
    # A few weights of an edge reach the threshold, in all channels but those at its limits.
    reached = 1 << int(rng.choice([weight_bits, widest]))
    usual = rng.integers(1, min(half, reached) + 1, channels)
    limit = rng.choice([1, half], channels)
    threshold = np.where(rng.random(channels) < 0.15, limit, usual)
    below = rng.choice([-1, -half], channels)
    floor = np.where(rng.random(channels) < 0.4, below, -threshold)
    return Layer(
        name,
        (edge,),
        threshold.astype(np.int32),
        floor.astype(np.int32),
        wide,
        "zero" if rng.random() < 0.4 else "subtract",
    )


def _weight(rng: np.random.Generator, geometry: Geometry, bits: int) -> np.ndarray:
    shape, half = geometry.weight_shape, 1 << (bits - 1)
    kinds = ["excitatory", "uniform", "limits", "sparse", "negative", "zero"]
    kind = rng.choice(kinds, p=[0.5, 0.2, 0.15, 0.11, 0.02, 0.02])
    weight = {
        "excitatory": lambda: rng.integers(-half // 2, half, shape),
        "uniform": lambda: rng.integers(-half, half, shape),
        "limits": lambda: rng.choice([-half, half - 1, half - 1], shape),
        "sparse": lambda: rng.integers(0, half, shape) * (rng.random(shape) < 0.4),
        "negative": lambda: rng.integers(-half, 0, shape),
        "zero": lambda: np.zeros(shape),
    }[str(kind)]()
    return weight.astype(np.int8 if bits <= 8 else np.int16)


def without_saturation(network: Network) -> Network:
    """The network with initial logits at which a pass engine may begin to sum."""
    *layers, readout = network.layers
    initial = (readout.initial_logits // 2).astype(np.int32)
    return Network((*layers, replace(readout, initial_logits=initial)))
