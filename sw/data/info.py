"""Tell what is in files of recordings."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.progress import stage
from tickless.sw.data.options import add_reading_options, reading
from tickless.sw.outputs import output_file

if TYPE_CHECKING:
    from tickless.sw.data.formats.decoded import Decoded

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, one a file")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="PNG of the first file: ON minus OFF events"
    )
    add_reading_options(parser)


def main(options: argparse.Namespace) -> int:
    """Print what each file holds; returns 0."""
    how = reading(options)
    if options.picture is not None:
        output_file(options.picture, *options.files)
    with stage("loading the readers"):
        from tickless.sw.data.formats.recording_file import decode
    for index, path in enumerate(options.files):
        decoded = decode(path, how.form, how.chip)
        figures = {"file": str(path), **_figures(decoded)}
        print(json.dumps(figures) if options.json else _text(figures))
        if options.picture is not None and index == 0:
            _draw(decoded, options.picture)
    return 0


def _figures(decoded: "Decoded") -> dict[str, Any]:
    first, last = (int(decoded.t_us[place]) for place in (0, -1)) if len(decoded) else (0, 0)
    on = int(decoded.on.sum())
    return {
        "format": decoded.format,
        "sensor": None if decoded.size is None else list(decoded.size),
        "events": len(decoded),
        "on": on,
        "off": len(decoded) - on,
        "first_us": first,
        "last_us": last,
        "x": [int(decoded.x.min(initial=0)), int(decoded.x.max(initial=0))],
        "y": [int(decoded.y.min(initial=0)), int(decoded.y.max(initial=0))],
        "flaws": list(decoded.flaws),
        "notes": list(decoded.notes),
    }


def _text(figures: dict[str, Any]) -> str:
    sensor = "not stated" if figures["sensor"] is None else "x".join(map(str, figures["sensor"]))
    seconds = (figures["last_us"] - figures["first_us"]) / 1e6
    lines = [
        f"{figures['file']}: {figures['format']}",
        f"  sensor    {sensor}; columns {figures['x'][0]} to {figures['x'][1]}, "
        f"rows {figures['y'][0]} to {figures['y'][1]}",
        f"  events    {figures['events']:,}: {figures['on']:,} ON, {figures['off']:,} OFF",
        f"  time      {figures['first_us']:,} to {figures['last_us']:,} us: {seconds:.3f} s",
        *(f"  flaw      {flaw}" for flaw in figures["flaws"]),
        *(f"  note      {note}" for note in figures["notes"]),
    ]
    return "\n".join(lines)


def _draw(decoded: "Decoded", path: Path) -> None:
    """Events of each pixel, ON minus OFF."""
    import numpy as np
    from matplotlib.figure import Figure

    width, height = decoded.size or (int(decoded.x.max()) + 1, int(decoded.y.max()) + 1)
    image = np.zeros((height, width))
    np.add.at(image, (decoded.y, decoded.x), np.where(decoded.on, 1, -1))
    figure = Figure(figsize=(6, 6 * height / width + 0.4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    span = max(1.0, float(np.quantile(np.abs(image), 0.999)))
    axes.imshow(image, cmap="RdBu", vmin=-span, vmax=span)
    axes.set_title("ON minus OFF events", fontsize=9)
    figure.savefig(path, format="png")
