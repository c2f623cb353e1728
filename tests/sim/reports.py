"""What tests of the report share: records of traces, rows and a result, without a simulator."""

import numpy as np

from tickless.hw.design import Link
from tickless.hw.packet import LinkConfig
from tickless.sim.packets import pack_sample
from tickless.sim.records import LinkRecord, SampleRecord
from tickless.sim.report_sample import Raster, ReportSample
from tickless.sim.result import (
    CoreResult,
    EarlyExitResult,
    LayerResult,
    Result,
    confusion_matrix,
)
from tickless.sim.traffic import LinkTraffic, MeshResult, TilePlace

START = 1000
"""Clock cycle of a record's first transfer."""

MESH = MeshResult(
    rows=1,
    columns=2,
    tiles=[TilePlace("first", 1, 0), TilePlace("second", 1, 1)],
    links=[
        LinkTraffic(1, 0, "local", 60.0),
        LinkTraffic(1, 0, "east", 40.0),
        LinkTraffic(1, 1, "local", 40.0),
        LinkTraffic(1, 1, "west", 10.0),
        LinkTraffic(1, 0, "north", 10.0),
    ],
    host_packets=60.0,
    busiest_port_tokens=60.0,
)


def recorded(network, addresses, trace, cut=1):
    """Record of a sample that does what the trace says, each layer cut into so many cores, all of
    which send one packet in three cycles and begin at cycles of their own."""
    links = [_link(network.input_shape, addresses, Link("input", "layer0", None, -1), START)]
    for index, layer in enumerate(trace.layers):
        channels, height, width = network.layers[index].output_shape
        cores = min(cut, channels)
        for core, owned in enumerate(np.array_split(np.arange(channels), cores)):
            first = int(owned[0])
            spikes = layer.spikes[np.isin(layer.spikes[:, 0], owned)] - (first, 0, 0)
            link = Link(f"layer{index}", "next", None, index, core, first)
            start = START + 10 * index + core
            links.append(_link((len(owned), height, width), spikes, link, start))
    answer = Link("readout", "answers", None, len(trace.layers))
    end = max(int(link.cycles[-1]) for link in links) + 7
    links.append(LinkRecord(answer, np.zeros((1, 1), np.uint32), np.array([end])))
    return SampleRecord(tuple(links), ())


def _link(shape, addresses, link, start):
    packets = LinkConfig(*shape, lanes=1, guarded=True)
    packed = pack_sample(packets, addresses)
    carrying = Link(link.sender, link.receiver, packets, link.layer, link.core, link.first_channel)
    return LinkRecord(carrying, packed, start + 3 * np.arange(len(packed)))


def row(name, label, logits, **changes):
    """Row of a sample with these logits."""
    best, second, *_ = sorted(logits, reverse=True)
    return {
        "name": name,
        "label": label,
        "class": int(np.argmax(logits)),
        "logits": list(logits),
        "margin": best - second,
        "cycles": 1234,
        "latency_cycles": 12,
        "events": 100,
        "dropped": 0,
        "agrees": True,
        **changes,
    }


def result(network, rows=(), **changes):
    """Result of a run of these samples with this network."""
    pairs = [(row["label"], row["class"]) for row in rows if row["label"] is not None]
    members = {
        "dataset": "made",
        "network": "made.safetensors",
        "network_hash": "0123456789abcdef",
        "method": "mtt",
        "samples": 3,
        "test_samples": 3,
        "seed": 1,
        "stalls": False,
        "accuracy": {"time_stepped": None, "float_events": None, "integer": 0.5, "rtl": 0.5},
        "agreement": {"classes": 1.0, "logits": 1.0, "spikes": 1.0, "membranes": 1.0},
        "spike_difference": None,
        "events_in": 100.0,
        "events_dropped": 0.0,
        "layers": [LayerResult(layer.name, 20.0, 300.0) for layer in network.layers],
        "cores": [CoreResult("core", 1, 1, 100.0, 50.0, 100.0, 5.0, 300.0, 3.0, 0.5)],
        "mesh": None,
        "loads": {},
        "early_exit": None,
        "confusion": confusion_matrix(pairs, network.classes),
        "cycles_per_sample": 1234.0,
        "limit_cycles_per_sample": 1000.0,
        "cycles_over_limit": 1.234,
        "latency_cycles": 12.0,
        "latency_cycles_max": 20,
        "simulated_cycles_per_second": 1e5,
        "samples_per_second": 80.0,
        "versions": {"tickless": "1.2.3"},
    }
    return Result(**members | changes)


def early_exit(margin):
    """Early exit with this margin."""
    return EarlyExitResult(margin, 0.5, 50.0, 60.0, 100.0, 120.0, 300.0)


def drawn(network, name, rng, events, label=0, class_index=0):
    """Sample of so many random events in the input and in each layer."""

    def raster(shape):
        addresses = np.stack([rng.integers(0, size, events) for size in shape], axis=1)
        return Raster(addresses.astype(np.int32), np.sort(rng.integers(0, 2 * events, events)))

    layers = tuple(raster(layer.output_shape) for layer in network.layers[:-1])
    steps = rng.integers(-128, 128, (events, network.classes))
    return ReportSample(
        name=name,
        label=label,
        class_index=class_index,
        inputs=raster(network.input_shape),
        layers=layers,
        logits=np.cumsum(steps, axis=0),
        logit_cycles=layers[-1].cycles,
        decision=None,
        answer_cycle=2 * events,
    )
