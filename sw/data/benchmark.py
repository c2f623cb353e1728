"""Speed of the readers of recordings on one core, in processor time.

Files of random events are made for it; or files that are there are read.
"""

import argparse
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.progress import stage
from tickless.sw.option_types import at_least_one

if TYPE_CHECKING:
    from tickless.sw.data.formats.decoded import Decoded

__all__ = ["add_options", "main"]

WIDTH, HEIGHT = 240, 180
"""Of the camera in the files that are made: every format has room for it."""

LONGEST_STEP_US = 3

RUNS = 3

PACKET = 10_000
"""Events of a packet of AEDAT 4.0."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="recordings to read instead"
    )
    parser.add_argument(
        "--events",
        type=at_least_one,
        metavar="N",
        default=1_000_000,
        help="in a file that is made (1,000,000)",
    )


def main(options: argparse.Namespace) -> int:
    """Print the best of some runs of each file."""
    with stage("loading the readers"):
        from tickless.sw.data.formats.recording_file import decode
        from tickless.sw.data.formats.writing import WRITERS, write
    with tempfile.TemporaryDirectory() as name:
        makers: dict[Path, Callable[[Path], object]] = dict.fromkeys(options.files, _nothing)
        if not options.files:
            made = _random_events(options.events)
            folder = Path(name)
            makers = {folder / f"a{end}": lambda path: write(made, path) for end in WRITERS}
            makers[folder / "evt3.raw"] = lambda path: path.write_bytes(_evt3(made))
            makers[folder / "a.aedat4"] = lambda path: path.write_bytes(_aedat4(made))
        for path, make in makers.items():
            with stage(f"reading {path.name}"):
                make(path)
                decoded = decode(path)  # what is compiled is compiled now
                seconds = min(_seconds(lambda path=path: decode(path)) for _ in range(RUNS))
            shown = path if options.files else f"*{path.suffix}"
            speed = len(decoded) / seconds / 1e6
            print(
                f"{decoded.format:24} {shown!s:10} {len(decoded):10,} events"
                f"{speed:10.1f} million events/s"
            )
    return 0


def _nothing(path: Path) -> None:
    """The file is there."""


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def _random_events(count: int) -> "Decoded":
    import numpy as np

    from tickless.sw.data.formats.decoded import Decoded

    rng = np.random.default_rng(1)
    return Decoded(
        "random",
        np.cumsum(rng.integers(0, LONGEST_STEP_US + 1, count)),
        rng.integers(0, WIDTH, count).astype(np.int32),
        rng.integers(0, HEIGHT, count).astype(np.int32),
        rng.random(count) < 0.5,
    )


def _evt3(decoded: "Decoded") -> bytes:
    """EVT 3.0, both parts of the time, row and column of each event."""
    import numpy as np

    words = np.empty((len(decoded), 4), "<u2")
    words[:, 0] = 0x8000 | (decoded.t_us >> 12 & 0xFFF)
    words[:, 1] = 0x6000 | (decoded.t_us & 0xFFF)
    words[:, 2] = decoded.y
    words[:, 3] = 0x2000 | decoded.on.astype(np.int32) << 11 | decoded.x
    return b"% evt 3.0\n" + words.tobytes()


def _aedat4(decoded: "Decoded") -> bytes:
    """AEDAT 4.0, not compressed: see `sw.data.aedat4`."""
    import numpy as np

    rows = np.zeros(
        len(decoded),
        {
            "names": ("t", "x", "y", "on"),
            "formats": ("<i8", "<i2", "<i2", "?"),
            "offsets": (0, 8, 10, 12),
            "itemsize": 16,
        },
    )
    columns = (decoded.t_us, decoded.x, decoded.y, decoded.on)
    for name, column in zip(("t", "x", "y", "on"), columns, strict=True):
        rows[name] = column
    text = (
        '<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">'
        '<node name="0" path="/mainloop/Recorder/outInfo/0/">'
        '<attr key="typeIdentifier" type="string">EVTS</attr>'
        '<node name="info" path="/mainloop/Recorder/outInfo/0/info/">'
        f'<attr key="sizeX" type="int">{WIDTH}</attr><attr key="sizeY" type="int">{HEIGHT}</attr>'
        "</node></node></node></dv>"
    ).encode()
    # FlatBuffers: root and identifier, the index of the fields, the table, the text it refers to.
    header = struct.pack("<I4s", 20, b"IOHE") + struct.pack("<HHHHHxx", 10, 24, 4, 8, 16)
    header += struct.pack("<iiqIxxxx", 20 - 8, 0, -1, 8) + struct.pack("<I", len(text)) + text
    parts = [b"#!AER-DAT4.0\r\n", struct.pack("<I", len(header) + 1), header, b"\0"]
    for start in range(0, len(rows), PACKET):
        part = rows[start : start + PACKET]
        body = struct.pack("<I4sHHHxxiII", 16, b"EVTS", 6, 8, 4, 16 - 8, 4, len(part))
        body += part.tobytes()
        parts += [struct.pack("<III", 0, len(body) + 4, len(body)), body]
    return b"".join(parts)
