"""Settings of a training run."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf, isfinite
from typing import Any

from tickless.errors import InputError
from tickless.sw.data.catalog import EXPECTED, known
from tickless.sw.integer.layer import MAX_RESOLUTION
from tickless.sw.training.architectures import NETWORKS
from tickless.sw.training.surrogates import SURROGATES
from tickless.sw.training.time_steps import METHODS

__all__ = ["MOST_STEPS", "Settings", "SettingsError"]

MOST_STEPS = 1000
"""Time steps of a run, at most: several times what anyone trains or judges with."""

STEPS_EXPECTED = f"two integers of 1 to {MOST_STEPS}, the fewest first"


class SettingsError(InputError):
    """Impossible setting; the message names it, its value and what was expected."""


def _one_of(names: Sequence[str], default: str) -> Any:
    return field(default=default, metadata={"names": tuple(names)})


def _at_least(low: float, default: float, most: float = inf) -> Any:
    return field(default=default, metadata={"low": low, "most": most})


@dataclass(frozen=True)
class Settings:
    """Settings of a training run; the defaults made the committed network for saccades.

    Parameters
    ----------
    dataset : str
        One of `sw.data.catalog.DATASETS`, or the folder of a data set.
    network : str
        One of `sw.training.architectures.NETWORKS`.
    target : str
        ``"events"``: a network to run event by event: pre-trained with batch norm, whose shifts
        are removed and whose scales are fused into the weights, then fine-tuned.
        ``"steps"``: a network for time steps alone, which keeps its batch norms.
    method : str
        One of `sw.training.time_steps.METHODS`, from the end of pre-training on.
    seed : int
        Seed of weights, order and augmentation.
    device : str
        ``"auto"``: a GPU where torch sees one, else the CPU.
    mixed_precision : bool
        Products of weights and spikes in bfloat16.
    neuron : str
        ``"if"`` or, for time steps alone, ``"lif"``, or ``"relu"``, which does not spike.
    floor : float
        Lowest membrane of ``"if"``, in thresholds; below 0.
    decay : float
        What a membrane of ``"lif"`` keeps in a time step.
    surrogate : str
        One of `sw.training.surrogates.SURROGATES`.
    norm : str
        Norm of pre-training: ``"batch"``, or, for networks that run event by event, ``"scale"``, a
        batch norm without the shifts that are removed later: see `sw.training.scale_norm`.
    steps : int
        Time steps of pre-training and of SDT.
    steps_range : tuple of int
        Fewest and most time steps that NMT and MTT draw. Many of them, in the first stage too:
        event by event is the limit of ever more steps.
    steps_drawn : str
        ``"uniform"``, as in the MTT paper, or ``"log-uniform"``: as many of 1 as of 2 and 3, or of
        4 to 7. A step more changes most where there are few.
    first_stage : str
        ``"drawn"`` with the others, or ``"fixed"`` at ``steps``, in MTT.
    configurations : int
        Forward and backward passes of NMT and MTT per iteration.
    batch : int
        Samples of a pass.
    pretrain_epochs, epochs, quantize_epochs : int
        Epochs of pre-training, of fine-tuning, and of fine-tuning with rounded weights.
    pretrain_samples, samples : int
        Samples of an epoch of pre-training, and of the others.
    recordings : int
        Most of the data set's own training samples that are used, evenly over them; 0 for all.
    recorded_share : float
        Share of the data set's own samples in an epoch; the others are simulated.
    simulated : int
        Simulated samples, where the data set has images to simulate from.
    varied : bool
        Whether their images are turned and stretched a little and their cameras differ: see
        `sw.data.mnist.varied`; of ``"nmnist"`` alone.
    optimizer : str
        ``"adamw"``, or ``"sgd"`` with a momentum of 0.9.
    learning_rate : float
        Highest learning rate of pre-training; half as much for fine-tuning, a quarter with
        rounded weights.
    weight_decay : float
        The optimizer's.
    rate_budget, rate_penalty : float
        A layer that sends more spikes a sample than the budget adds the penalty times its relative
        excess to the loss.
    weight_limit : float
        Largest weight of a spiking layer after pre-training, in what one event needs to fire; 0
        for none. With 1 or less no event can bring a neuron from rest above its threshold, and
        that each event gives one spike at most takes less away.
    shift : int
        Augmentation: pixels by which a sample moves at most; what leaves the sensor is lost.
    flip, roll : bool, int
        The MTT paper's augmentation, in fine-tuning too: mirror left and right at random, and roll
        by so many pixels at most on a sensor of 128; see `sw.data.augment`.
    cut : float
        Augmentation: largest share of its last events that a sample loses, for answers before the
        end.
    drop, turn, stretch : float
        Augmentation: largest share of events that a sample loses, degrees by which it turns, and
        share by which its height and width change; see `sw.data.augment`.
    refit_samples : int
        Samples on which the readout is fitted event by event at last; 0 leaves it as it is.
    refit_strength : float
        Penalty on the square of what that changes in the readout's weights.
    weight_bits, resolution : int
        Quantization in ``quantize_epochs``, as in `sw.quantization.rule.Quantization`.
    """

    dataset: str = "saccades"
    network: str = _one_of(tuple(NETWORKS), "sparse")
    target: str = _one_of(("events", "steps"), "events")
    method: str = _one_of(METHODS, "mtt")
    seed: int = _at_least(0, 1)
    device: str = _one_of(("auto", "cpu", "cuda"), "auto")
    mixed_precision: bool = False
    neuron: str = _one_of(("if", "lif", "relu"), "if")
    floor: float = -2.0
    decay: float = _at_least(0, 0.5, 1)
    surrogate: str = _one_of(tuple(SURROGATES), "ramp")
    norm: str = _one_of(("batch", "scale"), "batch")
    steps: int = _at_least(1, 10, MOST_STEPS)
    steps_range: tuple[int, int] = (8, 40)
    steps_drawn: str = _one_of(("uniform", "log-uniform"), "uniform")
    first_stage: str = _one_of(("drawn", "fixed"), "drawn")
    configurations: int = _at_least(1, 2)
    batch: int = _at_least(1, 50)
    pretrain_epochs: int = _at_least(0, 4)
    epochs: int = _at_least(0, 3)
    quantize_epochs: int = _at_least(0, 0)
    pretrain_samples: int = _at_least(1, 20_000)
    samples: int = _at_least(1, 8_000)
    recordings: int = _at_least(0, 0)
    recorded_share: float = _at_least(0, 0.25, 1)
    simulated: int = _at_least(0, 16_000)
    varied: bool = False
    optimizer: str = _one_of(("adamw", "sgd"), "adamw")
    learning_rate: float = _at_least(0, 2e-3)
    weight_decay: float = _at_least(0, 1e-3)
    rate_budget: float = _at_least(1, 6_000.0)
    rate_penalty: float = _at_least(0, 0.3)
    weight_limit: float = _at_least(0, 0.0)
    shift: int = _at_least(0, 1)
    flip: bool = False
    roll: int = _at_least(0, 0, 127)
    cut: float = _at_least(0, 0.0, 0.95)
    drop: float = _at_least(0, 0.0, 1)
    turn: float = _at_least(0, 0.0, 180)
    stretch: float = _at_least(0, 0.0, 0.9)
    refit_samples: int = _at_least(0, 8_000)
    refit_strength: float = _at_least(0, 0.01)
    weight_bits: int = _at_least(2, 8, 8)
    resolution: int = _at_least(1, 128, MAX_RESOLUTION)

    def __post_init__(self):
        if not isinstance(self.dataset, str) or not known(self.dataset):
            self._refuse("dataset", EXPECTED)
        for item in fields(self):
            self._check(item.name, item.type, item.metadata)
        low, high = self.steps_range
        if not 1 <= low <= high <= MOST_STEPS:
            self._refuse("steps_range", STEPS_EXPECTED)
        if not self.floor < 0:
            self._refuse("floor", "a negative number of thresholds")
        if self.varied and self.dataset != "nmnist":
            self._refuse("varied", "false where dataset is not 'nmnist'")
        if self.decay == 0:
            self._refuse("decay", "a number above 0")
        if self.target == "events":
            if self.neuron != "if":
                self._refuse("neuron", "'if' where target = 'events'")
        else:
            if self.norm != "batch":
                self._refuse("norm", "'batch' where target = 'steps'")
            for name in ("quantize_epochs", "refit_samples", "weight_limit"):
                if getattr(self, name):
                    self._refuse(name, "0 where target = 'steps'")

    def _check(self, name: str, kind: Any, metadata: Any) -> None:
        value = getattr(self, name)
        if kind == tuple[int, int]:
            whole = isinstance(value, tuple) and [type(item) for item in value] == [int, int]
            if not whole:
                self._refuse(name, STEPS_EXPECTED)
            return
        names = metadata.get("names")
        if names and value not in names:
            self._refuse(name, f"one of {', '.join(names)}")
        low, most = metadata.get("low"), metadata.get("most")
        accepted = {bool: "true or false", int: "an integer", float: "a number"}.get(kind, "")
        if low is not None:
            accepted += f" of at least {low}" if most == inf else f" in {low}..{most}"
        if type(value) is not kind or (low is not None and not low <= value <= most):
            self._refuse(name, accepted)
        if kind is float and not isfinite(value):
            self._refuse(name, accepted)

    def _refuse(self, name: str, expected: str) -> None:
        raise SettingsError(f"{name} = {getattr(self, name)!r}: expected {expected}")
