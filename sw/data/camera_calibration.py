"""Calibration: simulated beside real recordings of the same MNIST images."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tickless.progress import bar
from tickless.sw.data import mnist, nmnist
from tickless.sw.data.camera import Camera, Motion
from tickless.sw.data.camera_calibration_plot import draw
from tickless.sw.data.events import Events, EventsError

__all__ = [
    "Statistics",
    "calibrate",
    "distances",
    "likeness",
    "mismatch",
    "pairs",
    "report",
    "simulate",
    "statistics",
]

Part = TypeVar("Part", Camera, Motion)

FITTED, JUDGED = 200, 300
"""Recordings to fit parameters on, and to judge them on; as many more tell how much two sets of
real recordings differ."""

STEPS = {
    "contrast": 0.02,
    "contrast_spread": 0.04,
    "mismatch": 0.04,
    "dark": 0.04,
    "refractory_us": 200,
    "noise_hz": 0.05,
    "wobble": 0.1,
    "corners": 0.25,
    "legs_ms": 4,
    "haste": 0.15,
    "delay": 0.15,
}
"""Usual change of each parameter in a step of the search."""

EDGES = {
    "events of a sample, channel 0": np.arange(0, 6001, 400),
    "events of a sample, channel 1": np.arange(0, 6001, 400),
    "interval between a pixel's events (us)": np.geomspace(200, 320_000, 41),
    "time of an event, channel 0 (us)": np.arange(0, 320_001, 5_000),
    "time of an event, channel 1 (us)": np.arange(0, 320_001, 5_000),
    "events of a pixel and channel": np.arange(0, 17),
    "difference of neighbouring pixels": np.arange(0, 13),
}
"""Bins of each statistic."""


@dataclass(frozen=True)
class Statistics:
    """What a set of recordings looks like.

    Members
    -------
    histograms : dict of numpy.ndarray
        Counts in the bins of `EDGES`; what lies beyond them is in the outermost bins.
    images : numpy.ndarray
        int64 ``[samples, channels, height, width]``: events of each pixel.
    """

    histograms: dict[str, np.ndarray]
    images: np.ndarray


def statistics(recordings: Sequence[Events]) -> Statistics:
    """Statistics of recordings, at least one."""
    images = np.zeros((len(recordings), *recordings[0].sensor), np.int64)
    values: list[list[np.ndarray]] = [[] for _ in EDGES]
    for image, events in zip(images, recordings, strict=True):
        np.add.at(image, (events.channel, events.y, events.x), 1)
        pixel = events.y * image.shape[2] + events.x
        order = np.lexsort((events.t_us, pixel))
        same = np.diff(pixel[order]) == 0
        rising, falling = (events.t_us[events.channel == channel] for channel in (0, 1))
        intervals = np.diff(events.t_us[order])[same]
        differences = np.abs(np.diff(image, axis=2))[(image[:, :, 1:] > 0) & (image[:, :, :-1] > 0)]
        of_sample = (
            [len(rising)],
            [len(falling)],
            intervals,
            rising,
            falling,
            image.ravel(),
            differences,
        )
        for column, value in zip(values, of_sample, strict=True):
            column.append(np.asarray(value))
    histograms = {}
    for (name, edges), column in zip(EDGES.items(), values, strict=True):
        inside = np.concatenate(column).clip(edges[0], edges[-1])
        histograms[name] = np.histogram(inside, edges)[0]
    return Statistics(histograms, images)


def distances(first: Statistics, second: Statistics) -> dict[str, float]:
    """Total variation distance of each histogram: 0 if the shares of all bins agree, at most 1."""
    shares = (
        {name: each / max(1, each.sum()) for name, each in part.histograms.items()}
        for part in (first, second)
    )
    ours, theirs = shares
    return {name: float(np.abs(ours[name] - theirs[name]).sum() / 2) for name in ours}


def likeness(first: Statistics, second: Statistics) -> float:
    """Mean over samples of the correlation of their event-count images."""
    images = zip(first.images, second.images, strict=True)
    return float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in images]))


def pairs(count: int, skip: int = 0) -> tuple[list[Events], list[int]]:
    """Real training recordings, drawn once and for all, and the MNIST image of each."""
    found = nmnist.files("train")
    if len(found) < skip + count:
        raise EventsError(
            f"{nmnist.folder() / 'Train'}: expected {skip + count} recordings, got {len(found)}"
        )
    chosen = np.random.default_rng(5).permutation(len(found))[skip : skip + count]
    paths = [found[index][0] for index in chosen]
    return [nmnist.read(path) for path in paths], [mnist.image_of(path) for path in paths]


def simulate(indices: Sequence[int], camera: Camera, motion: Motion) -> list[Events]:
    """Simulated recordings of these MNIST images."""
    return [mnist.sample(mnist.path(), index, camera, motion) for index in indices]


def mismatch(simulated: Statistics, real: Statistics) -> float:
    """What `calibrate` makes small: all distances, and what correlation the images lack."""
    return sum(distances(simulated, real).values()) + 2 * (1 - likeness(simulated, real))


def calibrate(camera: Camera, motion: Motion, steps: int, seed: int = 1) -> tuple[Camera, Motion]:
    """Better parameters, by a random search on `FITTED` real recordings.

    Each step changes some parameters at random and keeps what lowers `mismatch`.
    """
    recordings, indices = pairs(FITTED)
    real = statistics(recordings)
    generator = np.random.default_rng(seed)
    best = mismatch(statistics(simulate(indices, camera, motion)), real)
    progress = bar(range(steps), "search", "step")
    for _ in progress:
        names = set(generator.choice(list(STEPS), generator.integers(1, 5)).tolist())
        tried = _changed(camera, names, generator), _changed(motion, names, generator)
        value = mismatch(statistics(simulate(indices, *tried)), real)
        if value < best:
            best, (camera, motion) = value, tried
        progress.set_postfix(mismatch=f"{best:.4f}", refresh=False)
    return camera, motion


def _changed(part: Part, names: set[str], generator: np.random.Generator) -> Part:
    """Camera or motion with some of these parameters moved."""
    changes = {}
    for field in fields(part):
        if field.name in names:
            old = np.asarray(getattr(part, field.name), float)
            moved = generator.random(old.shape) < (0.5 if old.ndim else 1)
            step = STEPS[field.name] * moved * generator.normal(size=old.shape)
            new = np.maximum(old + step, 0.01)
            whole = field.name in ("refractory_us", "legs_ms")
            changes[field.name] = _tuples(new.round().astype(int) if whole else new.round(3))
    return replace(part, **changes)


def _tuples(values: np.ndarray) -> Any:
    return tuple(map(_tuples, values)) if values.ndim else values.item()


def report(steps: int, seed: int, plot: Path) -> None:
    """Print the match on recordings that nothing was fitted on, and plot it.

    Parameters
    ----------
    steps : int
        Of `calibrate`, before; 0 for the parameters of `sw.data.mnist`.
    """
    camera, motion = mnist.CAMERA, mnist.MOTION
    if steps > 0:
        camera, motion = calibrate(camera, motion, steps, seed)
        print(f"{camera}\n{motion}\n")
    recordings, indices = pairs(JUDGED, FITTED)
    real = statistics(recordings)
    other = statistics(pairs(JUDGED, FITTED + JUDGED)[0])
    plain = statistics(simulate(indices, Camera(), Motion()))
    began = time.process_time()
    samples = simulate(indices, camera, motion)
    speed = len(samples) / (time.process_time() - began)
    simulated = statistics(samples)
    columns = [distances(each, real) for each in (plain, simulated, other)]
    print(f"{JUDGED} recordings; total variation distance to the real ones of")
    print(f"{'':40}{'defaults':>12}{'calibrated':>12}{'other real':>12}")
    for name in EDGES:
        print(f"{name:40}" + "".join(f"{column[name]:12.3f}" for column in columns))
    match = f"{likeness(plain, real):12.3f}{likeness(simulated, real):12.3f}"
    print(f"{'correlation of event-count images':40}{match}")
    print(f"{speed:.0f} samples a second of one core")
    draw(plot, EDGES, real, simulated)
