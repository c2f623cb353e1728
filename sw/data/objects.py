"""Data sets of Python: objects with a length whose items are events and a label, as tonic's are.

Events are a structured array with fields x, y, t and p, by any of their usual names and in any
order. ``FILE.py:FUNCTION`` names such a data set wherever a data set is named: the function is
given ``"train"`` or ``"test"`` and returns the object.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from importlib.util import module_from_spec, spec_from_file_location
from math import inf
from numbers import Integral
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import numpy as np

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.fitting import Fitting
from tickless.sw.data.formats.tables import TableForm, from_array
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.geometry import Shape

__all__ = ["ObjectDataset", "Samples", "from_objects", "object_dataset"]


class Samples(Protocol):
    """Events, a structured array, and label of each sample; perhaps with tonic's ``sensor_size``
    (width, height, polarities), ``classes`` (names) and ``targets`` (all labels)."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[np.ndarray, Any]: ...


def from_objects(
    samples: Samples,
    sensor: Shape | None = None,
    *,
    classes: Sequence[str] | None = None,
    fitting: Fitting | None = None,
    time_unit: str | None = None,
    name: str = "objects",
) -> Recordings:
    """Recordings of an object, read when they are asked for, with all checks of a file.

    Parameters
    ----------
    samples : Samples
        The object. Without ``targets`` each sample is read once for its label.
    sensor : Shape, optional
        Extent ``(channels, height, width)`` of every sample; that of ``sensor_size`` by default.
    classes : sequence of str, optional
        Names of the classes, for labels that are names; those of ``classes`` by default.
    fitting : Fitting, optional
        From the camera to the sensor.
    time_unit : str, optional
        One of `sw.data.formats.tables.UNITS_US`; microseconds by default.

    Raises
    ------
    InputError
        If the sensor is not known, or a label is neither the number nor the name of a class.
    EventsError
        When a sample is asked for whose events are wrong or do not fit; it has the sample's index.
    """
    sensor = sensor or _sensor(samples, name)
    names = tuple(map(str, getattr(samples, "classes", ()) if classes is None else classes))
    labels = [_label(label, names, name, index) for index, label in enumerate(_targets(samples))]
    make = _Maker(samples, sensor, fitting or Fitting(), TableForm(None, time_unit), name)
    return Recordings(make, range(len(samples)), labels, name)


class _Maker:
    """Makes a sample of an object; no two are the same to a cache, which cannot look inside."""

    def __init__(
        self, samples: Samples, sensor: Shape, fitting: Fitting, form: TableForm, name: str
    ):
        self._samples, self._sensor, self._fitting = samples, sensor, fitting
        self._form, self._name = form, name
        self.__qualname__ = f"{name}-{uuid4()}"

    def __call__(self, index: int) -> Events:
        where = f"{self._name}[{index}]"
        events, _ = self._samples[index]
        if not isinstance(events, np.ndarray) or events.dtype.names is None:
            raise EventsError(f"{where}: expected a structured array of events, got {events!r:.60}")
        decoded = from_array(Path(where), "array", events, self._form)
        [fitted] = self._fitting.fit(decoded, self._sensor, where)
        return fitted


class ObjectDataset:
    """Data set that a function of a Python file returns.

    Parameters
    ----------
    path : Path
        The file.
    function : str
        Name of the function in it.

    Members
    -------
    sensor : Shape
        Extent of every sample, by the ``sensor_size`` of its training samples.
    classes : tuple of str
        Names by their ``classes``, or else the numbers up to the largest label.
    augmentation : dict
        None of its own.
    """

    augmentation: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    def __init__(self, path: Path, function: str):
        self.path, self.function = path, function

    @cached_property
    def sensor(self) -> Shape:
        return _sensor(self._samples("train"), self.function)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        if self._named is not None:
            return tuple(map(str, self._named))
        return tuple(map(str, range(1 + max(self.recordings("train").labels))))

    def load(self, split: str) -> Recordings:
        """Recordings of ``train``, ``test`` or ``all``."""
        parts = ("train", "test") if split == "all" else (split,)
        keys = [(part, i) for part in parts for i in range(len(self._samples(part)))]
        labels = [label for part in parts for label in self.recordings(part).labels]
        make = partial(_sample, str(self.path), self.function)
        return Recordings(make, keys, labels, f"{self.function}-{split}", [self.path])

    def recordings(self, part: str) -> Recordings:
        """Recordings of ``train`` or ``test``, read once for their labels where need be."""
        if part not in self._recordings:
            samples = self._samples(part)
            self._recordings[part] = from_objects(
                samples, self.sensor, classes=self._named, name=f"{self.function}-{part}"
            )
        return self._recordings[part]

    @cached_property
    def _named(self) -> Sequence[str] | None:
        """Names of the classes that the training samples have, if they have any."""
        return getattr(self._samples("train"), "classes", None)

    @cached_property
    def _recordings(self) -> dict[str, Recordings]:
        return {}

    def _samples(self, part: str) -> Samples:
        if part not in self._found:
            found = self._call(part)
            if not hasattr(found, "__len__") or not hasattr(found, "__getitem__"):
                raise InputError(
                    f"{self.path}:{self.function}: expected an object with __len__ and "
                    f"__getitem__ for {part!r}, got {found!r:.60}"
                )
            if not len(found):
                raise EventsError(f"{self.path}:{self.function}: {part!r} has no samples")
            self._found[part] = found
        return self._found[part]

    @cached_property
    def _found(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _call(self) -> Callable[[str], Any]:
        spec = spec_from_file_location(self.path.stem, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        function = getattr(module, self.function, None)
        if not callable(function):
            raise InputError(f"{self.path}: expected a function {self.function} in it")
        return function


@cache
def object_dataset(path: Path, function: str) -> ObjectDataset:
    """Data set of a function, the same one whenever it is asked for."""
    return ObjectDataset(path, function)


def _sample(path: str, function: str, key: tuple[str, int]) -> Events:
    """Sample of a data set, in whatever process."""
    part, index = key
    events, _ = object_dataset(Path(path), function).recordings(part)[index]
    return events


def _sensor(samples: Samples, name: str) -> Shape:
    size = getattr(samples, "sensor_size", None)
    if size is None or len(size) != 3:
        raise InputError(
            f"{name}: expected a sensor_size of the object: width, height and polarities"
        )
    width, height, polarities = map(int, size)
    return polarities, height, width


def _targets(samples: Samples) -> Sequence[Any]:
    targets = getattr(samples, "targets", None)
    if targets is not None and len(targets) == len(samples):
        return targets
    with stage("reading labels"):
        return [samples[index][1] for index in range(len(samples))]


def _label(label: Any, classes: tuple[str, ...], name: str, index: int) -> int:
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    if isinstance(label, Integral) and 0 <= int(label) < (len(classes) or inf):
        return int(label)
    numbers = f"in 0..{len(classes) - 1}" if classes else "of at least 0"
    raise InputError(
        f"{name}[{index}]: label {label!r}: expected a number {numbers}, or the name of a class"
    )
