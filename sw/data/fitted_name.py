"""Name of a folder data set with how its files are read and fitted: ``FOLDER?window=100ms``.

A name is all that checkpoints, networks and results keep of a data set. What is asked for on the
command line becomes a part of it, so that what they say is true, and whoever goes on with the name
gets the same samples.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

__all__ = ["fitted_name", "split_name"]

_WORDS = {"true": True, "false": False}


def fitted_name(dataset: str, changes: Mapping[str, Any]) -> str:
    """Name of a data set with changes, of the entries of `sw.data.options.DEFAULTS`, to what its
    name and its description say."""
    folder, entries = split_name(dataset)
    entries |= changes
    if not entries:
        return dataset
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in sorted(entries.items())
    }
    return f"{folder}?{urlencode(texts, safe=',')}"


def split_name(dataset: str) -> tuple[str, dict[str, Any]]:
    """Folder of a name, and the entries in it; none of a name without them."""
    folder, mark, query = dataset.rpartition("?")
    if not mark or Path(dataset).is_dir():
        return dataset, {}
    return folder, {name: _value(text) for name, text in parse_qsl(query, keep_blank_values=True)}


def _value(text: str) -> Any:
    return int(text) if text.isdecimal() else _WORDS.get(text, text)
