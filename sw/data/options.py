"""Options of files of recordings: what a file does not say, and how it fits a network."""

import argparse
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.sw.data.fitted_name import fitted_name

if TYPE_CHECKING:
    from tickless.sw.data.events import Events
    from tickless.sw.data.fitting import Fitting
    from tickless.sw.data.formats.tables import TableForm
    from tickless.sw.integer.geometry import Shape

__all__ = [
    "DEFAULTS",
    "Reading",
    "add_files",
    "add_fitting_options",
    "add_reading_options",
    "fitted_dataset",
    "given_options",
    "reading",
    "reading_of",
]


DEFAULTS: dict[str, Any] = {
    "columns": None,
    "time_unit": None,
    "chip": None,
    "crop": None,
    "downsample": 1,
    "polarity": None,
    "window": None,
    "allow_outside": False,
}
"""Options of reading and fitting, and what they are where nobody gives them."""


@dataclass(frozen=True)
class Reading:
    """How files are read and fitted to a network.

    Members
    -------
    form : TableForm
        What a table does not say itself.
    chip : str or None
        Camera of an AEDAT 2.0 file.
    fitting : Fitting
        From the camera to the network's sensor.
    """

    form: "TableForm"
    chip: str | None
    fitting: "Fitting"

    def samples(self, path: Path, sensor: "Shape") -> list["Events"]:
        """Samples of a file: one, or one a window; errors as of `sw.data.formats.recording_file`
        and `sw.data.fitting`, and a `FileWarning` of each flaw."""
        from tickless.sw.data.formats.recording_file import decode
        from tickless.sw.data.losses import FileWarning

        decoded = decode(path, self.form, self.chip)
        for flaw in decoded.flaws:
            warnings.warn(f"{path}: {flaw}", FileWarning, stacklevel=2)
        return self.fitting.fit(decoded, sensor, str(path))


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a file does not."""
    group = parser.add_argument_group("files of recordings")
    group.add_argument(
        "--columns",
        metavar="NAMES",
        help="columns of a table without names, as t,x,y,p; other names are left out",
    )
    group.add_argument(
        "--time-unit", choices=("s", "ms", "us", "ns"), help="of the times in a table (us)"
    )
    group.add_argument(
        "--chip", choices=("dvs128", "davis240", "davis346"), help="camera of AEDAT 2.0 files"
    )


def add_fitting_options(parser: argparse.ArgumentParser) -> None:
    """Add those, and the options that fit a recording to a network."""
    add_reading_options(parser)
    group = parser.add_argument_group(
        "recordings of another camera than the network's",
        "of files, and of a data set that is a folder, in place of what its dataset.toml says",
    )
    group.add_argument(
        "--crop", metavar="X,Y,WIDTHxHEIGHT", help="take the events of a part of the camera alone"
    )
    group.add_argument("--downsample", type=int, metavar="N", help="N x N pixels become one")
    group.add_argument(
        "--polarity",
        choices=("both", "merge", "on"),
        help="OFF events have a channel of their own, become ON ones, or are left out",
    )
    group.add_argument(
        "--window", metavar="LENGTH", help="cut a recording into samples, as 100ms or 5000events"
    )
    group.add_argument(
        "--allow-outside",
        action="store_true",
        default=None,
        help="take recordings most of whose events lie outside the sensor and are dropped",
    )


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add files of recordings, and the options that say how they are read and fitted."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="recordings of any format that `tickless data info` knows",
    )
    add_fitting_options(parser)


def given_options(options: argparse.Namespace) -> dict[str, Any]:
    """Options of `add_fitting_options`, or `add_reading_options`, that are given."""
    values = {name: getattr(options, name, None) for name in DEFAULTS}
    return {name: value for name, value in values.items() if value is not None}


def fitted_dataset(dataset: str, given: Mapping[str, Any]) -> str:
    """Name of a data set whose files are read and fitted as options say.

    Parameters
    ----------
    given : mapping
        As of `given_options`.

    Raises
    ------
    InputError
        If the data set is no folder: all others are read as they are.
    """
    from tickless.sw.data.catalog import is_folder

    if given and not is_folder(dataset):
        option = next(iter(given)).replace("_", "-")
        raise InputError(
            f"--{option}: {dataset} is read as it is: expected files, or a data set that is a "
            "folder"
        )
    return fitted_name(dataset, given)


def reading(options: argparse.Namespace) -> Reading:
    """`reading_of` the options of `add_reading_options` or `add_fitting_options`."""
    return reading_of(given_options(options))


def reading_of(values: Mapping[str, Any]) -> Reading:
    """Reading by entries of `DEFAULTS`, which stand for those that are missing.

    Raises
    ------
    InputError
        If one has another form.
    """
    from tickless.sw.data.fitting import Fitting, parse_crop, parse_window
    from tickless.sw.data.formats.tables import TableForm

    chosen = DEFAULTS | dict(values)
    columns, crop, window = (chosen[name] for name in ("columns", "crop", "window"))
    return Reading(
        TableForm(None if columns is None else tuple(columns.split(",")), chosen["time_unit"]),
        chosen["chip"],
        Fitting(
            crop=None if crop is None else parse_crop(crop),
            downsample=chosen["downsample"],
            polarity=chosen["polarity"],
            window=None if window is None else parse_window(window),
            allow_outside=chosen["allow_outside"],
        ),
    )
