"""Manifest: the description that goes with the generated Verilog."""

import hashlib
from typing import Any

from amaranth.lib import data
from amaranth.lib.enum import Enum

from gen.fold import Folding, steps_per_event
from hw.config import CoreConfig, DesignConfig
from hw.counters import COUNTER_BITS, counter_layout
from hw.packet import Kind, answer_layout
from sw.layer import Layer
from sw.network import Network

__all__ = ["MANIFEST_VERSION", "manifest"]

MANIFEST_VERSION = 1
"""Version of the manifest's form."""


def manifest(network: Network, config: DesignConfig, verilog: str) -> dict[str, Any]:
    """Description of a generated design, ready for JSON.

    Parameters
    ----------
    network : Network
        What the design computes.
    config : DesignConfig
        Parameters of its cores.
    verilog : str
        The generated text, whose hash is recorded.
    """
    layers = [_layer(layer, core) for layer, core in zip(network.layers, config.cores, strict=True)]
    names = ["input", *(core.name for core in config.cores)]
    links = [
        {
            "index": index,
            "from": names[index],
            "to": names[index + 1],
            "channels_per_block": core.input_link.lanes,
            "fields": _fields(core.input_link.layout),
        }
        for index, core in enumerate(config.cores)
    ]
    answers = {
        "index": len(links),
        "from": names[-1],
        "to": "output",
        "fields": _fields(answer_layout(network.classes)),
    }
    return {
        "manifest_version": MANIFEST_VERSION,
        "network": {
            "hash": network.hash,
            "input_shape": network.input_shape,
            "classes": network.classes,
            "logit_scale": network.logit_scale,
            "dataset": network.provenance.dataset,
            "method": network.provenance.method,
        },
        "verilog_sha256": hashlib.sha256(verilog.encode()).hexdigest(),
        "top": "top",
        "packet_kinds": {kind.name: kind.value for kind in Kind},
        "layers": layers,
        "links": [*links, answers],
        "counter_bits": COUNTER_BITS,
    }


def _layer(layer: Layer, core: CoreConfig) -> dict[str, Any]:
    geometry = layer.geometry
    folding = Folding(core.lanes, core.taps)
    reorder = core.taps * core.blocks if core.taps > 1 and core.blocks > 1 else 0
    description = {
        "name": layer.name,
        "kind": geometry.kind,
        "input_shape": geometry.input_shape,
        "output_shape": geometry.output_shape,
        "kernel": geometry.kernel,
        "stride": geometry.stride,
        "padding": geometry.padding,
        "pool": geometry.pool,
        "groups": geometry.groups,
        "lanes": core.lanes,
        "taps": core.taps,
        "clocks_per_event": steps_per_event(geometry, folding),
        "reorder_masks": reorder,
        "queue_depth": core.queue_depth,
        "counters": list(counter_layout(core).members),
        "weights": {
            "bits": layer.weight_bits,
            "memories": core.taps,
            "depth": core.weight_depth,
            "word_bits": core.weight_bits * core.lanes,
            "address": "((channel * kernel_height + ky) * kernel_width + kx) * blocks + block",
            "blocks": core.blocks_per_event,
            "sha256": hashlib.sha256(layer.weight.tobytes()).hexdigest(),
        },
    }
    if not core.readout:
        rows, columns = core.tap_grid
        description["membranes"] = {
            "bits": layer.membrane_bits,
            "banks": core.taps,
            "bank": f"(y % {rows}) * {columns} + x % {columns}",
            "depth": core.bank_depth,
            "word_bits": core.membrane_bits * core.lanes + core.epoch_bits,
            "epoch_bits": core.epoch_bits,
            "address": f"(y // {rows} * {core.bank_shape[1]} + x // {columns}) * blocks + block",
            "blocks": core.blocks,
        }
        description["threshold"] = layer.threshold.tolist()
        description["floor"] = layer.floor.tolist()
    return description


def _fields(layout: data.StructLayout) -> list[dict[str, Any]]:
    """Fields of a packet: name, first bit and width; ``count`` for arrays."""
    fields = []
    for name, field in layout:
        entry = {"name": name, "offset": field.offset, "bits": field.width}
        if isinstance(field.shape, data.ArrayLayout):
            entry["count"] = field.shape.length
        elif isinstance(field.shape, type) and issubclass(field.shape, Enum):
            entry["values"] = "packet_kinds"
        fields.append(entry)
    return fields
