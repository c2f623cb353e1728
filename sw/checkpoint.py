"""Checkpoint: a trained float network and how it came about, in one file."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save_file

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write
from tickless.sw.checkpoint_file import beside
from tickless.sw.integer.geometry import GeometryError, Shape
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import describe_neuron, read_neuron
from tickless.sw.training.readout import describe_readout, read_readout

__all__ = ["Checkpoint", "CheckpointError"]

FORMAT_VERSION = 5
"""Older ones are read as well: version 1 knows neither neurons by name nor quantization, version 2
neither resets to zero nor geometry that differs by axis, version 3 no neurons that differ by layer
or channel, version 4 no logits that begin elsewhere than at 0, or leak. A network is written as of
the first version from 3 on that holds it."""


class CheckpointError(InputError):
    """Invalid checkpoint; the message names the file, what is wrong and what was expected."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Trained float network: neurons of threshold 1 without biases.

    Parameters
    ----------
    model : SpikingNetwork
        The network.
    dataset, method : str
        What it was trained on and how.
    seed : int
        Seed of the training run.
    steps : int
        Time steps at which its time-stepped accuracy is measured.
    settings : dict
        Training settings, for the record.
    record : dict
        Versions and revision of the software and the device that it was trained with.
    accuracies : dict
        Accuracies on the test set measured after training, as fractions.
    """

    model: SpikingNetwork
    dataset: str
    method: str
    seed: int
    steps: int
    settings: dict[str, Any] = field(default_factory=dict)
    accuracies: dict[str, float] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path | str) -> None:
        """Write one safetensors file with the description in its header, all of it or nothing."""
        model = self.model
        neuron, readout = _neurons(model), describe_readout(model.readout)
        version = 3
        if readout is not None:
            version = FORMAT_VERSION
        elif _differ(neuron):
            version = 4
        description = {
            "format_version": version,
            "sensor": model.sensor,
            "layers": [asdict(spec) for spec in model.specs],
            "neuron": neuron,
            "normalized": bool(model.norms),
            "quantization": _given(model.quantization),
            **{name: getattr(self, name) for name in _FIELDS},
            **({} if readout is None else {"readout": readout}),
        }
        state = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
        text = {"tickless-checkpoint": json.dumps(description, sort_keys=True)}
        with atomic_write(Path(path)) as unfinished:
            save_file(state, unfinished, text)

    @classmethod
    def load(cls, path: Path | str) -> "Checkpoint":
        """Read a checkpoint.

        Raises
        ------
        CheckpointError
            If the file is missing, cannot be read, is no checkpoint, of another version or damaged.
        """
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError:
            raise CheckpointError(f"{path}: no such checkpoint") from None
        except OSError as error:
            raise CheckpointError(f"{path}: {error.strerror}") from None
        return cls.parse(content, path)

    @classmethod
    def parse(cls, content: bytes, path: Path | str) -> "Checkpoint":
        """Read the content of a checkpoint's file, ``path`` being its name for messages.

        Raises
        ------
        CheckpointError
            As `load`.
        """
        try:
            state = load(content)
            length = int.from_bytes(content[:8], "little")
            header = json.loads(content[8 : 8 + length]).get("__metadata__", {})
            if "tickless" in header:
                raise CheckpointError(
                    f"{path}: an integer network: expected the checkpoint that it was made "
                    f"from, {cls.beside(Path(path))} by its usual name"
                )
            text = json.loads(header["tickless-checkpoint"])
            if text["format_version"] == 1:
                text |= {"neuron": {"kind": "if", "floor": text["floor"]}}
                text |= {"quantization": None, "record": {}}
            elif text["format_version"] not in range(2, FORMAT_VERSION + 1):
                raise CheckpointError(
                    f"{path}: format_version = {text['format_version']!r}: "
                    f"this version reads 1 to {FORMAT_VERSION}"
                )
            sensor: Shape = tuple(text["sensor"])
            specs = [_spec(**layer) for layer in text["layers"]]
            neuron = text["neuron"]
            neurons = (
                [read_neuron(each) for each in neuron]
                if isinstance(neuron, list)
                else read_neuron(neuron)
            )
            model = SpikingNetwork(sensor, specs, neurons, text["normalized"])
            model.readout = read_readout(text.get("readout"), specs[-1].channels)
            if text["quantization"]:
                model.quantization = Quantization(**text["quantization"])
            model.load_state_dict(state)
            return cls(model.eval(), **{name: text[name] for name in _FIELDS})
        except SafetensorError as error:
            raise CheckpointError(f"{path}: not a safetensors file: {error}") from None
        except KeyError as error:
            raise CheckpointError(f"{path}: header entry {error} is missing") from None
        except CheckpointError:
            raise
        except (TypeError, ValueError, RuntimeError, GeometryError) as error:
            raise CheckpointError(f"{path}: {error}") from None

    @staticmethod
    def beside(network: Path) -> Path:
        """Where the checkpoint lies that the network in a file was quantized from."""
        return beside(network)

    def with_accuracies(self, **accuracies: float) -> "Checkpoint":
        """The same checkpoint with these accuracies instead of its own."""
        return replace(self, accuracies=accuracies)


def _neurons(model: SpikingNetwork) -> Any:
    """Description of the neurons, or, where layers differ, of each layer's."""
    found = [describe_neuron(neuron) for neuron in model.layer_neurons]
    return found[0] if all(each == found[0] for each in found) else found


def _differ(neuron: Any) -> bool:
    return isinstance(neuron, list) or isinstance(neuron.get("decay"), tuple)


def _given(quantization: Quantization | None) -> dict[str, Any] | None:
    """What a quantization says; of clipping only where there is some, as in older files."""
    if quantization is None:
        return None
    return {name: value for name, value in asdict(quantization).items() if value is not None}


_FIELDS = ("dataset", "method", "seed", "steps", "settings", "accuracies", "record")


def _spec(shortcut: dict[str, Any] | None = None, **fields: Any) -> LayerSpec:
    direct = ShortcutSpec(**_by_axis(shortcut)) if shortcut else None
    return LayerSpec(**_by_axis(fields), shortcut=direct)


def _by_axis(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the pairs that JSON made lists of."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
