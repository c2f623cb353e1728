"""Report of a run: one HTML page that a person reads in a minute, and looks around in."""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tickless.sim.floorplan import floor_plan
from tickless.sim.report_sample import Raster, ReportSample
from tickless.sim.result import Result
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.network import Network
from tickless.sw.judge.energy import NOTE, energy_uj
from tickless.sw.pages import write_page

__all__ = ["class_name", "write_report"]

DRAWN_EVENTS = 1_500_000
"""Events and spikes that a page holds at most: about 15 MB. The first sample is always drawn."""

COLUMNS = (
    ("name", "sample"),
    ("label", "true class"),
    ("class", "answer"),
    ("right", "answer is"),
    ("second", "runner-up"),
    ("margin", "lead over it"),
    ("cycles", "cycles"),
    ("latency_cycles", "latency"),
    ("events", "events"),
    ("dropped", "dropped"),
    ("agrees", "golden model"),
)
"""Key and head of each column of the table of samples."""

STATIC_ROWS = 50
"""Samples that the page lists without its script, and at once with it."""


def write_report(
    path: Path,
    result: Result,
    network: Network,
    rows: Sequence[Mapping[str, Any]],
    samples: Sequence[ReportSample],
    command: str | None = None,
    classes: Sequence[str] | None = None,
) -> None:
    """Write the page; it needs no other file.

    Parameters
    ----------
    rows : sequence of mapping
        All samples of the run: ``name``, which is unique, ``label`` or None, ``class``, ``logits``
        and ``margin`` in integer units, ``cycles``, ``latency_cycles``, ``events``, ``dropped`` and
        ``agrees``, which says whether the RTL equals the golden model.
    samples : sequence of ReportSample
        Those to draw; as many of them are as `DRAWN_EVENTS` allows.
    command : str, optional
        Command line that made the run.
    classes : sequence of str, optional
        Names of the classes; by default their numbers.
    """
    drawn = _affordable(samples)
    named = partial(class_name, tuple(classes or ()))
    names = [named(index) for index in range(network.classes)]
    table = [_row(row, named) for row in rows]
    write_page(
        path,
        "tickless.sim",
        "report.html",
        result=result,
        network=network,
        energy=energy_uj(network, sum(layer.sops for layer in result.layers)),
        energy_note=NOTE,
        command=command,
        rows=table,
        columns=COLUMNS,
        static_rows=STATIC_ROWS,
        class_name=named,
        confusion=None if result.confusion is None else np.array(result.confusion),
        plan=None if result.mesh is None else floor_plan(result.mesh),
        data={
            "classes": names,
            "rows": table,
            "page": STATIC_ROWS,
            "margin": None if result.early_exit is None else result.early_exit.margin,
            "initial_logits": network.initial_logits.tolist(),
            "places": [
                {"name": "input", "shape": network.input_shape},
                *({"name": layer.name, "shape": layer.output_shape} for layer in network.layers),
            ][:-1],
            "samples": [_sample(network, sample, named) for sample in drawn],
        },
    )


def class_name(names: Sequence[str], index: int | None) -> str:
    """Name of a class as the page shows it: its number where it has none."""
    if index is None or index == UNLABELLED:
        return "unknown"
    return names[index] if index < len(names) else str(index)


def _row(row: Mapping[str, Any], named: Callable[[int | None], str]) -> dict[str, Any]:
    """One line of the page's table."""
    ranked = np.argsort(-np.asarray(row["logits"]), kind="stable")
    labelled = row["label"] is not None
    return {
        "name": row["name"],
        "label": named(row["label"]),
        "class": named(row["class"]),
        "second": named(int(ranked[1])) if len(ranked) > 1 else "",
        "right": row["label"] == row["class"] if labelled else None,
        **{name: row[name] for name in ("margin", "cycles", "latency_cycles", "events", "dropped")},
        "agrees": row["agrees"],
    }


def _affordable(samples: Sequence[ReportSample]) -> list[ReportSample]:
    """The first of the samples, so many that the page stays small enough."""
    drawn, left = [], DRAWN_EVENTS
    for sample in samples:
        left -= sum(len(raster.cycles) for raster in (sample.inputs, *sample.layers))
        if drawn and left < 0:
            break
        drawn.append(sample)
    return drawn


def _sample(
    network: Network, sample: ReportSample, named: Callable[[int | None], str]
) -> dict[str, Any]:
    """A sample as ``templates/sample.js`` decodes it."""
    shapes = [network.input_shape, *(layer.output_shape for layer in network.layers[:-1])]
    rasters = (sample.inputs, *sample.layers)
    return {
        "name": sample.name,
        "label": named(sample.label),
        "class": named(sample.class_index),
        "end": sample.answer_cycle,
        "decision": sample.decision,
        "rasters": [_raster(*pair) for pair in zip(rasters, shapes, strict=True)],
        "logits": _encoded(np.diff(sample.logits, axis=0, prepend=0)),
        "logit_cycles": _encoded(np.diff(sample.logit_cycles, prepend=0)),
    }


def _raster(raster: Raster, shape: Shape) -> dict[str, Any]:
    channel, y, x = raster.addresses.T
    neurons = (channel * shape[1] + y) * shape[2] + x
    return {
        "neurons": _encoded(neurons),
        "cycles": _encoded(np.diff(raster.cycles, prepend=0)),
    }


def _encoded(values: np.ndarray) -> dict[str, str]:
    """Array in the narrowest integers that hold it: their type, and their bytes in base64."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    kind = "u" if low >= 0 else "i"
    for size in (1, 2, 4):
        limits = np.iinfo(f"{kind}{size}")
        if limits.min <= low and high <= limits.max:
            data = values.astype(f"<{kind}{size}").tobytes()
            return {"type": f"{kind}{size}", "data": base64.b64encode(data).decode()}
    raise ValueError(f"values of {low}..{high}: expected integers of 32 bits")
