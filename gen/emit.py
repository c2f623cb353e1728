"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from gen.configure import design_config
from gen.fold import Folding, choices, fold_fully, fold_to_budget, steps_per_event
from gen.manifest import manifest
from hw.config import DesignConfig
from hw.design import Design
from sw import engine
from sw.data.catalog import load
from sw.network import Network, NetworkError

__all__ = ["emit", "main", "measure_events", "parse_folding"]

MEASURED_SAMPLES = 10


def emit(network: Network, config: DesignConfig, output: Path) -> tuple[Path, Path]:
    """Write ``design.v`` and ``manifest.json`` into a folder; returns both paths."""
    output.mkdir(parents=True, exist_ok=True)
    text = verilog.convert(Design(config), name="top", emit_src=False)
    paths = output / "design.v", output / "manifest.json"
    paths[0].write_text(text)
    paths[1].write_text(json.dumps(manifest(network, config, text), indent=2) + "\n")
    return paths


def measure_events(network: Network, samples: Sequence[np.ndarray]) -> list[float]:
    """Mean number of events that each layer receives per sample, the readout last."""
    counts = []
    for events in samples:
        trace = engine.run(network, events)
        counts.append([*(layer.events for layer in trace.layers), trace.readout_events])
    return np.mean(counts, axis=0).tolist()


def parse_folding(network: Network, texts: Sequence[str]) -> tuple[Folding, ...]:
    """Full folding, changed by texts of the form ``layer=LANESxTAPS``.

    Raises
    ------
    ValueError
        If a text has another form, or names no layer or no folding of it.
    """
    foldings = list(fold_fully(network))
    names = [layer.name for layer in network.layers]
    for text in texts:
        name, _, size = text.partition("=")
        lanes, _, taps = size.partition("x")
        if not (lanes.isdigit() and taps.isdigit()):
            raise ValueError(f"folding {text!r}: expected LAYER=LANESxTAPS, as in {names[0]}=8x4")
        if name not in names:
            raise ValueError(f"folding {text!r}: no layer {name!r}: expected one of {names}")
        index = names.index(name)
        folding = Folding(int(lanes), int(taps))
        possible = choices(network.layers[index].geometry)
        if folding not in possible:
            sizes = ", ".join(f"{p.lanes}x{p.taps}" for p in possible)
            raise ValueError(f"folding {text!r}: expected one of {sizes}")
        foldings[index] = folding
    return tuple(foldings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="python -m gen.emit", description=__doc__)
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/rtl"), help="folder")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--fold",
        action="append",
        default=[],
        metavar="LAYER=LANESxTAPS",
        help="folding of a layer; the others stay fully parallel",
    )
    how.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help="most neurons updated at once; the folding follows from measured event rates",
    )
    options = parser.parse_args(arguments)
    try:
        network = Network.load(options.network)
        if options.budget is None:
            foldings = parse_folding(network, options.fold)
        else:
            recordings = islice(load(network.provenance.dataset, "test"), MEASURED_SAMPLES)
            rates = measure_events(network, [events.addresses for events, _ in recordings])
            foldings = fold_to_budget(network, rates, options.budget)
        paths = emit(network, design_config(network, foldings), options.output)
    except (NetworkError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for layer, folding in zip(network.layers, foldings, strict=True):
        clocks = steps_per_event(layer.geometry, folding)
        print(
            f"{layer.name:12} {folding.lanes:3} lanes x {folding.taps} taps, {clocks} clocks/event"
        )
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
