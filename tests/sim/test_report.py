"""The page holds everything of a run, and needs nothing else."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_network
from tests.sim.reports import MESH, drawn, early_exit, result, row
from tickless.sim import report
from tickless.sim.report import write_report
from tickless.sw.integer.network import PRETRAINED, Network

ROWS = [
    row("a", 1, [5, 30, -2]),
    row("b", 2, [5, 3, 4], dropped=7),
    row("c", None, [0, 0, 9], agrees=False),
]


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(2)
    while True:
        network = random_network(rng, layers=2)
        if network.classes == 3:
            return network


@pytest.fixture
def page(tmp_path, network):
    """Writes a page; returns its text and the data in it."""

    def write(rows=ROWS, samples=(), network=network, command=None, **changes):
        path = tmp_path / "report.html"
        write_report(path, result(network, rows, **changes), network, rows, samples, command)
        text = path.read_text(encoding="utf-8")
        found = re.search(r'<script type="application/json" id="data">(.*)</script>', text)
        assert found is not None
        return text, json.loads(found[1])

    return write


def decoded(field):
    return np.frombuffer(base64.b64decode(field["data"]), "<" + field["type"]).astype(np.int64)


def test_the_page_needs_no_other_file(page, network):
    rng = np.random.default_rng(1)
    text, _ = page(samples=[drawn(network, "a", rng, 50)], mesh=MESH, early_exit=early_exit(5))
    assert "http:" not in text
    assert "https:" not in text
    linked = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", text)
    assert [link for link in linked if not link.startswith(("data:", "#"))] == []
    assert not re.search(r"@import|\bimport\b.*\bfrom\b|fetch\(|XMLHttpRequest", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#head"}


def test_the_page_fits_a_phone(page):
    text, _ = page()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text


def test_all_samples_are_in_the_data(page):
    _, data = page()
    assert [line["name"] for line in data["rows"]] == ["a", "b", "c"]
    first, second, third = data["rows"]
    assert (first["label"], first["class"], first["second"]) == ("1", "1", "0")
    assert (first["right"], first["margin"], first["agrees"]) == (True, 25, True)
    assert (second["right"], second["second"], second["dropped"]) == (False, "2", 7)
    assert (third["right"], third["label"], third["agrees"]) == (None, "unknown", False)


def test_thousands_of_samples_are_listed_by_the_script_alone(page):
    rows = [row(f"sample {index}", 0, [3, 2, 1]) for index in range(2000)]
    text, data = page(rows)
    assert len(data["rows"]) == 2000
    assert "<td>sample 49</td>" in text
    assert "<td>sample 50</td>" not in text
    assert "The first 50 of 2,000." in text


def test_drawn_samples_come_back_from_the_page(page, network):
    rng = np.random.default_rng(1)
    samples = [drawn(network, name, rng, 300) for name in ("a", "b")]
    _, data = page(samples=samples)
    assert [place["name"] for place in data["places"]] == ["input", "layer0", "layer1"]
    for sample, encoded in zip(samples, data["samples"], strict=True):
        assert (encoded["name"], encoded["end"]) == (sample.name, sample.answer_cycle)
        logits = decoded(encoded["logits"]).reshape(-1, network.classes)
        assert np.cumsum(logits, axis=0).tolist() == sample.logits.tolist()
        assert np.cumsum(decoded(encoded["logit_cycles"])).tolist() == sample.logit_cycles.tolist()
        rasters = (sample.inputs, *sample.layers)
        for place, raster, coded in zip(data["places"], rasters, encoded["rasters"], strict=True):
            addresses = np.unravel_index(decoded(coded["neurons"]), place["shape"])
            assert np.stack(addresses, axis=1).tolist() == raster.addresses.tolist()
            assert np.cumsum(decoded(coded["cycles"])).tolist() == raster.cycles.tolist()


def test_logits_may_begin_and_stay_at_either_end(page, network):
    """The page's script has arrays of 32 bits at most."""
    rng = np.random.default_rng(1)
    *layers, readout = network.layers
    initial = np.array([-(2**31), 5, 2**31 - 1], np.int32)
    begun = replace(network, layers=(*layers, replace(readout, initial_logits=initial)))
    sample = drawn(begun, "a", rng, 50)
    logits = (initial + sample.logits).clip(-(2**31), 2**31 - 1)
    _, data = page(samples=[replace(sample, logits=logits)], network=begun)
    assert data["initial_logits"] == initial.tolist()
    [encoded] = data["samples"]
    assert encoded["logits"]["type"] in ("u1", "u2", "u4", "i1", "i2", "i4")
    assert np.cumsum(decoded(encoded["logits"]).reshape(-1, 3), axis=0).tolist() == logits.tolist()


def test_an_empty_sample_can_be_drawn(page, network):
    rng = np.random.default_rng(1)
    _, data = page(samples=[drawn(network, "a", rng, 0)])
    assert decoded(data["samples"][0]["logits"]).tolist() == []


def test_twelve_samples_of_nmnist_stay_below_3_mb(page):
    network = Network.load(PRETRAINED / "nmnist.safetensors")
    rng = np.random.default_rng(1)
    names = [f"sample {index}" for index in range(12)]
    samples = [drawn(network, name, rng, 5000) for name in names]
    text, data = page([row(name, 0, range(10)) for name in names], samples, network)
    assert len(data["samples"]) == 12
    assert len(network.layers) == 4
    assert len(text) < 3_000_000


def test_samples_beyond_the_page_are_not_drawn(page, network, monkeypatch):
    rng = np.random.default_rng(1)
    samples = [drawn(network, name, rng, 100) for name in "abc"]
    for limit, names in ((10, ["a"]), (600, ["a", "b"]), (899, ["a", "b"]), (900, ["a", "b", "c"])):
        monkeypatch.setattr(report, "DRAWN_EVENTS", limit)
        _, data = page(samples=samples)
        assert [sample["name"] for sample in data["samples"]] == names


def test_an_untrained_network_is_called_so(page):
    assert "not trained" not in page()[0]
    assert "not trained" in page(method="random")[0]


def test_the_confusion_matrix_is_there_if_samples_have_labels(page):
    assert "<h2>Confusion" in page()[0]
    assert "<h2>Confusion" not in page(ROWS[2:])[0]
    assert '<th scope="row">4</th>' in page([row("a", 4, [5, 3, 2])])[0]


def test_names_from_outside_stay_text(page, network):
    name = "</script><script>alert(1)</script>"
    sample = drawn(network, name, np.random.default_rng(1), 10)
    text, data = page([row(name, 0, [3, 2, 1])], [sample], command=name)
    assert name not in text
    assert data["rows"][0]["name"] == data["samples"][0]["name"] == name


def test_the_page_says_how_the_run_was_made(page):
    text, _ = page(command="tickless sim --dataset made", mesh=MESH, loads={"written": 12})
    for expected in ("<code>tickless sim --dataset made</code>", "tickless 1.2.3", "12 written"):
        assert expected in text
    assert ">second</text>" in text
    assert ">60 in</text>" in text


def test_the_margin_is_in_the_units_of_the_logits(page):
    assert page()[1]["margin"] is None
    assert page(early_exit=early_exit(5000))[1]["margin"] == 5000
