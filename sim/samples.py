"""Samples of a run: labelled recordings, read when they are needed."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sw.data.catalog import DATASETS, UNLABELLED, at_random, check_suits
from tickless.sw.data.events import Events
from tickless.sw.data.options import Reading, reading
from tickless.sw.integer.network import PRETRAINED, Network

if TYPE_CHECKING:
    from tickless.sw.data.files import NamedRecording

__all__ = [
    "SHARD_SAMPLES",
    "SPLITS",
    "Sample",
    "choose_samples",
    "chosen_network",
    "chosen_samples",
    "file_samples",
]

SHARD_SAMPLES = 50
"""Samples of a shard: whatever the number of processes, so that no result depends on it."""

SPLITS = {"test": ("test",), "train": ("train",), "all": ("test", "train")}
"""Parts of a data set by the option's value, in the order in which they are taken."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled recording, which another process can read, too.

    Members
    -------
    index : int
        Its place among the samples of the run.
    name : str
        What it is called in its data set.
    label : int
        True class, or `sw.data.catalog.UNLABELLED`.
    of_test_set : bool
        Whether it belongs to a labelled test set.
    make, key : callable, object
        Function of a module that reads the recording, and its argument.
    """

    index: int
    name: str
    label: int
    of_test_set: bool
    make: Callable[[Any], Events]
    key: Any

    def read(self) -> Events:
        """The recording."""
        return self.make(self.key)

    def carried(self) -> "Sample":
        """The same with its recording, for a process that sees no files of ours."""
        return replace(self, make=_itself, key=self.read())


def choose_samples(
    dataset: str, network: Network, count: int | None, seed: int, split: str = "test"
) -> list[Sample]:
    """Recordings chosen at random.

    Parameters
    ----------
    count : int or None
        How many, or as many as `sw.data.catalog.at_random` likes.
    split : str
        One of `SPLITS`; ``all`` takes what the test set has before any of the training set.

    Raises
    ------
    InputError
        If there are fewer, or the network has another sensor.
    """
    if count is not None and count < 1:
        raise InputError(f"samples = {count}: expected at least 1")
    check_suits(dataset, network.input_shape, network.classes)
    others = " in its test set: --split train or all takes others" if split == "test" else ""
    chosen: list[Sample] = []
    for part in at_random(dataset, count, seed, SPLITS[split], others):
        of_test_set = part.name.endswith("test")
        for name, key, label in zip(part.names, part.keys, part.labels, strict=True):
            labelled = label != UNLABELLED
            chosen.append(
                Sample(len(chosen), name, label, of_test_set and labelled, part.make, key)
            )
    return chosen


def file_samples(
    paths: Sequence[Path], network: Network, reading: Reading, classes: int
) -> list[Sample]:
    """Samples of files, as `sw.data.files.file_recordings` has them, in order."""
    from tickless.sw.data.files import file_recordings

    return [
        Sample(index, recording.name, recording.label, False, _read, recording)
        for index, recording in enumerate(
            file_recordings(paths, network.input_shape, reading, classes)
        )
    ]


def _read(recording: "NamedRecording") -> Events:
    return recording.read()


def _itself(events: Events) -> Events:
    return events


def chosen_network(options: argparse.Namespace) -> tuple[Path, Network]:
    """File and network of a run; the options are those of `sim.command.add_options`.

    Raises
    ------
    InputError
        If there is none for the data set.
    """
    path = options.network or PRETRAINED / f"{options.dataset}.safetensors"
    if options.network is None and options.dataset not in DATASETS:
        raise InputError("network: expected --network, since the data set is your own")
    return path, Network.load(path)


def chosen_samples(options: argparse.Namespace, network: Network) -> list[Sample]:
    """Samples of a run: the files of the options, or recordings of the data set."""
    with stage("choosing recordings"):
        if options.files:
            return file_samples(options.files, network, reading(options), network.classes)
        return choose_samples(
            options.dataset, network, options.samples, options.seed, options.split
        )
