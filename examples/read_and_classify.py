"""A recording through the golden model and through the fast engine.

    python examples/read_and_classify.py [NETWORK [RECORDING]]

The network is a file (.safetensors), by default the pre-trained one for saccades; the recording
a file (*.bin, *.npy, *.aedat4) of the same sensor, by default a test sample of saccades.
"""

import sys
from pathlib import Path

import numpy as np

from tickless import Events, Network, engine, golden, load
from tickless.sw.data.files import file_recordings
from tickless.sw.integer.network import PRETRAINED


def read(network: Network, path: str | None) -> tuple[Events, int]:
    """Events of a recording, and its true class; -1 where nobody knows it."""
    if path is None:
        return load("saccades", "test")[68]
    [recording] = file_recordings([Path(path)], network.input_shape)
    return recording.read(), recording.label


def main(network_path: str | None = None, recording_path: str | None = None) -> None:
    """Print what each layer does, and the answer."""
    network = Network.load(network_path or PRETRAINED / "saccades.safetensors")
    events, label = read(network, recording_path)
    print(f"{len(events):,} events in {events.t_us[-1] / 1000:.0f} ms")

    trace = golden.run(network, events.addresses)  # the specification: one event at a time
    fast = engine.run(network, events.addresses)  # the same, compiled

    for layer, slow, quick in zip(network.layers[:-1], trace.layers, fast.layers, strict=True):
        assert np.array_equal(slow.spikes, quick.spikes), "same spikes, same order"
        print(f"{layer.name:10} {len(slow.spikes):6,} spikes {slow.sops:9,} SOPs")
    assert np.array_equal(trace.logits, fast.logits)
    print(f"class {trace.class_index}, label {label}; logits {trace.logits.tolist()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
