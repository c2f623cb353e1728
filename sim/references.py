"""References: what golden model and float network make of samples, kept for the next run.

Both are slow to start and slow to run, and say the same each time. PyTorch is imported where they
have to run.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tickless.sim.build import BUILD_FOLDER
from tickless.sim.build_keys import content_key, source_key
from tickless.sw.atomic_write import shared_write
from tickless.sw.checkpoint_file import CheckpointFile
from tickless.sw.data.events import Events
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["FloatReference", "float_reference", "golden_trace"]

REFERENCES = BUILD_FOLDER / "references"

SOURCES = ("sw/**/*.py", "sim/float_network.py", "sim/references.py")
"""What a reference follows from besides its arguments, from the package's folder."""

MAKERS = ("numba", "numpy", "torch")
"""Packages that may change one."""

COUNTS = ("readout_events", "readout_sops", "saturations", "dropped", "decision")


def golden_trace(network: Network, events: Events, margin: int | None) -> SampleTrace:
    """What the golden model itself makes of a recording.

    Parameters
    ----------
    margin : int or None
        Of early exit.
    """
    key = content_key(_makers(), network.hash, repr(margin), events.addresses.tobytes())
    path = REFERENCES / f"{key}.npz"
    if path.exists():
        return _load(path)
    from tickless.sw.integer import golden

    trace = golden.run(network, events.addresses, (), margin)
    with _kept(path) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **_arrays(trace))
    return trace


@dataclass(frozen=True)
class FloatReference:
    """What the float network makes of samples.

    Members
    -------
    classes : sequence of int or None
        Of each sample, event by event; None of a network that leaks.
    spike_difference : sequence of (int, int) or None
        Of each sample, the two sums of `sw.judge.evaluate.spike_difference` for the last spiking
        layer; None of a network that leaks.
    right_in_steps : int or None
        Labelled samples that it classifies rightly in its time steps; None if there are none.
    """

    classes: Sequence[int] | None
    spike_difference: Sequence[tuple[int, int]] | None
    right_in_steps: int | None


def float_reference(
    checkpoint: CheckpointFile,
    network: Network,
    recordings: Sequence[Events],
    labels: Sequence[int],
    traces: Sequence[SampleTrace],
) -> FloatReference:
    """What the float network makes of samples, beside an integer one.

    Parameters
    ----------
    recordings, labels : sequence
        The samples.
    traces : sequence of SampleTrace
        What the integer network makes of each.
    """
    content = (part for events in recordings for part in (events.addresses, events.t_us))
    key = content_key(
        _makers(),
        checkpoint.digest,
        network.hash,
        repr(labels),
        *(array.tobytes() for array in content),
    )
    path = REFERENCES / f"{key}.json"
    if path.exists():
        return FloatReference(**json.loads(path.read_text()))
    from tickless.sim.float_network import run_float_network

    spikes = [trace.layers[-1].spikes for trace in traces]
    shape = network.layers[-2].output_shape
    made = run_float_network(checkpoint.load(), shape, recordings, labels, spikes)
    reference = FloatReference(*made)
    with _kept(path) as part:
        part.write_text(json.dumps(asdict(reference)))
    return reference


def _makers() -> str:
    """All that a reference follows from besides its arguments."""
    return repr((source_key(SOURCES), *map(version, MAKERS)))


@contextmanager
def _kept(path: Path) -> Iterator[Path]:
    """`shared_write` in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with shared_write(path) as part:
        yield part


def _arrays(trace: SampleTrace) -> dict[str, Any]:
    arrays = {name: getattr(trace, name) for name in COUNTS if getattr(trace, name) is not None}
    arrays |= {"logits": trace.logits, "read_logits": trace.read_logits}
    for index, layer in enumerate(trace.layers):
        arrays |= {f"{index}.{name}": value for name, value in vars(layer).items()}
    return arrays


def _load(path: Path) -> SampleTrace:
    with np.load(path) as file:
        arrays = dict(file)
    layers: dict[int, dict[str, Any]] = {}
    for name in [name for name in arrays if "." in name]:
        index, field = name.split(".")
        value = arrays.pop(name)
        layers.setdefault(int(index), {})[field] = value if value.ndim else int(value)
    counts = {name: int(arrays[name]) for name in COUNTS if name in arrays}
    traces = tuple(LayerTrace(**layers[index]) for index in sorted(layers))
    return SampleTrace(traces, arrays["logits"], arrays["read_logits"], **counts)
