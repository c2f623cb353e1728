"""Manifest: the description that goes with the generated Verilog."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.lib import data
from amaranth.lib.enum import Enum

from tickless.hw.config import DesignConfig
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.counters import counter_layout
from tickless.hw.core.memory_map import CHUNK_BITS, MemoryMap, parameter_layout
from tickless.hw.core.shape import CoreShape
from tickless.hw.design import Link
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.flit import HOST
from tickless.hw.fabric.loading import load_layout
from tickless.hw.fabric.topology import MeshLink
from tickless.hw.packet import Kind
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network

__all__ = ["MANIFEST_VERSION", "fields", "manifest"]

MANIFEST_VERSION = 3
"""Version of the manifest's form; in 2, stride and padding were one number for both axes."""


def manifest(
    network: Network,
    config: DesignConfig,
    links: Sequence[Link],
    verilog: str,
    traffic: Mapping[MeshLink, float],
    top: str,
) -> dict[str, Any]:
    """Description of a generated design, ready for JSON.

    Parameters
    ----------
    network : Network
        What the design computes.
    config : DesignConfig
        Parameters of its cores.
    links : sequence of Link
        Links of the design.
    verilog : str
        The generated text, whose hash is recorded.
    traffic : mapping of MeshLink to float
        Packets a sample over each link of a mesh, measured; empty without a mesh.
    top : str
        Name of the top module.
    """
    description = {
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
        "top": top,
        "packet_kinds": {kind.name: kind.value for kind in Kind},
        "layers": [
            _layer(layer, cores) for layer, cores in zip(network.layers, config.layers, strict=True)
        ],
        "links": [_link(index, link, config.cores[-1]) for index, link in enumerate(links)],
        "counter_bits": config.cores[0].counter_bits,
        "copies": config.copies,
    }
    if config.mesh is not None:
        description["mesh"] = _mesh(config.mesh, traffic)
    return description


def _link(index: int, link: Link, readout: CoreShape) -> dict[str, Any]:
    layout = readout.answers if link.packets is None else link.packets.layout
    entry = {"index": index, "from": link.sender, "to": link.receiver, "fields": fields(layout)}
    if link.packets is not None:
        entry["channels_per_block"] = link.packets.lanes
        entry["first_channel"] = link.first_channel
    return entry


def _layer(layer: Layer, cores: Sequence[CoreShape]) -> dict[str, Any]:
    description = {
        "name": layer.name,
        "kind": layer.kind,
        "output_shape": layer.output_shape,
        "edges": [_edge(edge) for edge in layer.edges],
        "lanes": cores[0].lanes,
        "taps": cores[0].taps,
        "cores": [_core(core) for core in cores],
    }
    if not layer.is_readout:
        description["reset"] = layer.reset
        description["threshold"] = layer.threshold.tolist()
        description["floor"] = layer.floor.tolist()
    elif len(layer.initial_logits):
        description["initial_logits"] = layer.initial_logits.tolist()
    return description


def _edge(edge: Edge) -> dict[str, Any]:
    source = {} if edge.source is None else {"source": edge.source}
    geometry = edge.geometry
    return {
        **source,
        "input_shape": geometry.input_shape,
        "kernel": geometry.kernel,
        "stride": geometry.stride,
        "padding": geometry.padding,
        "dilation": geometry.dilation,
        "pool": geometry.pool,
        "groups": geometry.groups,
        "weight_bits": edge.weight_bits,
        "weights_sha256": hashlib.sha256(edge.weight.tobytes()).hexdigest(),
    }


def _core(core: CoreShape) -> dict[str, Any]:
    description = {
        "name": core.name,
        "first_channel": core.first_channel,
        "channels": core.output_shape[0],
        "clocks_per_event": core.clocks_per_event,
        "reorder_masks": core.taps * core.blocks if core.taps > 1 and core.blocks > 1 else 0,
        "queue_depth": core.queue_depth,
        "counters": list(counter_layout(core).members),
        "weights": {
            "bits": core.weight_bits,
            "memories": core.taps,
            "depth": core.weight_depth,
            "word_bits": core.weight_word_bits,
            "address": "first + ((channel * kernel_height + ky) * kernel_width + kx) * blocks"
            " + block",
            "edges": [
                {
                    "first": sum(core.edge_depth(before) for before in range(index)),
                    "blocks": core.blocks_per_event(edge),
                }
                for index, edge in enumerate(core.edges)
            ],
        },
    }
    if not core.readout:
        rows, columns = core.tap_grid
        description["membranes"] = {
            "bits": core.membrane_bits,
            "banks": core.taps,
            "bank": f"(y % {rows}) * {columns} + x % {columns}",
            "depth": core.bank_depth,
            "word_bits": core.membrane_word_bits,
            "epoch_bits": core.epoch_bits,
            "address": f"(y // {rows} * {core.bank_shape[1]} + x // {columns}) * blocks + block",
            "blocks": core.blocks,
        }
    if core.loadable:
        description["load"] = _memory_map(core)
    return description


def _memory_map(core: CoreShape) -> dict[str, Any]:
    memory_map = MemoryMap(core)
    layouts = {"neurons": parameter_layout(core)}
    for index, edge in enumerate(core.edges):
        for axis, name in enumerate(("rows", "columns")):
            layouts[f"{name}_{index}"] = AxisTable(core, edge, axis).layout
    regions = []
    for region in memory_map.regions:
        entry = {
            "name": region.name,
            "first": memory_map.address(region.name),
            "words": region.depth,
            "word_bits": region.word_bits,
            "chunks": region.chunks,
        }
        if region.name in layouts:
            entry["fields"] = fields(layouts[region.name])
        regions.append(entry)
    return {
        "chunk_bits": CHUNK_BITS,
        "address": f"first + (word << {memory_map.chunk_index_bits}) + chunk",
        "regions": regions,
    }


def _mesh(config: MeshConfig, traffic: Mapping[MeshLink, float]) -> dict[str, Any]:
    tiles = [
        {"core": core.name, "row": row, "column": column}
        for cores, places in zip(config.layers, config.places, strict=True)
        for core, (row, column) in zip(cores, places, strict=True)
    ]
    loading = {}
    if config.loadable:
        loading["load"] = fields(load_layout(len(config.cores)))
    return {
        **loading,
        "rows": config.rows,
        "columns": config.columns,
        "host": {"row": HOST[0], "column": HOST[1]},
        "tiles": tiles,
        "flit": fields(config.flit.layout),
        "queue_depth": config.queue_depth,
        "credit_batch": config.credit_batch,
        "traffic": [
            {"row": row, "column": column, "port": port.value, "packets_per_sample": packets}
            for ((row, column), port), packets in sorted(
                traffic.items(), key=lambda item: (item[0][0], item[0][1].value)
            )
        ],
    }


def fields(layout: data.StructLayout) -> list[dict[str, Any]]:
    """Fields of a packet or word: name, first bit and width; ``count`` for arrays, ``fields`` for
    parts that have their own."""
    described = []
    for name, field in layout:
        entry = {"name": name, "offset": field.offset, "bits": field.width}
        shape = field.shape
        if isinstance(shape, data.ArrayLayout):
            entry["count"] = shape.length
            shape = shape.elem_shape
        if isinstance(shape, data.StructLayout):
            entry["fields"] = fields(shape)
        elif isinstance(field.shape, type) and issubclass(field.shape, Enum):
            entry["values"] = "packet_kinds"
        described.append(entry)
    return described
