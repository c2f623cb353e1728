import numpy as np
import pytest

from tickless.sw.data import mnist, nmnist
from tickless.sw.data.catalog import load, simulated
from tickless.sw.data.events import EventsError


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Three images in a file beside no recordings."""
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    pixels = np.zeros((3, 28, 28), np.uint8)
    pixels[:, 8:20, 12:15] = 255
    pixels[2] = 0
    path = tmp_path / "mnist" / "mnist.npz"
    path.parent.mkdir()
    np.savez(path, train_images=pixels, train_labels=np.array([1, 1, 0], np.uint8))
    return path


def test_samples_are_those_of_the_training_images(source):
    samples = simulated("nmnist", 60_000)
    assert samples.labels == (1, 1, 0)
    assert len(simulated("nmnist", 2)) == 2
    events, label = samples[0]
    assert label == 1
    assert events.sensor == (2, 34, 34)
    assert events.inside.all()
    # The third image is black: what it has is background, of one channel.
    black, _ = samples[2]
    assert 0 < len(black) < 500 < len(events)
    assert black.channel.all()


def test_images_of_recordings_kept_aside_are_left_out(source):
    aside = [nmnist.folder() / "Train" / "1" / "00001.bin"]
    samples = simulated("nmnist", 60_000, aside)
    assert samples.labels == (1, 0)
    first, _ = samples[0]
    assert np.array_equal(first.t_us, mnist.sample(source, 1).t_us)
    assert simulated("nmnist", 1, aside).keys == [1]


def test_each_sample_is_reproducible_alone(source):
    alone = mnist.sample(source, 1)
    among = [events for events, _ in simulated("nmnist", 3)][1]
    assert np.array_equal(alone.addresses, among.addresses)
    assert np.array_equal(alone.t_us, among.t_us)
    other = mnist.sample(source, 0)
    assert not np.array_equal(alone.t_us[:50], other.t_us[:50])


def test_varied_samples_differ_in_image_and_camera(source):
    samples = simulated("nmnist", 3, varied=True)
    assert samples.labels == (1, 1, 0)
    assert samples.name != simulated("nmnist", 3).name
    first, again, other = samples[0][0], mnist.varied(source, 0), samples[1][0]
    assert np.array_equal(first.addresses, again.addresses)
    assert first.inside.all()
    assert not np.array_equal(first.t_us[:50], other.t_us[:50])
    # The same image twice: turned otherwise, seen by cameras of other contrast.
    counts = [len(mnist.varied(source, index % 2)) for index in (0, 1)]
    plain = [len(mnist.sample(source, index)) for index in (0, 1)]
    assert 0.5 < np.mean(counts) / np.mean(plain) < 2
    aside = [nmnist.folder() / "Train" / "1" / "00001.bin"]
    assert simulated("nmnist", 3, aside, varied=True).labels == (1, 0)


def test_an_image_is_distorted_about_its_middle():
    image = np.zeros((28, 28))
    image[11:17, 11:17] = 1
    image[2:4, 12:16] = 1
    made = [mnist._distorted(image, np.random.default_rng(seed)) for seed in range(40)]
    assert all(0.6 < each.sum() / image.sum() < 1.5 for each in made)
    assert all(each[13, 13] == each[14, 14] == 1 for each in made)
    tops = [np.argmax(each[:8].sum(axis=0)) for each in made]
    assert min(tops) < 12 < 15 < max(tops)


def test_without_the_file_there_are_no_samples(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    assert len(simulated("nmnist", 10)) == 0
    assert len(simulated("cifar10dvs", 10)) == 0
    with pytest.raises(EventsError, match=r"mnist\.npz: .*Expected MNIST as \$TICKLESS_DATA"):
        mnist.images(mnist.path())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_file(tmp_path, content):
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(EventsError, match=r"mnist\.npz: .*Expected MNIST as"):
        mnist.images(path)


def test_another_archive(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, train_images=np.zeros((2, 8, 8), np.uint8), train_labels=np.zeros(2))
    with pytest.raises(EventsError, match=r"train_images are uint8 \(2, 8, 8\)"):
        mnist.images(path)
    np.savez(path, x_train=np.zeros(2))
    with pytest.raises(EventsError, match="train_images"):
        mnist.images(path)


def test_real_recordings_and_images_belong_together():
    if not (list(nmnist.folder().glob("Train/*/*.bin")) and mnist.path().exists()):
        pytest.skip(f"no recordings in {nmnist.folder()} or no {mnist.path()}: set TICKLESS_DATA")
    samples = load("nmnist", "train")
    labels = mnist.images(mnist.path())[1]
    shown = [labels[mnist.image_of(path)] for path in samples.keys]
    assert np.array_equal(shown, samples.labels)
