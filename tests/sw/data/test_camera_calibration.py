import numpy as np
import pytest

from tests import recordings
from tickless.command import main
from tickless.sw.data import camera_calibration, mnist, nmnist
from tickless.sw.data.camera import Camera, Motion
from tickless.sw.data.camera_calibration import (
    EDGES,
    calibrate,
    distances,
    likeness,
    mismatch,
    statistics,
)
from tickless.sw.data.events import Events, EventsError

SENSOR = (2, 34, 34)


def make(rows):
    channel, y, x, t_us = np.array(rows, np.int64).T
    channel, y, x = (np.ascontiguousarray(part, np.int32) for part in (channel, y, x))
    return Events(channel, y, x, t_us.copy(), SENSOR)


def test_statistics_of_known_events():
    rows = [(0, 3, 4, 1000), (1, 3, 4, 2000), (0, 3, 5, 7000), (0, 3, 4, 12_000)]
    found = statistics([make(rows)])
    assert found.images.shape == (1, *SENSOR)
    assert found.images[0, :, 3, 4].tolist() == [2, 1]
    histograms = found.histograms
    assert list(histograms) == list(EDGES)
    assert histograms["events of a sample, channel 0"].tolist() == [1] + [0] * 14
    assert histograms["time of an event, channel 0 (us)"][:3].tolist() == [1, 1, 1]
    assert histograms["time of an event, channel 1 (us)"][:3].tolist() == [1, 0, 0]
    assert histograms["events of a pixel and channel"][:3].tolist() == [2 * 34 * 34 - 3, 2, 1]
    assert histograms["difference of neighbouring pixels"][:3].tolist() == [0, 1, 0]
    intervals = histograms["interval between a pixel's events (us)"]
    edges = EDGES["interval between a pixel's events (us)"]
    assert np.array_equal(intervals, np.histogram([1000, 10_000], edges)[0])


def test_distances():
    near = statistics([make([(0, 3, 4, 1000), (1, 3, 4, 2000), (0, 3, 4, 9000)])])
    far = statistics([make([(0, 9, 9, 200_000), (1, 9, 9, 210_000)])])
    same = distances(near, near)
    assert set(same.values()) == {0.0}
    assert distances(near, far)["time of an event, channel 0 (us)"] == 1
    assert distances(near, far) == distances(far, near)
    assert likeness(near, near) == pytest.approx(1)
    assert likeness(near, far) < 0.01
    assert mismatch(near, near) == pytest.approx(0)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Eight images, and the recordings of a camera that the defaults do not describe."""
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    monkeypatch.setattr(camera_calibration, "FITTED", 2)
    monkeypatch.setattr(camera_calibration, "JUDGED", 3)
    pixels = np.zeros((8, 28, 28), np.uint8)
    for index in range(8):
        pixels[index, 6 + index : 14 + index, 8:18] = 250
    (tmp_path / "mnist").mkdir()
    np.savez(mnist.path(), train_images=pixels, train_labels=np.zeros(8, np.uint8))
    camera = Camera(contrast=0.3, leak=True)
    for index in range(8):
        events = mnist.sample(mnist.path(), index, camera, Motion())
        columns = (events.x, events.y, events.channel, events.t_us)
        rows = list(zip(*(each.tolist() for each in columns), strict=True))
        path = nmnist.folder() / "Train" / "0" / f"{index + 1:05}.bin"
        recordings.write(path, recordings.atis(rows))


def test_a_calibration_comes_closer(data):
    camera, motion = calibrate(Camera(leak=True), Motion(), steps=60)
    assert (camera, motion) != (Camera(leak=True), Motion())
    real, indices = camera_calibration.pairs(3, skip=2)
    before, after = (
        mismatch(statistics(camera_calibration.simulate(indices, *each)), statistics(real))
        for each in ((Camera(leak=True), Motion()), (camera, motion))
    )
    assert after < before
    assert camera.contrast > 0.19


def test_command(data, tmp_path, capsys):
    assert main(["calibrate-camera", "--output", str(tmp_path / "plot.png")]) == 0
    printed = capsys.readouterr().out
    for name in EDGES:
        assert name in printed
    assert "correlation of event-count images" in printed
    assert "samples a second of one core" in printed
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_recordings(data, monkeypatch, capsys):
    monkeypatch.setattr(camera_calibration, "JUDGED", 4)
    with pytest.raises(EventsError, match=r"Train: expected 10 recordings, got 8"):
        camera_calibration.pairs(4, skip=6)
    assert main(["calibrate-camera"]) == 2
    assert "error: " in capsys.readouterr().err


def test_calibrated_parameters_are_closer_to_real_recordings_than_the_defaults():
    if len(list(nmnist.folder().glob("Train/*/*.bin"))) < 230 or not mnist.path().exists():
        pytest.skip(f"no recordings in {nmnist.folder()} or no {mnist.path()}: set TICKLESS_DATA")
    real, indices = camera_calibration.pairs(30, skip=camera_calibration.FITTED)
    measured = statistics(real)
    plain, calibrated = (
        statistics(camera_calibration.simulate(indices, *each))
        for each in ((Camera(), Motion()), (mnist.CAMERA, mnist.MOTION))
    )
    assert likeness(calibrated, measured) > 0.92 > likeness(plain, measured)
    assert mismatch(calibrated, measured) < 0.75 * mismatch(plain, measured)


@pytest.mark.parametrize("option", ["fit", "seed"])
def test_wrong_options_are_refused(option, capsys):
    assert main(["calibrate-camera", f"--{option}", "-1"]) == 2
    assert capsys.readouterr().err == f"error: {option} = -1: expected at least 0\n"
