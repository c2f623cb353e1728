"""Options of a design on the command line, as a `DesignRequest` and the network's activity.

What takes long to load is imported where it is used, so that help and refusals come at once.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sw.data.catalog import DATASETS, check_suits, known, load

if TYPE_CHECKING:
    from tickless.gen.activity import Activity
    from tickless.gen.folding import Folding
    from tickless.gen.request import DesignRequest
    from tickless.sw.integer.network import Network

__all__ = [
    "MEASURED_SAMPLES",
    "add_activity_option",
    "add_design_options",
    "add_folding_options",
    "add_load_option",
    "design_activity",
    "design_name",
    "design_request",
    "folding_request",
    "parse_cut",
    "parse_folding",
    "parse_mesh",
    "sourced_activity",
]

MEASURED_SAMPLES = 10
"""Test recordings on which activity is measured."""

_NAMED = (
    *("fold", "budget", "margin", "mesh", "cut", "core_updates", "core_kbits", "loadable", "load"),
    *("copies", "activity", "prefix", "wrap"),
)
"""Options that change a design."""


def add_folding_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of folding, of which one may be given, and early exit."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--fold",
        action="append",
        default=[],
        metavar="LAYER=LANESxTAPS[:single-port]",
        help="folding of a layer, and whether its membranes lie in single-port memory, which takes "
        "two clocks an update; the others stay fully parallel",
    )
    how.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help="most neurons updated at once; the folding follows from the network's activity",
    )
    parser.add_argument(
        "--margin",
        type=int,
        metavar="N",
        help="early exit: decide once the largest logit leads by so much, in integer logit units",
    )


def add_design_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of folding and early exit, copies, and those of a mesh."""
    add_folding_options(parser)
    parser.add_argument(
        "--copies",
        type=int,
        metavar="N",
        help="build the network several times and deal the samples between the copies (1)",
    )
    parser.add_argument(
        "--mesh",
        metavar="RxC",
        help="put the cores on a mesh of R x C routers; point-to-point links by default",
    )
    parser.add_argument(
        "--cut",
        action="append",
        default=[],
        metavar="LAYER=SLICES",
        help="cut a layer by output channels over several cores of the mesh",
    )
    parser.add_argument(
        "--core-updates",
        type=int,
        metavar="N",
        help="most neurons that one core of the mesh updates at once; larger layers are cut",
    )
    parser.add_argument(
        "--core-kbits",
        type=int,
        metavar="N",
        help="most memory of one core of the mesh, in 1,024 bits; larger layers are cut",
    )
    parser.add_argument(
        "--loadable",
        action="store_true",
        help="cores of the mesh whose weights, thresholds and geometry can be written at run time",
    )


def add_load_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of a network that is loaded in the simulation, or whose image is written."""
    parser.add_argument(
        "--load",
        type=Path,
        metavar="FILE",
        help="network file to load at run time into the design; implies --loadable",
    )


def add_activity_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of the activity that folding, placement and predictions rest on."""
    parser.add_argument(
        "--activity",
        action="append",
        default=[],
        metavar="SOURCE",
        help="what the network's activity is measured on: the name of a data set "
        f"({', '.join(DATASETS)}), of which the first {MEASURED_SAMPLES} test recordings count, or "
        "files of recordings, once for each; or one JSON file that states it: a build.json, or "
        "an object with events_by_layer; the network's own data set by default",
    )


def folding_request(options: argparse.Namespace, **others: object) -> "DesignRequest":
    """Request of the options of `add_folding_options`, and of other members of a request."""
    from tickless.gen.request import DesignRequest

    return DesignRequest(
        foldings=dict(map(parse_folding, options.fold)),
        budget=options.budget,
        margin=options.margin,
        **others,  # pyright: ignore[reportArgumentType]
    )


def design_request(options: argparse.Namespace, **others: object) -> "DesignRequest":
    """Request of the options of `add_design_options`, perhaps of `add_load_option`, and of other
    members of a request."""
    from tickless.gen.cut import CoreLimits

    kbits = options.core_kbits
    return folding_request(
        options,
        mesh=None if options.mesh is None else parse_mesh(options.mesh),
        cuts=dict(map(parse_cut, options.cut)),
        limits=CoreLimits(options.core_updates, None if kbits is None else kbits * 1024),
        copies=1 if options.copies is None else options.copies,
        loadable=options.loadable or getattr(options, "load", None) is not None,
        **others,
    )


def design_name(options: argparse.Namespace) -> list[str]:
    """Parts of a run's name (see `run_folder.run_name`) that tell the options of the design."""
    parts = []
    for option in _NAMED:
        value = getattr(options, option, None)
        title = option.replace("_", "-")
        if value is True:
            parts.append(title)
        elif isinstance(value, Path):
            parts.append(f"{title}-{value.stem}")
        elif isinstance(value, list):
            parts += [f"{title}-{item}" for item in value]
        elif value is not None and value is not False:
            parts.append(f"{title}{value}")
    return parts


def design_activity(
    network: "Network", request: "DesignRequest", sources: Sequence[str]
) -> "Activity | None":
    """`sourced_activity`, where something of the design follows from it.

    Raises
    ------
    InputError
        If nothing does, and there are sources.
    """
    if request.needs_activity:
        return sourced_activity(network, sources)
    if sources:
        raise InputError(
            "activity: nothing of this design follows from it: expected --budget or --mesh, too"
        )
    return None


def sourced_activity(network: "Network", sources: Sequence[str]) -> "Activity":
    """Activity of a network by the sources of `add_activity_option`.

    Raises
    ------
    InputError
        If there are none and the network names no data set, or they are of different kinds.
    EventsError
        If a recording is missing or cannot be read.
    """
    if not sources:
        dataset = network.provenance.dataset
        if not known(dataset):
            raise InputError(
                f"the network names no known data set ({dataset!r}), and the design follows from "
                "its activity: expected --activity with recordings, a data set or a JSON file"
            )
        sources = [dataset]
    with stage("measuring the network's activity"):
        from tickless.gen.activity import measure_activity, read_activity
        from tickless.sw.data.files import file_recordings
        from tickless.sw.data.losses import lost_of, warn_of_dropped

        if len(sources) == 1 and known(sources[0]):
            check_suits(sources[0], network.input_shape, network.classes)
            recordings = load(sources[0], "test")[:MEASURED_SAMPLES]
            read = [events for events, _ in recordings]
            names = recordings.names
        elif len(sources) == 1 and sources[0].endswith(".json"):
            return read_activity(network, Path(sources[0]))
        else:
            files = file_recordings(map(Path, sources), network.input_shape)
            read = [file.read() for file in files]
            names = [file.name for file in files]
        warn_of_dropped(map(lost_of, names, read))
        return measure_activity(network, [events.addresses for events in read])


def parse_folding(text: str) -> "tuple[str, Folding]":
    """Layer and folding of a text ``layer=LANESxTAPS[:single-port]``.

    Raises
    ------
    InputError
        If the text has another form.
    """
    from tickless.gen.folding import Folding

    match = re.fullmatch(r"(.+)=(\d+)x(\d+)(:single-port)?", text)
    if match is None:
        raise InputError(
            f"folding {text!r}: expected LAYER=LANESxTAPS, as in conv2d1=8x4, or "
            "LAYER=LANESxTAPS:single-port"
        )
    name, lanes, taps, single_port = match.groups()
    return name, Folding(int(lanes), int(taps), single_port is not None)


def parse_cut(text: str) -> tuple[str, int]:
    """Layer and slices of a text ``layer=SLICES``.

    Raises
    ------
    InputError
        If the text has another form.
    """
    name, _, count = text.partition("=")
    if not count.isdigit():
        raise InputError(f"cut {text!r}: expected LAYER=SLICES, as in {name or 'conv2d1'}=2")
    return name, int(count)


def parse_mesh(text: str) -> tuple[int, int]:
    """Rows and columns of a text ``RxC``.

    Raises
    ------
    InputError
        If the text has another form.
    """
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise InputError(f"mesh {text!r}: expected ROWSxCOLUMNS, as in 2x2")
    return int(match[1]), int(match[2])
