"""Files and their labels."""

import numpy as np
import pytest

from tests.recordings import aedat4, atis, npy, write
from tickless.sw.data import cifar10dvs, ncaltech101
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.events import EventsError
from tickless.sw.data.files import file_recordings

ROWS = [(5, 7, 1, 1000), (6, 8, 0, 2000)]
SMALL, GESTURE = (2, 34, 34), (2, 128, 128)


@pytest.mark.parametrize(
    ("name", "content", "sensor", "label"),
    [
        ("3/00001.bin", atis(ROWS), SMALL, 3),
        ("clips/a.bin", atis(ROWS), GESTURE, UNLABELLED),
        ("user24_led/4.npy", npy(ROWS), GESTURE, 4),
        (f"{cifar10dvs.CLASSES[2]}/a.aedat4", aedat4([ROWS]), GESTURE, 2),
        (f"{ncaltech101.CLASSES[9]}/image_0001.bin", atis(ROWS), ncaltech101.SENSOR, 9),
    ],
)
def test_files(tmp_path, name, content, sensor, label):
    [recording] = file_recordings([write(tmp_path / name, content)], sensor)
    assert (recording.name, recording.label) == (name, label)
    events = recording.read()
    assert events.sensor == sensor
    assert events.channel.tolist() == [1, 0]
    assert np.diff(events.t_us).tolist() == [1000]


def test_another_sensor(tmp_path):
    path = write(tmp_path / ncaltech101.CLASSES[0] / "image_0001.bin", atis(ROWS))
    with pytest.raises(
        EventsError, match=r"its sensor is \(2, 180, 240\), the network's \(2, 34, 34\)"
    ):
        file_recordings([path], SMALL)


@pytest.mark.parametrize(
    ("name", "sensor"),
    [
        ("3/00001.bin", SMALL),
        ("clips/a.bin", GESTURE),
        ("user24_led/4.npy", GESTURE),
        (f"{cifar10dvs.CLASSES[2]}/a.aedat4", GESTURE),
        (f"{ncaltech101.CLASSES[9]}/image_0001.bin", ncaltech101.SENSOR),
    ],
)
def test_a_file_of_no_bytes_is_no_recording(tmp_path, name, sensor):
    path = write(tmp_path / name, b"")
    with pytest.raises(EventsError, match=rf"{path}: .*expected"):
        file_recordings([path], sensor)[0].read()
