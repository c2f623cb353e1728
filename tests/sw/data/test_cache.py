import multiprocessing
import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import torch

from tickless.sw.data import saccades
from tickless.sw.data.cache import cached, folder
from tickless.sw.data.catalog import load, simulated
from tickless.sw.data.events import Events
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.packed import pack_on_disk
from tickless.sw.data.recordings import Recordings, in_parallel

SENSOR = (2, 34, 34)


def make(rows, sensor=(2, 4, 4)):
    channel, y, x, t_us = np.array(rows, np.int64).reshape(-1, 4).T
    channel, y, x = (np.ascontiguousarray(part, np.int32) for part in (channel, y, x))
    return Events(channel, y, x, t_us.copy(), sensor)


def forbidden(key):
    raise AssertionError(f"sample {key} was asked for")


def slow(count):
    for index in range(count):
        yield saccades.sample(index), index
        time.sleep(0.02)


def fill(place):
    pack_on_disk(slow(1000), SENSOR, place)


def same(first, second, count):
    assert torch.equal(first.labels, second.labels)
    indices = np.arange(count)
    shifts = np.arange(2 * count).reshape(count, 2) % 5 - 2
    for steps in (1, 7):
        ours, theirs = (each.frames(indices, steps, shifts) for each in (first, second))
        assert torch.equal(ours, theirs)
    for index in indices:
        a, b = (each.addresses(index, shifts[index]) for each in (first, second))
        assert a.dtype == b.dtype == np.int32
        assert np.array_equal(a, b)
        assert np.array_equal(first.events(index).t_us, second.events(index).t_us)


def test_the_cache_holds_what_memory_holds(tmp_path):
    parts = [load("saccades", "test")[:9], simulated("saccades", 4)]
    stored = cached(parts, SENSOR, processes=1, place=tmp_path)
    memory = FrameSource([sample for part in parts for sample in part], SENSOR)
    assert len(stored) == 13
    same(stored, memory, 13)
    assert isinstance(stored._addresses.base, np.memmap)
    again = cached(parts, SENSOR, processes=1, place=tmp_path)
    same(again, memory, 13)
    events, _ = parts[0][3]
    assert np.array_equal(stored.events(3).addresses, events.addresses)
    assert np.array_equal(stored.events(3).t_us, events.t_us - events.t_us[0])


def test_samples_are_not_asked_for_again(tmp_path):
    place = tmp_path / "some"
    samples = load("saccades", "test")[:2]
    pack_on_disk(samples, SENSOR, place)
    stored = FrameSource(Recordings(forbidden, [0, 1], [0, 0]), SENSOR, place)
    assert stored.labels.tolist() == list(samples.labels)


def test_empty_samples_and_events_outside(tmp_path):
    samples = [(make([]), 1), (make([(0, 0, 9, 1), (1, 2, 3, 4)]), 2), (make([]), 3)]
    stored = FrameSource(samples, (2, 4, 4), tmp_path / "some")
    same(stored, FrameSource(samples, (2, 4, 4)), 3)
    assert stored.addresses(1, np.zeros(2)).tolist() == [[1, 2, 3]]
    nothing = FrameSource(samples[:1], (2, 4, 4), tmp_path / "none")
    assert nothing.frames([0], 3).sum() == 0


@pytest.mark.parametrize("cache", [False, True])
def test_bad_samples(tmp_path, cache):
    place = tmp_path / "some" if cache else None
    with pytest.raises(ValueError, match="expected at least one"):
        FrameSource([], (2, 4, 4), place)
    with pytest.raises(ValueError, match=r"sample 1: sensor \(2, 4, 4\), not \(2, 5, 5\)"):
        FrameSource([(make([], (2, 5, 5)), 0), (make([]), 0)], (2, 5, 5), place)
    with pytest.raises(ValueError, match=r"sample 0: 2147483648 us long"):
        FrameSource([(make([(0, 0, 0, 5), (0, 0, 0, 2**31 + 5)]), 0)], (2, 4, 4), place)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_killed_writer_leaves_nothing_that_is_taken_for_whole(tmp_path):
    place = tmp_path / "some"
    writer = multiprocessing.get_context("spawn").Process(target=fill, args=(place,))
    writer.start()
    part = tmp_path / "some.part" / "times.npy"
    end = time.monotonic() + 600
    while not (part.exists() and part.stat().st_size > 4096):
        assert time.monotonic() < end
        time.sleep(0.01)
    writer.kill()
    writer.join()
    assert part.exists()
    assert not place.exists()
    stored = FrameSource(load("saccades", "test")[:2], SENSOR, place)
    same(stored, FrameSource(load("saccades", "test")[:2], SENSOR), 2)
    assert not part.exists()


def test_damaged_files_are_refused(tmp_path):
    place = tmp_path / "some"
    samples = load("saccades", "test")[:2]
    pack_on_disk(samples, SENSOR, place)
    path = place / "addresses.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-6])
    with pytest.raises(
        ValueError, match=r"addresses\.npy: .*: delete .*some, it is then made anew"
    ):
        pack_on_disk(samples, SENSOR, place)
    path.write_bytes(whole)
    np.save(place / "labels.npy", np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="do not fit together"):
        pack_on_disk(samples, SENSOR, place)


def test_the_name_tells_samples_from_others(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"1")
    base = Recordings(partial(forbidden), [1, 2], [0, 0], "some-train", [source])
    names = {folder([base], SENSOR)}
    for other in (
        Recordings(partial(forbidden), [1, 3], [0, 0], "some-train", [source]),
        Recordings(partial(forbidden), [1, 2], [0, 1], "some-train", [source]),
        Recordings(partial(forbidden, key=3), [1, 2], [0, 0], "some-train", [source]),
        Recordings(saccades.sample, [1, 2], [0, 0], "some-train", [source]),
        Recordings(partial(forbidden), [1, 2], [0, 0], "some-test", [source]),
        base[:1],
    ):
        names.add(folder([other], SENSOR))
    names.add(folder([base, base], SENSOR))
    names.add(folder([base], (2, 35, 34)))
    source.write_bytes(b"22")
    names.add(folder([base], SENSOR))
    os.utime(source, ns=(1, 1))
    names.add(folder([base], SENSOR))
    assert len(names) == 11
    assert folder([base], SENSOR) in names
    assert folder([base], SENSOR).name.startswith("some-train-")


def test_several_processes_make_the_same_samples():
    samples = load("saccades", "train")[:130]
    made = list(in_parallel(samples, 2))
    assert [label for _, label in made] == list(samples.labels)
    for index in (0, 63, 64, 129):
        events, _ = samples[index]
        assert np.array_equal(made[index][0].addresses, events.addresses)
        assert np.array_equal(made[index][0].t_us, events.t_us)


def test_a_script_without_a_main_guard_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tickless.sw.data.cache import cached\n"
        "from tickless.sw.data.catalog import load\n"
        f"cached([load('saccades', 'test')], (2, 34, 34), 2, Path({str(tmp_path)!r}))\n"
    )
    ended = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert ended.returncode != 0
    assert "put the script's work under if __name__ == '__main__':" in ended.stderr
