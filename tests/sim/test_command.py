"""`tickless sim` from a network file to result and report, and what it says when it cannot."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from tickless.command import main
from tickless.gen.configure import design_factory
from tickless.sim.verilator import has_fst
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec, layer_geometries

pytestmark = pytest.mark.usefixtures("quick_builds")

KEYS = [
    "dataset",
    "network",
    "samples",
    "accuracy",
    "agreement",
    "spike_difference",
    "events_in",
    "layers",
    "cores",
    "cycles_per_sample",
    "limit_cycles_per_sample",
    "cycles_over_limit",
    "latency_cycles",
    "simulated_cycles_per_second",
    "samples_per_second",
    "seed",
    "versions",
]


def make_network(seed=0):
    rng = np.random.default_rng(seed)
    geometries = layer_geometries(
        (2, 34, 34), [LayerSpec("conv2d", 2, 3, 2, 1, pool=2), LayerSpec("readout", 10)]
    )
    layers = []
    for name, geometry in zip(("conv", "readout"), geometries, strict=True):
        spiking = name == "conv"
        size = 2 if spiking else 0
        weight = rng.integers(-7, 8, geometry.weight_shape).astype(np.int8)
        threshold = np.full(size, 12, np.int32)
        edge = Edge(geometry, weight, 4)
        layers.append(Layer(name, (edge,), threshold, -threshold, 6 if spiking else 32))
    return Network(tuple(layers))


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    make_network().save(path)
    return path


def drawn_samples(report):
    found = re.search(r'id="data">(.*)</script>', report)
    assert found is not None
    return len(json.loads(found[1])["samples"])


@pytest.mark.parametrize(
    "options", [[], ["--stalls", "--fold", "conv=1x2"]], ids=["fully-parallel", "folded-stalls"]
)
def test_result_and_report(network_file, tmp_path, capsys, options):
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "4",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, *options]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert set(KEYS) <= set(result)
    assert result["samples"] == 4
    assert set(result["agreement"].values()) == {1.0}
    assert result["accuracy"]["rtl"] == result["accuracy"]["integer"]
    assert result["accuracy"]["float_events"] is None
    conv, readout = result["cores"]
    assert (conv["lanes"], conv["taps"]) == ((1, 2) if options else (2, 4))
    assert conv["sops"] == result["layers"][0]["sops"]
    assert readout["sops"] == result["layers"][1]["sops"]
    if not options:
        assert 1 <= result["cycles_over_limit"] <= 1.25
    assert "agreement with the golden model" in capsys.readouterr().out
    report = (tmp_path / "run/report.html").read_text()
    assert drawn_samples(report) == 4
    assert "to the bit" in report
    lines = (tmp_path / "run/samples.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["index"] for row in rows] == [0, 1, 2, 3]
    assert all(row["agrees"] and int(np.argmax(row["logits"])) == row["class"] for row in rows)
    assert np.mean([row["events"] for row in rows]) == result["events_in"]
    labels = np.bincount([row["label"] for row in rows], minlength=10)
    assert np.sum(result["confusion"], axis=1).tolist() == labels.tolist()


def test_folded_cores_need_a_clock_a_step(network_file, tmp_path):
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "4",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, "--fold", "conv=1x2", "--fold", "readout=5x1"]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    conv, readout = result["cores"]
    fill = 200
    busiest = max(conv["events"] * 4, conv["packets"], readout["events"] * 2)
    assert result["cycles_per_sample"] <= busiest + fill


def test_on_a_mesh(network_file, tmp_path, capsys):
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "3",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, "--mesh", "2x2", "--cut", "conv=2"]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert set(result["agreement"].values()) == {1.0}
    mesh = result["mesh"]
    assert [tile["core"] for tile in mesh["tiles"]] == ["conv[0:1]", "conv[1:2]", "readout"]
    into_readout = mesh["tiles"][2]
    packets = [
        link["packets"]
        for link in mesh["links"]
        if (link["row"], link["column"]) == (into_readout["row"], into_readout["column"])
        and link["port"] == "local"
    ]
    assert result["limit_cycles_per_sample"] >= mesh["busiest_port_tokens"] >= packets[0] > 2
    assert "mesh 2x2, the host above the first tile" in capsys.readouterr().out
    report = (tmp_path / "run/report.html").read_text()
    assert drawn_samples(report) == 3
    assert "conv[1:2]</text>" in report


@pytest.mark.parametrize(
    "design",
    [[], ["--mesh", "2x2", "--cut", "conv=2"], ["--copies", "2"]],
    ids=["chain", "mesh", "copies"],
)
def test_early_exit(network_file, tmp_path, capsys, design):
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "6",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, *design, "--margin", "150", "--stalls"]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert set(result["agreement"].values()) == {1.0}
    early = result["early_exit"]
    assert early["decided"] > 0.5
    assert early["events_needed"] <= early["events_taken"] < result["events_in"]
    assert early["sops_needed"] <= early["sops_executed"] < early["sops_whole"]
    assert result["accuracy"]["rtl"] == result["accuracy"]["integer"]
    assert "early exit at a lead of 150" in capsys.readouterr().out


def test_copies(network_file, tmp_path, capsys):
    """The limit is that of a copy, halved, or the input's."""
    arguments = ["sim", "--network", str(network_file), "--samples", "5", "--fold", "conv=1x1"]
    assert main([*arguments, "--output", str(tmp_path / "one")]) == 0
    assert main([*arguments, "--copies", "2", "--output", str(tmp_path / "two")]) == 0
    one, two = (json.loads((tmp_path / run / "result.json").read_text()) for run in ("one", "two"))
    assert set(two["agreement"].values()) == {1.0}
    assert [core["name"] for core in two["cores"]] == [
        f"{name}[copy {copy}]" for copy in range(2) for name in ("conv", "readout")
    ]
    for count in ("events", "packets", "sops"):
        assert sum(core[count] for core in two["cores"]) == pytest.approx(
            sum(core[count] for core in one["cores"])
        )
    halved = one["limit_cycles_per_sample"] / 2
    assert max(halved, two["events_in"]) <= two["limit_cycles_per_sample"]
    assert two["limit_cycles_per_sample"] <= max(halved, two["events_in"]) + halved
    assert two["cycles_per_sample"] < one["cycles_per_sample"]
    assert "readout[copy 1]" in capsys.readouterr().out


def test_a_network_is_loaded(network_file, tmp_path, capsys):
    other = tmp_path / "other.safetensors"
    make_network(seed=7).save(other)
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "2",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, "--mesh", "1x2", "--load", str(other)]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert set(result["agreement"].values()) == {1.0}
    assert result["network"] == str(other)
    assert result["loads"]["written"] > 50
    assert result["loads"]["unknown"] == result["loads"]["refused"] == 0
    assert "chunks of 32 bits loaded over the mesh" in capsys.readouterr().out


def test_a_disagreement_is_named(network_file, tmp_path, capsys, monkeypatch):
    def wrong(config, network):
        layer = network.layers[0]
        (edge,) = layer.edges
        weight = edge.weight.copy()
        weight[1] = np.where(weight[1] == 7, -8, weight[1] + 1)
        changed = replace(layer, edges=(replace(edge, weight=weight),))
        return design_factory(config, Network((changed, *network.layers[1:])))

    monkeypatch.setattr("tickless.sim.experiment.design_factory", wrong)
    arguments = [
        "--network",
        str(network_file),
        "--samples",
        "2",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments]) == 1
    message = capsys.readouterr().err
    assert (
        "differs from the golden model: sample 0, link 1 ('conv' to 'readout'), packet" in message
    )
    assert "expected (channel" in message
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["agreement"]["spikes"] < 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--network", "missing.safetensors"], "missing.safetensors: no such network file"),
        (["--network", __file__], "not a network's safetensors file"),
        (["--samples", "0"], "samples = 0: expected at least 1"),
        (["--seed", "-1"], "seed = -1: expected at least 0"),
        (["--samples", "1000000"], "samples = 1000000: saccades has"),
        (["--fold", "conv=3x1"], "expected one of 1x1, 1x2, 1x4, 2x1, 2x2, 2x4"),
        (["--fold", "nonsense"], "expected LAYER=LANESxTAPS"),
        (["--budget", "1"], "budget = 1: expected at least 2"),
        (["--mesh", "1x1"], "mesh 1x1: 1 tiles for 2 cores"),
        (["--mesh", "2x2", "--cut", "conv=3"], "conv': slices = 3: expected 1..2"),
        (["--mesh", "2x2", "--cut", "conv"], "expected LAYER=SLICES, as in conv=2"),
        (["--mesh", "2x2", "--cut", "other=2"], "no layer 'other'"),
        (["--mesh", "2x2", "--core-updates", "2"], "4 updates at once, 2 allowed"),
        (["--cut", "conv=2"], "expected --mesh RxC, too"),
        (["--copies", "0"], "copies = 0: expected 1..64"),
        (["--copies", "2", "--mesh", "1x2", "--loadable"], "copies that are loadable"),
        (["--margin", str(1 << 40)], "expected an integer in 0.."),
        (["--margin", "-1"], "margin = -1: expected an integer in 0.."),
        (["--waves", "20"], "waves = 20: expected a sample of the run, 0..19"),
        (["--waves", "--waves-layer", "x"], "waves-layer = 'x': expected one of conv, readout"),
        (["--waves", "--waves-around", "x:1"], "SOURCE one of input, conv"),
        (["--waves", "--waves-around", "conv"], "expected SOURCE:NUMBER"),
        (["--waves-layer", "conv"], "waves-layer: expected --waves, too"),
        (["--loadable"], "expected --mesh RxC, too"),
        (["--load", "missing.safetensors", "--mesh", "1x2"], "missing.safetensors: no such"),
    ],
)
def test_wrong_input(network_file, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    base = [] if "--network" in arguments else ["--network", str(network_file)]
    assert main(["sim", *base, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_runs_of_different_designs_have_folders_of_their_own(network_file, tmp_path, monkeypatch):
    monkeypatch.setattr("tickless.sim.command.RUNS", tmp_path)
    arguments = ["sim", "--network", str(network_file), "--samples", "1"]
    assert main(arguments) == 0
    assert (tmp_path / "latest").resolve() == tmp_path / "saccades-small"
    assert main([*arguments, "--fold", "conv=1x2"]) == 0
    latest = (tmp_path / "latest").resolve()
    assert latest == tmp_path / "saccades-small-fold-conv=1x2"
    kept = sorted(path.name for path in latest.iterdir() if not path.name.startswith("."))
    assert kept == ["report.html", "result.json", "samples.jsonl"]
    assert (tmp_path / "saccades-small" / "result.json").exists()


def test_shards_on_any_number_of_workers_come_to_the_same(network_file, tmp_path, monkeypatch):
    for module in ("command", "run_samples"):
        monkeypatch.setattr(f"tickless.sim.{module}.SHARD_SAMPLES", 2)
    monkeypatch.setattr("tickless.sim.command.RUNS", tmp_path)
    times = ("samples_per_second", "simulated_cycles_per_second")
    results = []
    for jobs in ("1", "2"):
        arguments = ["--network", str(network_file), "--samples", "5", "--stalls", "--jobs", jobs]
        assert main(["sim", *arguments]) == 0
        result = json.loads((tmp_path / "latest/result.json").read_text())
        rows = (tmp_path / "latest/samples.jsonl").read_text()
        results.append(({name: result[name] for name in result if name not in times}, rows))
    assert results[0] == results[1]
    assert results[0][0]["samples"] == len(rows.splitlines()) == 5


@pytest.mark.parametrize(
    ("design", "link"), [([], "link_1"), (["--copies", "2"], "copy_0.link_1")], ids=["one", "two"]
)
def test_waveforms_around_a_spike_are_those_of_a_layer(
    network_file, tmp_path, capsys, design, link
):
    arguments = ["--network", str(network_file), *design, "--output", str(tmp_path / "run")]
    window = ["--waves-layer", "conv", "--waves-cycles", "5", "--waves-around"]
    assert main(["sim", *arguments, "--waves", "3", *window, "conv:7"]) == 0
    shown = [
        line.split()[-1]
        for line in (tmp_path / "run/waves.gtkw").read_text().splitlines()
        if line.startswith(("+", "bench"))
    ]
    assert f"bench.unit_0.{link}.i__payload.mask[1:0]" in shown
    assert json.loads((tmp_path / "run/result.json").read_text())["samples"] == 1
    if has_fst():
        pytest.skip("the waveforms are FST, which this test cannot read")
    scope, names, times = [], set(), []
    for words in map(str.split, (tmp_path / "run/waves.vcd").read_text().splitlines()):
        match words:
            case ["$scope", _, name, _]:
                scope.append(name)
            case ["$upscope", _]:
                scope.pop()
            case ["$var", _, _, _, *name, _]:
                names.add(".".join([*scope, "".join(name)]))
            case [time] if time.startswith("#"):
                times.append(int(time[1:]))
    assert set(shown) <= names
    assert all(".core_0" in name or ".link_" in name for name in names)
    assert times == list(range(times[0], times[0] + 20))
    assert main(["sim", *arguments, "--waves", *window, "conv:99999"]) == 2
    assert "waves-around = 'conv:99999': sample" in capsys.readouterr().err


@pytest.mark.parametrize("mesh", [[], ["--mesh", "2x3", "--cut", "path=2"]], ids=["chain", "mesh"])
def test_a_residual_network(tmp_path, mesh):
    identity = ShortcutSpec(source=0, kernel=1, groups=4)
    shapes = layer_geometries(
        (2, 34, 34),
        [
            LayerSpec("conv2d", 4, 3, 2, 1, pool=2),
            LayerSpec("conv2d", 6, 3, 1, 1),
            LayerSpec("conv2d", 4, 3, 1, 1, shortcut=identity),
            LayerSpec("readout", 10),
        ],
    )
    rng = np.random.default_rng(3)
    layers = []
    for name, geometry in zip(("fork", "path", "join", "readout"), shapes, strict=True):
        size = geometry.output_shape[0] if name != "readout" else 0
        weight = rng.integers(-7, 8, geometry.weight_shape).astype(np.int8)
        threshold = np.full(size, 14, np.int32)
        edge = Edge(geometry, weight, 4)
        layers.append(Layer(name, (edge,), threshold, -threshold, 6 if size else 32))
    direct = identity.geometry(layers[0].output_shape, layers[2].output_shape)
    edge = Edge(direct, np.full(direct.weight_shape, 7, np.int8), 4, "fork")
    layers[2] = replace(layers[2], edges=(*layers[2].edges, edge))
    path = tmp_path / "residual.safetensors"
    Network(tuple(layers)).save(path)
    arguments = [
        "--network",
        str(path),
        "--samples",
        "2",
        "--stalls",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(["sim", *arguments, *mesh]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert set(result["agreement"].values()) == {1.0}
    assert all(layer["spikes"] > 100 for layer in result["layers"][:-1])
