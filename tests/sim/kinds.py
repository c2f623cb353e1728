"""Kinds of random cases: what those that `make test` simulates must be examples of, together."""

from collections.abc import Iterable, Sequence

from tickless.hw.core.shape import CoreShape
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import MAX_MEMBRANE_BITS
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace

__all__ = ["CORES", "LAYERS", "NETWORKS", "alive", "core_kinds", "layer_kinds", "network_kinds"]

GEOMETRIES = frozenset(
    {"stride", "padding", "dilation", "groups", "pool", "kernel of 1x1", "axes that differ"}
)

LAYERS = GEOMETRIES | {
    "convolution",
    "linear layer",
    "reset to zero",
    "reset by subtraction",
    "membrane of 2 bits",
    f"membrane of {MAX_MEMBRANE_BITS} bits",
}
"""Kinds of spiking layers."""

NETWORKS = {f"shortcut with {kind}" for kind in GEOMETRIES} | {
    "no shortcut",
    "one shortcut",
    "shortcut of wide weights",
    "1 layer",
    "2 layers",
    "3 layers",
    "readout with pool",
    "logits that begin at 0",
    "logits that begin elsewhere",
    "logits that begin near saturation",
    "sensor of one row",
    "sensor of one column",
    "sensor of one channel",
    "one class",
}
"""Kinds of networks, but for those of their layers."""

CORES = {
    *(f"{kind} of lanes" for kind in ("one", "some", "all")),
    *(f"{kind} of taps" for kind in ("one", "some", "all")),
    *(
        f"{ports} membranes{join}"
        for ports in ("dual-port", "single-port")
        for join in ("", ", join")
    ),
    "readout of one lane",
    "readout of several lanes",
}
"""Kinds of cores."""

NEAR_SATURATION = 1 << 20

FEW_EVENTS = 30


def alive(traces: Sequence[SampleTrace]) -> bool:
    """Whether every layer, and the readout, receives `FEW_EVENTS` in a network's samples."""
    received = [[*(layer.events for layer in t.layers), t.readout_events] for t in traces]
    return min(map(sum, zip(*received, strict=True))) >= FEW_EVENTS


def layer_kinds(network: Network) -> set[str]:
    """Which of `LAYERS` a network has examples of."""
    kinds = set()
    for layer in network.layers[:-1]:
        geometry = layer.edges[0].geometry
        kinds |= _geometry_kinds(geometry)
        kinds.add("linear layer" if geometry.kind == "linear" else "convolution")
        kinds.add("reset to zero" if layer.reset == "zero" else "reset by subtraction")
        kinds.add(f"membrane of {layer.membrane_bits} bits")
    return kinds & LAYERS


def network_kinds(network: Network) -> set[str]:
    """Which of `NETWORKS` a network is an example of."""
    *spiking, readout = network.layers
    shortcuts = [edge for layer in spiking for edge in layer.edges[1:]]
    kinds = {["no shortcut", "one shortcut", "two shortcuts"][len(shortcuts)]}
    if not shortcuts:
        kinds.add(f"{len(spiking)} layer{'s' * (len(spiking) > 1)}")
    for edge in shortcuts:
        kinds |= {f"shortcut with {kind}" for kind in _geometry_kinds(edge.geometry)}
        if edge.weight_bits > 8:
            kinds.add("shortcut of wide weights")
    if readout.edges[0].geometry.pool > 1:
        kinds.add("readout with pool")
    largest = max(map(abs, readout.initial_logits.tolist()), default=0)
    kinds.add(f"logits that begin {'elsewhere' if largest else 'at 0'}")
    if largest > NEAR_SATURATION:
        kinds.add("logits that begin near saturation")
    extents = zip(("channel", "row", "column"), network.input_shape, strict=True)
    kinds |= {f"sensor of one {name}" for name, extent in extents if extent == 1}
    if network.classes == 1:
        kinds.add("one class")
    return kinds


def core_kinds(cores: Iterable[CoreShape]) -> set[str]:
    """Which of `CORES` some cores are examples of."""
    kinds = set()
    for core in cores:
        if core.readout:
            kinds.add(f"readout of {'one lane' if core.lanes == 1 else 'several lanes'}")
            continue
        rows, columns = core.window
        for part, count, most in (
            ("lanes", core.lanes, core.layer_channels),
            ("taps", core.taps, rows * columns),
        ):
            share = "one" if count == 1 else "all" if count == most else "some"
            kinds.add(f"{share} of {part}")
        ports = "single-port" if core.single_port else "dual-port"
        kinds.add(f"{ports} membranes{', join' * (len(core.edges) > 1)}")
    return kinds


def _geometry_kinds(geometry: Geometry) -> set[str]:
    kinds = {name for name in ("groups", "pool") if getattr(geometry, name) > 1}
    if geometry.kind != "conv2d":
        return kinds
    kinds |= {name for name in ("stride", "dilation") if max(getattr(geometry, name)) > 1}
    if max(geometry.padding):
        kinds.add("padding")
    if geometry.kernel == (1, 1):
        kinds.add("kernel of 1x1")
    if any(len(set(getattr(geometry, n))) > 1 for n in ("kernel", "stride", "padding", "dilation")):
        kinds.add("axes that differ")
    return kinds
