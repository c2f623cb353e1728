"""Integer network: what quantization writes and hardware, golden model and tests read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tickless.sw.atomic_write import atomic_write, check_readable
from tickless.sw.integer.description import (
    describe_layer,
    layer_tensors,
    needed_version,
    read_layer,
    read_object,
    typed,
)
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.layer import Edge, Layer, NetworkError

__all__ = [
    "FORMAT_VERSION",
    "PRETRAINED",
    "Edge",
    "Layer",
    "Network",
    "NetworkError",
    "Provenance",
]

FORMAT_VERSION = 3
"""Newest version of the file format. A network is written in the first one that holds it, so that
its hash stays."""

PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""Folder of the pre-trained networks and their checkpoints."""


@dataclass(frozen=True)
class Provenance:
    """Where a network comes from.

    Members
    -------
    dataset, method : str
        Data set and training method; ``""`` where unknown.
    seed : int
        Seed of the training run.
    accuracies : mapping of str to float
        Accuracies measured when the network was made, as fractions in 0..1.
    """

    dataset: str = ""
    method: str = ""
    seed: int = 0
    accuracies: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self):
        for name, kind in (("dataset", str), ("method", str), ("seed", int)):
            typed(f"provenance.{name}", getattr(self, name), kind)
        for name, value in self.accuracies.items():
            typed(f"name of provenance.accuracies[{name!r}]", name, str)
            if type(value) is not float or not 0 <= value <= 1:
                raise NetworkError(
                    f"provenance.accuracies[{name!r}] = {value!r}: expected a float in 0..1"
                )


@dataclass(frozen=True, eq=False)
class Network:
    """Chain of spiking layers closed by one readout, with shortcuts past some of its layers.

    Parameters
    ----------
    layers : tuple of Layer
        Each layer's input shape is its predecessor's output shape; the last layer is the readout.
        A shortcut passes at least one layer; where one ends the next may start, not before.
    logit_scale : float
        Real value of one unit of an integer logit, pooling factor included.
    provenance : Provenance
        Data set, training method, seed and accuracies.
    """

    layers: tuple[Layer, ...]
    logit_scale: float = 1.0
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self):
        if not self.layers:
            raise NetworkError("layers: expected at least a readout, got none")
        names = [layer.name for layer in self.layers]
        for index, layer in enumerate(self.layers):
            if not layer.name or names.index(layer.name) != index:
                raise NetworkError(f"layers[{index}].name = {layer.name!r}: expected a unique name")
            if layer.is_readout != (index == len(self.layers) - 1):
                raise NetworkError(
                    f"layers[{index}].kind = {layer.kind!r}: expected one readout, "
                    f"as the last of {len(self.layers)} layers"
                )
            if index:
                self._check_extent(f"layers[{index}]", layer.edges[0], index - 1)
        self._check_shortcuts(names)
        if not (isinstance(self.logit_scale, float) and 0 < self.logit_scale < float("inf")):
            raise NetworkError(f"logit_scale = {self.logit_scale!r}: expected a positive number")

    def _check_shortcuts(self, names: list[str]) -> None:
        free = 0
        for index, layer in enumerate(self.layers):
            for edge in layer.edges[1:]:
                where, source = f"layers[{index}].shortcut", edge.source
                possible = names[free : max(0, index - 1)]
                if source not in possible:
                    raise NetworkError(
                        f"{where}.source = {source!r}: expected one of {possible}: a shortcut "
                        "passes a layer, and no part of another shortcut"
                    )
                self._check_extent(where, edge, names.index(source))
                free = index

    def _check_extent(self, where: str, edge: Edge, source: int) -> None:
        taken, sent = edge.geometry.input_shape, self.layers[source].output_shape
        if taken != sent:
            raise NetworkError(
                f"{where}.input_shape = {taken!r}: "
                f"expected {sent!r}, the output shape of {self.layers[source].name!r}"
            )

    @property
    def joins(self) -> dict[int, int]:
        """Index of the layer that a shortcut leads to, by index of its source."""
        return {
            source: index for index in range(len(self.layers)) for source in self.senders(index)[1:]
        }

    def senders(self, index: int) -> tuple[int, ...]:
        """Index of the layer that sends to each edge into a layer; -1 for the network's input."""
        names = [layer.name for layer in self.layers]
        return tuple(
            index - 1 if edge.source is None else names.index(edge.source)
            for edge in self.layers[index].edges
        )

    @property
    def input_shape(self) -> Shape:
        """Extent of the sensor ``(channels, height, width)``."""
        return self.layers[0].edges[0].geometry.input_shape

    @property
    def classes(self) -> int:
        """Number of logits."""
        return self.layers[-1].output_shape[0]

    @property
    def initial_logits(self) -> np.ndarray:
        """Logits with which each sample begins, int32 ``[classes]``."""
        given = self.layers[-1].initial_logits
        return given if len(given) else np.zeros(self.classes, np.int32)

    @property
    def format_version(self) -> int:
        """Version of the file format in which the network is written."""
        return max(needed_version(layer) for layer in self.layers)

    @property
    def hash(self) -> str:
        """SHA-256 over everything that decides what the network computes, and its provenance."""
        digest = hashlib.sha256(json.dumps(self._description(), sort_keys=True).encode())
        for name, array in sorted(self._tensors().items()):
            digest.update(name.encode() + array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def save(self, path: Path | str) -> None:
        """Write one safetensors file with the description in its header, all of it or nothing."""
        description = {**self._description(), "hash": self.hash}
        text = {"tickless": json.dumps(description, sort_keys=True)}
        with atomic_write(Path(path)) as unfinished:
            save_file(self._tensors(), unfinished, text)

    @classmethod
    def load(cls, path: Path | str) -> "Network":
        """Read and validate a network file.

        Raises
        ------
        NetworkError
            If the file is missing, cannot be read, is no network file, of another version or
            damaged in any field; the message names the file and the field.
        """
        try:
            check_readable(path)
            with safe_open(path, "numpy") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise NetworkError(f"{path}: no such network file") from None
        except PermissionError as error:
            raise NetworkError(f"{path}: {error.strerror}") from None
        except (SafetensorError, OSError, TypeError, ValueError, KeyError) as error:
            # The last three: element types of the format that numpy does not have.
            raise NetworkError(f"{path}: not a network's safetensors file: {error}") from None
        try:
            return cls._from_description(_parse(metadata), tensors)
        except NetworkError as error:
            raise NetworkError(f"{path}: {error}") from None

    def _tensors(self) -> dict[str, np.ndarray]:
        return dict(pair for layer in self.layers for pair in layer_tensors(layer))

    def _description(self) -> dict[str, Any]:
        return {
            "format_version": self.format_version,
            "logit_scale": self.logit_scale,
            "provenance": asdict(self.provenance),
            "layers": [describe_layer(layer) for layer in self.layers],
        }

    @classmethod
    def _from_description(cls, text: dict[str, Any], tensors: dict[str, np.ndarray]) -> "Network":
        entries = typed("layers", text["layers"], list)
        layers = tuple(
            read_layer(f"layers[{index}]", entry, tensors) for index, entry in enumerate(entries)
        )
        if tensors:
            raise NetworkError(f"tensors {sorted(tensors)} belong to no layer")
        origin = read_object("provenance", text["provenance"], _PROVENANCE_FIELDS)
        typed("provenance.accuracies", origin["accuracies"], dict)
        network = cls(layers, text["logit_scale"], Provenance(**origin))
        if text["format_version"] != network.format_version:
            raise NetworkError(
                f"format_version = {text['format_version']}: expected {network.format_version}, "
                "the first that holds these layers"
            )
        stored = typed("hash", text["hash"], str)
        if network.hash != stored:
            raise NetworkError(
                f"hash: the content gives {network.hash[:16]}..., the file says "
                f"{stored[:16]!r}...: the file is damaged"
            )
        return network


_FIELDS = ("format_version", "hash", "layers", "logit_scale", "provenance")
_PROVENANCE_FIELDS = ("dataset", "method", "seed", "accuracies")


def _parse(metadata: Mapping[str, str]) -> dict[str, Any]:
    if "tickless-checkpoint" in metadata:
        raise NetworkError(
            "a checkpoint, of real weights: expected the integer network that tickless quantize "
            "makes of it"
        )
    if "tickless" not in metadata:
        raise NetworkError("no 'tickless' entry in the header: not a network file")
    try:
        text = json.loads(metadata["tickless"])
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"header entry 'tickless' is not JSON: {error}") from None
    version = typed("header entry 'tickless'", text, dict).get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise NetworkError(
            f"format_version = {version!r}: expected 1 to {FORMAT_VERSION}: a later version of "
            "Tickless may read it"
        )
    return read_object("header entry 'tickless'", text, _FIELDS)
