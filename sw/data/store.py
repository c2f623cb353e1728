"""Recordings on disk: in ``TICKLESS_DATA``, else in the user's cache, downloaded by tonic."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from platformdirs import user_cache_path

from tickless.sw.data.events import EventsError

__all__ = ["fetch", "given", "root"]

File = TypeVar("File")


def given() -> bool:
    """Whether ``TICKLESS_DATA`` says where recordings lie: nothing is downloaded then."""
    return bool(os.environ.get("TICKLESS_DATA"))


def root() -> Path:
    """Folder of all data sets: ``TICKLESS_DATA``, else in the user's cache."""
    return Path(os.environ["TICKLESS_DATA"]) if given() else user_cache_path("tickless", False)


def fetch(
    place: Path,
    listed: Callable[[Path], list[File]],
    download: Callable[[str], object],
    expected: str,
) -> list[File]:
    """Files of a data set, downloaded first if there is none and no folder was given.

    Parameters
    ----------
    place : Path
        Folder in which ``listed`` looks.
    listed : callable
        Lists the files at hand in a folder; any part of a data set will do.
    download : callable
        tonic's data set: called with `root`, it downloads there.
    expected : str
        What has to lie where, and where to get it.

    Raises
    ------
    EventsError
        If there is no file; the message names the folder, what was expected and a way out.
    """
    found = listed(place)
    problem = "no recordings there"
    if not found and not given():
        try:
            root().mkdir(parents=True, exist_ok=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                download(str(root()))
        except Exception as error:  # tonic raises whatever its transport does
            problem = f"the download failed ({error})"
        else:
            found = listed(place)
    if not found:
        raise EventsError(
            f"{place}: {problem}. Put {expected} (any part of the set will do), or run "
            "`tickless sim` alone: its data set `saccades` needs no files"
        )
    return found
