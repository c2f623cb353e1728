"""Files of a run, as recordings."""

from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import data

from tickless.hw.core.shape import CoreShape
from tickless.hw.fabric.loading import LOAD_COUNTERS
from tickless.hw.packet import Kind
from tickless.sim.bench import Bench, Unit
from tickless.sim.failure import SimulationError, link_name
from tickless.sim.packets import packet_field, packet_words, unpack_membranes
from tickless.sim.records import (
    CoreCounts,
    LinkRecord,
    MembraneRecord,
    RunRecord,
    SampleRecord,
)

__all__ = ["membrane_words", "read_records", "read_run"]


def membrane_words(core: CoreShape) -> int:
    """64-bit words of a membrane memory's word, its epoch tag left out."""
    return -(-core.lanes * core.membrane_bits // 64)


def _load(path: Path, dtype: np.dtype) -> np.ndarray:
    if not path.exists():
        return np.zeros(0, dtype)
    # Small files do not deserve a mapping each, of which a process has a limited number.
    if path.stat().st_size < 1 << 20:
        return np.fromfile(path, dtype)
    return np.memmap(path, dtype, mode="r")


def read_records(folder: Path, link: int, words: int) -> np.ndarray:
    """Transfers of a link of a bench: ``cycle`` and ``packet`` of each."""
    dtype = np.dtype([("cycle", "<i8"), ("packet", "<u4", (words,))])
    return _load(folder / f"records_{link}", dtype)


def read_run(
    bench: Bench, index: int, samples: int, folder: Path, outcome: dict[str, Any]
) -> RunRecord:
    unit = bench.units[index]
    cores = unit.design.cores
    links = [
        _link_recordings(unit, index, number, samples, folder)
        for number in range(len(unit.layouts))
    ]
    probe = unit.first_probe
    membranes: list[list[MembraneRecord]] = [[] for _ in range(samples)]
    design = unit.design
    for core, layer, share in zip(cores, design.core_layers, design.core_samples, strict=True):
        if core.shape.readout:
            continue
        passing = range(samples)[share]
        shape = (len(passing), core.shape.bank_depth, membrane_words(core.shape))
        banks = []
        for _ in core.banks:
            words = _load(folder / f"membranes_{probe}", np.dtype("<u8"))
            if len(words) != np.prod(shape):
                raise SimulationError(
                    f"design {index}, core {core.shape.name!r}: END has passed "
                    f"{len(words) // int(np.prod(shape[1:]))} times: expected {len(passing)}"
                )
            banks.append(words.reshape(shape))
            probe += 1
        for place, sample in enumerate(passing):
            values = unpack_membranes(core.shape, np.stack([bank[place] for bank in banks]))
            membranes[sample].append(MembraneRecord(core.shape, layer, values))
    counters = []
    counted = zip(cores, design.core_samples, outcome["counters"][index], strict=True)
    for core, share, value in counted:
        values = _fields(core.counters.shape(), value)
        counters.append(CoreCounts(core.shape.name, len(range(samples)[share]), values))
    loaded = outcome["load_counters"][index]
    cycles = 0
    if samples:
        cycles = int(links[-1][samples - 1].cycles[-1] - links[0][0].cycles[0]) + 1
    return RunRecord(
        samples=tuple(
            SampleRecord(
                tuple(link[sample] for link in links if sample in link), tuple(membranes[sample])
            )
            for sample in range(samples)
        ),
        counters=tuple(counters),
        load_counters={} if loaded is None else _fields(LOAD_COUNTERS, loaded),
        cycles=cycles,
        seconds=outcome["seconds"],
    )


def _fields(layout: data.StructLayout, value: int) -> dict[str, int]:
    return {name: value >> field.offset & ((1 << field.width) - 1) for name, field in layout}


def _link_recordings(
    unit: Unit, index: int, link: int, samples: int, folder: Path
) -> dict[int, LinkRecord]:
    """One link's transfers of each sample that passes it, cut behind each END."""
    config = unit.design.links[link]
    passing = range(samples)[config.samples]
    layout = unit.layouts[link]
    records = read_records(folder, unit.first_link + link, packet_words(layout))
    packets, cycles = records["packet"], records["cycle"]
    ends = np.flatnonzero(packet_field(layout, "kind", packets) == Kind.END.value) + 1
    tail = len(records) - (ends[-1] if len(ends) else 0)
    if len(ends) != len(passing) or tail:
        raise SimulationError(
            f"design {index}, {link_name(unit, link)}: {len(ends)} END and {tail} packets behind "
            f"the last: expected {len(passing)} and 0"
        )
    starts = [0, *ends][: len(ends)]
    return {
        sample: LinkRecord(config, packets[start:end], cycles[start:end])
        for sample, start, end in zip(passing, starts, ends, strict=True)
    }
