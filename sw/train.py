"""Training: pre-training with batch norm, then with mixed time steps (MTT) or one (SDT)."""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from sw.chain import LayerSpec
from sw.checkpoint import Checkpoint
from sw.data.catalog import LABELLED, SENSORS, Samples, load, simulated
from sw.data.events import EventsError
from sw.data.frames import Recordings
from sw.evaluate import FloatEngine, score_events, score_steps
from sw.models import SpikingChain

__all__ = ["METHODS", "Settings", "Trainer", "measure", "train"]

METHODS = ("mtt", "sdt")

BATCH = 50


@dataclass(frozen=True)
class Settings:
    """Settings of a training run; the defaults made the committed networks.

    Parameters
    ----------
    dataset : str
        One of `sw.data.catalog.LABELLED`.
    method : str
        ``"mtt"``: in each iteration every stage's time steps are drawn anew, ``configurations``
        times. ``"sdt"``: all stages run at ``steps``.
    seed : int
        Seed of weights, order and augmentation.
    channels : tuple of int
        Channels of the convolutions (kernel 3, stride 2, padding 1), which a readout follows.
    floor : float
        Lowest membrane, in thresholds.
    steps : int
        Time steps of pre-training and of SDT.
    steps_range : tuple of int
        Fewest and most time steps that MTT draws. Many of them, in the first stage too: event by
        event is the limit of ever more steps.
    configurations : int
        Forward and backward passes of MTT per iteration.
    pretrain_epochs, epochs : int
        Epochs with batch norm, and after folding it.
    pretrain_samples, samples : int
        Samples of such an epoch.
    recorded_share : float
        Share of the data set's own samples in an epoch; the others are simulated.
    simulated : int
        Simulated samples, where the data set has images to simulate from.
    learning_rate : float
        Highest learning rate of pre-training; half as much for fine-tuning.
    rate_budget, rate_penalty : float
        A layer that sends more spikes a sample than the budget adds the penalty times its relative
        excess to the loss.
    shift : int
        Augmentation: pixels by which a sample moves at most.
    refit_samples : int
        Samples on which the readout is fitted event by event at last; 0 leaves it as it is.
    refit_strength : float
        Penalty on the square of what that changes in the readout's weights.
    """

    dataset: str = "saccades"
    method: str = "mtt"
    seed: int = 1
    channels: tuple[int, ...] = (12, 24, 32)
    floor: float = -2.0
    steps: int = 10
    steps_range: tuple[int, int] = (8, 40)
    configurations: int = 2
    pretrain_epochs: int = 4
    epochs: int = 3
    pretrain_samples: int = 20_000
    samples: int = 8_000
    recorded_share: float = 0.25
    simulated: int = 16_000
    learning_rate: float = 2e-3
    rate_budget: float = 6_000
    rate_penalty: float = 0.3
    shift: int = 1
    refit_samples: int = 8_000
    refit_strength: float = 0.01

    def __post_init__(self):
        for name, accepted in (("dataset", LABELLED), ("method", METHODS)):
            value = getattr(self, name)
            if value not in accepted:
                raise ValueError(f"{name} = {value!r}: expected one of {', '.join(accepted)}")
        low, high = self.steps_range
        if not 1 <= low <= high or self.steps < 1:
            raise ValueError(
                f"steps = {self.steps}, steps_range = {self.steps_range}: "
                "expected at least 1, and the fewest first"
            )
        for name in ("configurations", "pretrain_samples", "samples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: expected at least 1")
        if not self.floor < 0:
            raise ValueError(f"floor = {self.floor}: expected a negative number of thresholds")


class Trainer:
    """One training run.

    Parameters
    ----------
    settings : Settings
        What to do.
    recorded, extra : sequence of (Events, int)
        The data set's own samples, at least one, and simulated ones, or none.
    """

    def __init__(self, settings: Settings, recorded: Samples, extra: Samples):
        self.settings = settings
        torch.manual_seed(settings.seed)
        self._generator = np.random.default_rng(settings.seed)
        sensor = SENSORS[settings.dataset]
        specs = [LayerSpec("conv2d", count, 3, 2, 1) for count in settings.channels]
        self.model = SpikingChain(sensor, [*specs, LayerSpec("readout", 10)], settings.floor)
        self._counts = len(recorded), len(extra)
        reading = tqdm(chain(recorded, extra), "samples", sum(self._counts), leave=False)
        self._recordings = Recordings(reading, sensor)

    def run(self) -> SpikingChain:
        """Train; returns the folded network."""
        settings, model = self.settings, self.model
        self._fit(
            "pre-training",
            settings.pretrain_epochs,
            settings.pretrain_samples,
            settings.learning_rate,
            lambda: [[settings.steps] * len(model.specs)],
        )
        model.remove_shifts()
        model.fold()
        rate = settings.learning_rate / 2
        self._fit(settings.method, settings.epochs, settings.samples, rate, self._configurations)
        model.eval()
        if settings.refit_samples:
            self.refit()
        return model

    def refit(self) -> None:
        """Fit the readout to what the layers below send event by event, and in time steps.

        Those layers know time steps only from training, however many: their spikes event by event
        differ a little, and the readout, which is linear, can be told exactly. Fitting both at
        once keeps the accuracy in time steps.
        """
        settings, geometry = self.settings, self.model.geometries[-1]
        recorded, extra = self._counts
        own = self._own(settings.refit_samples)
        chosen = np.resize(np.arange(recorded), own)
        if extra:
            others = np.resize(np.arange(extra), settings.refit_samples - own)
            chosen = np.concatenate((chosen, recorded + others))
        generator = np.random.default_rng((settings.seed, 1))
        shifts = generator.integers(-settings.shift, settings.shift + 1, (len(chosen), 2))
        engine = FloatEngine(self.model)
        counts = torch.zeros(2, len(chosen), *geometry.input_shape)
        for place, index in enumerate(tqdm(chosen.tolist(), "spike counts", leave=False)):
            _, spikes, _ = engine.run(self._recordings.addresses(index, shifts[place]))
            np.add.at(counts[0, place].numpy(), tuple(spikes[-1].T), 1)
        with torch.no_grad():
            for start in range(0, len(chosen), BATCH):
                batch = slice(start, start + BATCH)
                frames = self._recordings.frames(chosen[batch], settings.steps, shifts[batch])
                counts[1, batch] = self.model.counts(frames)[0]
        pooled = functional.avg_pool2d(counts.flatten(0, 1), geometry.pool)
        inputs = pooled.flatten(1) / settings.steps
        labels = self._recordings.labels[chosen].repeat(2)
        readout = self.model.weights[-1]
        before = readout.detach().flatten(1)
        weight = before.clone().requires_grad_()
        optimizer = torch.optim.LBFGS([weight], max_iter=60)

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            change = (weight - before).square().sum()
            total = functional.cross_entropy(inputs @ weight.T, labels)
            total = total + settings.refit_strength * change
            total.backward()
            return total

        optimizer.step(loss)  # pyright: ignore[reportArgumentType]
        readout.data = weight.detach().reshape(readout.shape)

    def _configurations(self) -> list[list[int]]:
        """Time steps of each stage, for each pass of one iteration."""
        settings, stages = self.settings, len(self.model.specs)
        if settings.method == "sdt":
            return [[settings.steps] * stages]
        low, high = settings.steps_range
        drawn = self._generator.integers(low, high + 1, (settings.configurations, stages))
        return drawn.tolist()

    def _fit(
        self,
        name: str,
        epochs: int,
        samples: int,
        rate: float,
        configurations: Callable[[], list[list[int]]],
    ) -> None:
        model, iterations = self.model, max(1, samples // BATCH)
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rate, total_steps=max(1, epochs * iterations), pct_start=0.05
        )
        model.train()
        for epoch in range(epochs):
            order = self._order(iterations * BATCH).reshape(iterations, BATCH)
            seen = deque(maxlen=50)
            progress = tqdm(order, f"{name} {epoch + 1}/{epochs}")
            for chosen in progress:
                optimizer.zero_grad()
                seen.extend(self._pass(chosen, steps) for steps in configurations())
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                right, spikes = np.mean(seen, axis=0)
                progress.set_postfix(accuracy=f"{right:.3f}", spikes=f"{spikes:.0f}", refresh=False)

    def _pass(self, chosen: np.ndarray, steps: Sequence[int]) -> tuple[float, float]:
        """Forward and backward pass; accuracy, and spikes a sample of the busiest layer."""
        settings = self.settings
        shifts = self._generator.integers(-settings.shift, settings.shift + 1, (len(chosen), 2))
        frames = self._recordings.frames(chosen, steps[0], shifts)
        labels = self._recordings.labels[chosen]
        logits, spikes = self.model(frames, steps)
        # The readout's mean over time, on the scale it has at the settings' time steps.
        loss = functional.cross_entropy(logits / settings.steps, labels)
        rates = torch.stack(spikes)
        excess = functional.relu(rates / settings.rate_budget - 1)
        (loss + settings.rate_penalty * excess.sum()).backward()
        return float((logits.argmax(1) == labels).float().mean()), float(rates.detach().max())

    def _order(self, count: int) -> np.ndarray:
        """Indices of an epoch's samples: each kind in its share, each sample as often as others."""
        recorded, extra = self._counts
        own = self._own(count)
        shuffle = self._generator.permutation
        kinds = [np.resize(shuffle(recorded), own)]
        if extra:
            kinds.append(recorded + np.resize(shuffle(extra), count - own))
        return shuffle(np.concatenate(kinds))

    def _own(self, count: int) -> int:
        """How many of so many samples are the data set's own."""
        return round(count * self.settings.recorded_share) if self._counts[1] else count


def train(settings: Settings) -> Checkpoint:
    """Train on a data set's training samples; accuracies are not yet measured."""
    extra = simulated(settings.dataset, settings.simulated)
    model = Trainer(settings, load(settings.dataset, "train"), extra).run()
    origin = (settings.dataset, settings.method, settings.seed, settings.steps)
    return Checkpoint(model, *origin, asdict(settings))


def measure(checkpoint: Checkpoint) -> dict[str, float]:
    """Accuracies of a checkpoint on the test samples of its data set."""
    test = load(checkpoint.dataset, "test")
    recordings = Recordings(tqdm(test, "test samples", leave=False), checkpoint.model.sensor)
    return {
        "time_stepped": score_steps(checkpoint.model, recordings, checkpoint.steps),
        "float_events": score_events(checkpoint.model, test).accuracy,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of `train`."""
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m sw.train",
        description="Train a spiking network with mixed time steps and write a checkpoint. "
        "The defaults make the committed networks, each in about 20 minutes on one core.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", choices=LABELLED, default=default.dataset, help="data set")
    parser.add_argument(
        "--method", choices=METHODS, default=default.method, help="mixed time steps, or one"
    )
    parser.add_argument("--seed", type=int, default=default.seed, help="seed of all chance")
    for name, text in (
        ("pretrain_epochs", "epochs with batch norm"),
        ("epochs", "epochs after folding it"),
        ("steps", "time steps of pre-training, of sdt, and of the time-stepped accuracy"),
        ("simulated", "simulated samples beside the data set's own"),
    ):
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=int, default=getattr(default, name), help=text)
    parser.add_argument(
        "--output", type=Path, default=None, help="checkpoint; build/train/DATASET-METHOD-SEED.*"
    )
    options = vars(parser.parse_args(arguments))
    output = options.pop("output")
    try:
        settings = Settings(**options)
        if output is None:
            name = f"{settings.dataset}-{settings.method}-{settings.seed}.checkpoint.safetensors"
            output = Path("build/train") / name
        output.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = train(settings)
        # Training took long: it is not to be lost should measuring fail.
        checkpoint.save(output)
        accuracies = measure(checkpoint)
    except (EventsError, ValueError) as error:
        sys.exit(f"error: {error}")
    checkpoint.with_accuracies(**accuracies).save(output)
    for name, value in accuracies.items():
        print(f"{name}: {value:.4f}")
    print(f"wrote {output}")


if __name__ == "__main__":
    main()
