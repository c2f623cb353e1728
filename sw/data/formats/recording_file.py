"""Recording in a file of any known format, told by its first bytes."""

import os
from pathlib import Path

from tickless.sw.data import aedat4, atis
from tickless.sw.data.events import EventsError
from tickless.sw.data.formats import aedat, dat, event_stream, evt, tables
from tickless.sw.data.formats.decoded import Decoded, FileError
from tickless.sw.data.formats.tables import TableForm
from tickless.sw.data.formats.text import read_text

__all__ = ["FORMATS", "decode"]

FORMATS = {
    ".raw": "Prophesee RAW, EVT 2.0, 2.1 or 3.0",
    ".dat": "Prophesee DAT",
    ".aedat": "AEDAT 2.0 or 3.1",
    ".aedat4": "AEDAT 4.0",
    ".es": "Event Stream 2",
    ".h5": "HDF5, with t, x, y and p",
    ".hdf5": "HDF5, with t, x, y and p",
    ".npy": "NumPy, named fields or columns",
    ".csv": "text, a line an event",
    ".txt": "text, a line an event",
    ".tsv": "text, a line an event",
    ".bin": "ATIS, five bytes an event, as N-MNIST's",
}
"""What a name's end stands for."""

NUMPY, HDF5 = b"\x93NUMPY", b"\x89HDF\r\n\x1a\n"
PACKED = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz", b"PK\3\4": "unzip"}
"""First bytes of packed files, and what unpacks them."""

AEDAT_2, AEDAT_3 = b"#!AER-DAT2", b"#!AER-DAT3.1"

ATIS_SIZE = (304, 240)
"""Width and height of the sensor behind ATIS files."""


def decode(path: Path, form: TableForm | None = None, chip: str | None = None) -> Decoded:
    """Events of a file.

    Parameters
    ----------
    form : TableForm, optional
        What a table does not say itself.
    chip : str, optional
        Camera of an AEDAT 2.0 file, one of `sw.data.formats.aedat.CHIPS`.

    Raises
    ------
    EventsError
        If the file cannot be read, is of no known format, has no events or is damaged; a cut end
        is a note instead.
    """
    return _decode(path, form or TableForm(), chip).inside(path)


def _decode(path: Path, form: TableForm, chip: str | None) -> Decoded:
    try:
        with path.open("rb") as file:
            magic = file.read(64)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise EventsError(f"{path}: cannot be read: {error.strerror}") from None
    if not size:
        raise FileError(path, 0, "a recording, but the file is empty")
    if magic.startswith(NUMPY):
        return tables.read_array(path, form)
    if magic.startswith(HDF5):
        return tables.read_hdf5(path, form)
    if magic.startswith(aedat4.MAGIC):
        return aedat4.decode(path)
    if magic.startswith(event_stream.MAGIC):
        return event_stream.read(path, path.read_bytes())
    if magic.startswith(AEDAT_3):
        return aedat.read_3(path, path.read_bytes())
    if magic.startswith(AEDAT_2):
        return aedat.read_2(path, path.read_bytes(), chip)
    match path.suffix.lower():
        case ".raw":
            return evt.read(path, path.read_bytes())
        case ".dat":
            return dat.read(path, path.read_bytes())
        case ".csv" | ".txt" | ".tsv":
            return read_text(path, form)
        case ".bin":
            return _atis(path)
    if path.suffix.lower() in FORMATS:
        raise FileError(path, 0, f"{FORMATS[path.suffix.lower()]}, got {magic[:12]!r}")
    for begin, tool in PACKED.items():
        if magic.startswith(begin):
            if path.suffix.lower() == ".npz":
                expected = "one array, with fields t, x, y and p, of numpy.save: got an archive"
                raise FileError(path, 0, f"{expected} of numpy.savez")
            raise FileError(path, 0, f"a recording that is not packed: unpack it, as with {tool}")
    known = ", ".join(f"*{suffix}" for suffix in FORMATS)
    raise FileError(path, 0, f"a recording of a known format, {known}: got {magic[:12]!r}")


def _atis(path: Path) -> Decoded:
    width, height = ATIS_SIZE
    events = atis.read(path, (2, height, width))
    return Decoded("ATIS", events.t_us, events.x, events.y, events.channel > 0)
