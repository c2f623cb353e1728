"""Data sets by name, as lists of samples that are read when they are asked for.

The modules that read them are imported then, too: they bring tonic, SciPy and numba.
"""

import random
from argparse import ArgumentTypeError
from collections.abc import Collection, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.sw.data.events import UNLABELLED, Events
from tickless.sw.data.fitted_name import split_name
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.geometry import Shape

if TYPE_CHECKING:
    from tickless.sw.data.folder import FolderDataset
    from tickless.sw.data.objects import ObjectDataset

__all__ = [
    "DATASETS",
    "EXPECTED",
    "SPLITS",
    "UNLABELLED",
    "Recordings",
    "at_random",
    "augmentation",
    "check_suits",
    "class_names",
    "dataset_name",
    "is_folder",
    "known",
    "load",
    "names_of_answers",
    "sensor",
    "simulated",
]

SENSORS: dict[str, Shape] = {
    "saccades": (2, 34, 34),
    "nmnist": (2, 34, 34),
    "dvsgesture": (2, 128, 128),
    "cifar10dvs": (2, 128, 128),
    "cifar10saccades": (2, 128, 128),
    "ncaltech101": (2, 180, 240),
}
"""Extent of each data set's sensor. Its module in this folder has its name; all but ``saccades``
and ``cifar10saccades`` are recorded, and their modules have ``files`` and ``read``."""

DATASETS = tuple(SENSORS)

EXPECTED = f"one of {', '.join(DATASETS)}, or the folder of a data set, or FILE.py:FUNCTION"
"""What names a data set, for messages."""

SPLITS = ("train", "test", "all")

CLASSES = {
    "saccades": 10,
    "nmnist": 10,
    "dvsgesture": 11,
    "cifar10dvs": 10,
    "cifar10saccades": 10,
    "ncaltech101": 101,
}
"""Number of each data set's classes."""

USUAL_RECORDINGS = 20
"""Recordings at random where none says how many."""


def known(dataset: str) -> bool:
    """Whether there is a data set of this name, a folder, or a file with a function of Python; ""
    is none of them."""
    return dataset in DATASETS or _function(dataset) is not None or is_folder(dataset)


def is_folder(dataset: str) -> bool:
    """Whether the name is that of a folder, as it is or as of `sw.data.fitted_name`."""
    folder, _ = split_name(dataset)
    return dataset not in DATASETS and folder != "" and Path(folder).is_dir()


def _function(dataset: str) -> tuple[Path, str] | None:
    """Python file and function of a name ``FILE.py:FUNCTION``; None for another one."""
    file, _, name = dataset.rpartition(":")
    return (Path(file), name) if file.endswith(".py") and Path(file).is_file() else None


def dataset_name(text: str) -> str:
    """Name of a data set on the command line.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no `known` one.
    """
    if not known(text):
        raise ArgumentTypeError(f"{text!r}: expected {EXPECTED}")
    return text


def sensor(dataset: str) -> Shape:
    """Extent ``(polarities, height, width)`` of a data set's sensor; InputError if unknown."""
    return SENSORS[dataset] if dataset in SENSORS else _own(dataset).sensor


def class_names(dataset: str) -> tuple[str, ...]:
    """Names of a data set's classes, by label; InputError if the data set is unknown."""
    if dataset not in CLASSES:
        return _own(dataset).classes
    named = import_module(f"tickless.sw.data.{dataset}").__dict__.get("CLASSES")
    return tuple(named or map(str, range(CLASSES[dataset])))


def augmentation(dataset: str) -> dict[str, Any]:
    """Settings of training that a data set of one's own has for augmentation; others have none."""
    return {} if dataset in DATASETS else _own(dataset).augmentation


def check_suits(dataset: str, shape: Shape, classes: int, whose: str = "network") -> None:
    """InputError unless a data set's sensor is that of a network, or of whatever has one, and there
    are answers for all its classes."""
    if (own := sensor(dataset)) != shape:
        raise InputError(f"{dataset}: its sensor is {own}, the {whose}'s {shape}")
    if (count := len(class_names(dataset))) > classes:
        raise InputError(f"{dataset}: it has {count} classes, the {whose} {classes}")


def names_of_answers(dataset: str, count: int) -> tuple[str, ...]:
    """Names of a network's classes by its data set; their numbers where that is unknown."""
    names = class_names(dataset) if known(dataset) else ()
    return (*names, *map(str, range(len(names), count)))[:count]


def _own(dataset: str) -> "FolderDataset | ObjectDataset":
    """Data set of a user's own; InputError if it is unknown."""
    if not known(dataset):
        raise InputError(f"dataset = {dataset!r}: expected {EXPECTED}")
    if (place := _function(dataset)) is not None:
        from tickless.sw.data.objects import object_dataset

        return object_dataset(*place)
    from tickless.sw.data.folder import folder_dataset

    folder, entries = split_name(dataset)
    return folder_dataset(Path(folder), tuple(entries.items()))


def load(dataset: str, split: str) -> Recordings:
    """Samples of a data set, in an order that never changes.

    Where ``dvsgesture`` has only clips, they are its test samples, and all it has.

    Parameters
    ----------
    dataset : str
        One of `DATASETS`, a folder as of `sw.data.folder`, perhaps with what `sw.data.fitted_name`
        adds, or ``FILE.py:FUNCTION`` as of `sw.data.objects`.
    split : str
        ``"train"``, ``"test"``, or ``"all"`` for one after the other.

    Raises
    ------
    InputError
        If a name is unknown; the message lists the known ones.
    EventsError
        If recordings are missing.
    """
    if split not in SPLITS:
        raise InputError(f"split = {split!r}: expected one of {', '.join(SPLITS)}")
    if dataset not in DATASETS:
        return _own(dataset).load(split)
    parts = ("train", "test") if split == "all" else (split,)
    name = f"{dataset}-{split}"
    module = import_module(f"tickless.sw.data.{dataset}")
    if dataset == "saccades":
        digits = [pair for part in parts for pair in module.digits(part)]
        return Recordings(module.sample, *_columns(digits), name)
    if dataset == "cifar10saccades":
        source = module.path()
        images = [pair for part in parts for pair in module.samples(source, part)]
        return Recordings(partial(module.sample, source), *_columns(images), name, [source])
    if dataset == "dvsgesture" and split == "all" and module.only_clips():
        parts = ("test",)
    paths, labels = _columns([pair for part in parts for pair in module.files(part)])
    return Recordings(module.read, paths, labels, name, paths)


def at_random(
    dataset: str,
    count: int | None,
    seed: int,
    splits: Sequence[str] = ("test",),
    others: str = "",
) -> list[Recordings]:
    """Recordings chosen at random: all of a split before any of the next, a part of each.

    Parameters
    ----------
    count : int or None
        How many; `USUAL_RECORDINGS` of the first split, or all that it has, where None.
    seed : int
        Seed of the choice, the same on any machine.
    splits : sequence of str
        Where to choose from; one is loaded if those before it have too few.
    others : str
        Where the rest of the data set's are, for the error.

    Raises
    ------
    InputError
        If there are fewer.
    EventsError
        If recordings are missing.
    """
    rng, parts, available = random.Random(seed), [], 0
    for split in splits:
        whole = load(dataset, split)
        wanted = min(USUAL_RECORDINGS, len(whole)) if count is None else count
        chosen = min(max(0, wanted - available), len(whole))
        parts.append(whole.part(rng.sample(range(len(whole)), chosen)))
        available += len(whole)
        if wanted <= available:
            break
    else:
        raise InputError(f"samples = {count}: {dataset} has {available} here{others}")
    if count is not None and count < 1:
        raise InputError(f"samples = {count}: expected 1..{available}")
    return parts


def simulated(dataset: str, count: int, aside: Collection = (), varied: bool = False) -> Recordings:
    """More samples for training: simulated recordings of training images.

    ``saccades``: further recordings of its training digits. ``nmnist``: recordings of MNIST's
    training images, at most 60,000, if their file is there (see `sw.data.mnist`).
    ``cifar10saccades``: recordings of CIFAR-10's training images that are not in the set, at most
    40,000. The others have none.

    Parameters
    ----------
    dataset : str
        One of `DATASETS`.
    count : int
        Samples wanted, at least 0.
    aside : collection
        ``keys`` of training samples that are kept aside to judge a network trained on the others:
        samples of the images that they show are left out.
    varied : bool
        Of images that are turned and stretched a little, by cameras that differ: `mnist.varied`.
        Only ``nmnist`` has such.
    """
    name = f"{dataset}-simulated"
    if dataset == "saccades":
        return _more_digits(count, aside, name)
    if dataset == "nmnist":
        return _mnist_images(count, aside, f"{name}-varied" if varied else name, varied)
    if dataset == "cifar10saccades":
        from tickless.sw.data import cifar10saccades

        # None of an image that a recording shows.
        source = cifar10saccades.path()
        keys, labels = _columns(cifar10saccades.further(source)[:count] if count else [])
        return Recordings(partial(cifar10saccades.sample, source), keys, labels, name, [source])
    return Recordings(_variant, [], [], name)


def _more_digits(count: int, aside: Collection, name: str) -> Recordings:
    from tickless.sw.data import saccades

    digits = saccades.digits("train")
    rounds = range(1, 1 + -(-count // max(1, len(digits) - len(aside))))
    keys = [((digit, number), label) for number in rounds for digit, label in digits]
    whole = Recordings(_variant, *_columns(keys if aside else keys[:count]), name)
    allowed = [i for i, (digit, _) in enumerate(whole.keys) if digit not in aside]
    return whole.part(allowed[:count])


def _mnist_images(count: int, aside: Collection, name: str, varied: bool) -> Recordings:
    from tickless.sw.data import mnist

    source = mnist.path()
    if not source.exists():
        return Recordings(mnist.sample, [], [], name)
    # What is left out is made too, so that all parts of a cross-validation share one cache.
    labels = mnist.images(source)[1][: count + len(aside)]
    make = partial(mnist.varied if varied else mnist.sample, source)
    whole = Recordings(make, range(len(labels)), labels.tolist(), name, [source])
    shown = {mnist.image_of(path) for path in aside}
    return whole.part([index for index in range(len(labels)) if index not in shown][:count])


def _variant(key: tuple[int, int]) -> Events:
    from tickless.sw.data import saccades

    return saccades.sample(*key)


def _columns(pairs: list[tuple]) -> tuple[list, list[int]]:
    return [key for key, _ in pairs], [label for _, label in pairs]
