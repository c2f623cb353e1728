"""Experiments: settings in TOML files."""

import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tickless.sw.data.catalog import augmentation, known
from tickless.sw.data.options import add_fitting_options, fitted_dataset
from tickless.sw.training.settings import Settings, SettingsError

__all__ = ["FOLDER", "add_experiment", "experiments", "read_experiment", "setting_names"]

FOLDER = Path(__file__).parents[1] / "experiments"
"""Where the experiments with a name are."""

_KINDS = {item.name: item.type for item in fields(Settings)}


def experiments() -> list[str]:
    """Names of the experiments in `FOLDER`."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def add_experiment(parser: ArgumentParser, *, optional: bool = False) -> None:
    """Let a command take what `read_experiment` does: an experiment, changes and fitting."""
    parser.add_argument(
        "experiment",
        nargs="?" if optional else None,
        metavar="EXPERIMENT",
        help=f"{', '.join(experiments())}, or the path of a TOML file of settings",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting"
    )
    add_fitting_options(parser)


def read_experiment(
    name: str, changes: Sequence[str] = (), fitting: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    """Settings of an experiment.

    A file's ``base`` names another experiment in `FOLDER`, whose settings it takes over but for its
    own. The augmentation that a data set of one's own has (`sw.data.folder`) comes before that of
    the experiments in `FOLDER`, and behind that of any other file and of the changes.

    Parameters
    ----------
    name : str
        Name of a file in `FOLDER`, without ``.toml``, or the path of another one.
    changes : sequence of str
        ``"setting=value"``, in TOML or, for texts, without quotes; they come before the file's.
    fitting : mapping
        How the data set is read and fitted, which its name in the settings tells then; see
        `sw.data.options.fitted_dataset`.

    Raises
    ------
    InputError
        If the data set cannot be fitted.
    SettingsError
        If there is no such file, it is no TOML, or a setting is unknown or impossible. The message
        names the file or change, the setting, its value and what is accepted.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    shipped: dict[str, Any] = {}
    own = _read(path, name)
    base = own.pop("base", None)
    if base is not None:
        if base not in experiments():
            raise SettingsError(
                f"{path}: base = {base!r}: expected one of {', '.join(experiments())}"
            )
        shipped = _read(FOLDER / f"{base}.toml", base)
    if path.parent == FOLDER:
        shipped, own = shipped | own, {}
    values = shipped | own
    _settings(str(path), values)
    changed: dict[str, Any] = {}
    for change in changes:
        changed |= _change(change)
    dataset = (values | changed).get("dataset", Settings.dataset)
    if isinstance(dataset, str) and known(dataset):
        values = shipped | augmentation(dataset) | own
    values |= changed
    if fitting and isinstance(dataset, str):
        values["dataset"] = fitted_dataset(dataset, fitting)
    return _settings(f"{path}, changed by {' '.join(changes)}" if changes else str(path), values)


def setting_names(changes: Sequence[str]) -> set[str]:
    """Names of the settings that some changes, as of `read_experiment`, are about."""
    return {change.partition("=")[0].strip() for change in changes}


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{name}: no such experiment: expected one of {', '.join(experiments())}, "
            "or the path of a .toml file"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file: {error}") from None


def _settings(where: str, values: dict[str, Any]) -> Settings:
    for name, value in values.items():
        if name not in _KINDS:
            raise SettingsError(
                f"{where}: {name} = {value!r}: unknown setting: expected {', '.join(_KINDS)}"
            )
    try:
        return Settings(**{name: _typed(name, value) for name, value in values.items()})
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None


def _typed(name: str, value: Any) -> Any:
    """TOML's arrays as tuples, and whole numbers as floats where such are asked for."""
    if isinstance(value, list):
        return tuple(value)
    return float(value) if _KINDS[name] is float and type(value) is int else value


def _change(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--set {text}: expected setting=value")
    try:
        return {name.strip(): tomllib.loads(f"value = {value}")["value"]}
    except tomllib.TOMLDecodeError:
        return {name.strip(): value.strip()}
