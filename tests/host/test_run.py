"""`tickless run` on a board that computes in Python, and what it says when something is wrong."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.host.fake import INFO, FakeBoard
from tests.recordings import atis, write
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.host import run as module
from tickless.hw.host.messages import network_number
from tickless.sw.integer import engine

MARGIN = 20
"""Decides samples of the network early."""


def decode(content):
    """Events from their bytes: x and y have 6 bits behind the channel's one."""
    values = np.frombuffer(content, "<u2").astype(np.int32)
    return np.stack([values & 1, values >> 7 & 63, values >> 1 & 63], axis=1)


@pytest.fixture
def network(tmp_path):
    network = make_network()
    network.save(tmp_path / "small.safetensors")
    return network


@pytest.fixture
def make_board(network, monkeypatch):
    def make(margin=None, wrong=False, **changes):
        def answer(content):
            trace = engine.run(network, decode(content), (), margin)
            return (trace.logits + wrong).tolist(), trace.decision

        info = replace(
            INFO,
            classes=10,
            network=network_number(network.hash),
            early_exit=margin is not None,
            stored_events=20_000,
            **changes,
        )
        board = FakeBoard(info=info, answer=answer)
        monkeypatch.setattr(module, "open_port", lambda path, baud: board)
        return board

    return make


@pytest.fixture
def recordings(tmp_path):
    rng = np.random.default_rng(1)
    paths = []
    for label, size in ((3, 500), (7, 0), (7, 900)):
        rows = [
            (*rng.integers(0, 40, 2).tolist(), int(rng.integers(2)), 20 * t) for t in range(size)
        ]
        path = tmp_path / "Test" / str(label) / f"{len(paths)}.bin"
        # A recording without events has a row that only adds to time: a file is never empty.
        paths.append(str(write(path, atis(rows or [(0, 240, 0, 0)]))))
    return paths


@pytest.fixture
def run(tmp_path):
    def run(*arguments, network="small.safetensors"):
        given = ["--network", str(tmp_path / network)] if network else []
        return main(["run", "--port", "/dev/fake", *given, *map(str, arguments)])

    return run


def test_files(make_board, run, recordings, network, capsys):
    make_board()
    assert run(*recordings) == 0
    output = capsys.readouterr().out
    assert f"compared with the golden model of network {network.hash[:16]}" in output
    lines = re.findall(r"^[37]/\d\.bin +\d +([37]) .* equal$", output, re.MULTILINE)
    assert lines == ["3", "7", "7"]
    assert "3 recordings, accuracy" in output
    assert "agreement with the golden model 100.00% (3 of 3)" in output
    assert "samples/s over the line" in output


def test_figures_of_a_line(make_board, run, recordings, network, capsys):
    make_board()
    assert run(recordings[0]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("3/0.bin"))
    name, class_index, label, margin, latency, clocks, verdict = line.split()
    events = module.file_recordings([module.Path(recordings[0])], INFO.sensor)[0].read()
    assert events.inside.sum() < len(events)
    assert verdict == "equal"
    trace = engine.run(network, events.addresses)
    *_, second, largest = np.sort(trace.logits).tolist()
    assert (int(class_index), label) == (trace.class_index, "3")
    assert int(margin.replace(",", "")) == largest - second
    assert (latency, clocks) == (f"{7 / 24:.2f}", "1,000")
    assert name == "3/0.bin"


def test_a_data_set(make_board, run, capsys):
    board = make_board()
    assert run("--dataset", "saccades", "--samples", "3") == 0
    first = capsys.readouterr().out
    assert "agreement with the golden model 100.00% (3 of 3)" in first
    assert len(set(re.findall(r"saccades-test \d+", first))) == 3
    assert run("--dataset", "saccades", "--samples", "3", "--seed", "2") == 0
    assert first != capsys.readouterr().out
    assert board.errors == 0


def test_a_folder_is_fitted_as_the_options_say(make_board, run, recordings, tmp_path, capsys):
    make_board()
    (tmp_path / "dataset.toml").write_text("sensor = [2, 34, 34]\n")
    Path(recordings[1]).unlink()
    assert run("--dataset", tmp_path, "--window", "200events") == 0
    output = capsys.readouterr().out
    assert len(re.findall(r"^3/0\.bin \d .* equal$", output, re.MULTILINE)) == 3
    assert "agreement with the golden model 100.00% (8 of 8)" in output
    assert run("--dataset", "saccades", "--window", "200events") == 2
    assert "--window: saccades is read as it is" in capsys.readouterr().err


def test_a_wrong_answer(make_board, run, recordings, capsys):
    make_board(wrong=True)
    assert run(*recordings) == 1
    output = capsys.readouterr().out
    assert re.search(r"DIFFERS: logits \(1, 1, .*\), expected \(0, 0, ", output)
    assert "agreement with the golden model 0.00% (0 of 3)" in output


def test_early_exit(make_board, run, recordings, capsys):
    make_board(margin=MARGIN)
    assert run(*recordings, "--margin", MARGIN) == 0
    assert "100.00% (3 of 3)" in capsys.readouterr().out
    assert run(*recordings, "--margin", 2 * MARGIN) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert run(*recordings) == 0
    output = capsys.readouterr().out
    assert "nothing is compared: the board has early exit; expected its --margin" in output
    assert output.count("not compared") == 3


def test_replay(make_board, run, recordings, capsys):
    make_board()
    assert run(*recordings, "--replay", "50") == 0
    output = capsys.readouterr().out
    assert "100.00% (3 of 3)" in output
    # The stand-in takes a clock a byte of events.
    assert re.search(r"^3/0.bin .* 1,000\.0 +24,000\.0  equal$", output, re.MULTILINE)
    assert re.search(r"^7/1.bin .* 0\.0 +-  equal$", output, re.MULTILINE)
    assert f"{(1000 + 1800) / 3:,.1f} clocks a sample" in output


def test_pace(make_board, run, recordings, capsys):
    board = make_board()
    assert run(*recordings, "--pace") == 0
    assert "100.00% (3 of 3)" in capsys.readouterr().out
    assert len(board.frames) > 20


def test_live_without_a_terminal(make_board, run, recordings, capsys):
    make_board()
    assert run(*recordings, "--live") == 0
    output = capsys.readouterr().out
    assert re.findall(r"^3/0.bin: (\d+) of 500 events: class \d", output, re.MULTILINE) == [
        *("100", "200", "300", "400", "500"),
        "500",
    ]
    assert "100.00% (3 of 3)" in output


def test_the_network_is_found_by_its_hash(
    make_board, run, recordings, monkeypatch, tmp_path, capsys
):
    make_board()
    monkeypatch.setattr("tickless.host.recognition.PRETRAINED", tmp_path)
    make_network(seed=9).save(tmp_path / "another.safetensors")
    (tmp_path / "small.checkpoint.safetensors").write_bytes(b"no network")
    assert run(*recordings, network=None) == 0
    assert "100.00% (3 of 3)" in capsys.readouterr().out
    (tmp_path / "small.safetensors").unlink()
    assert run(*recordings, network=None) == 0
    output = capsys.readouterr().out
    assert "nothing is compared: no pre-trained network is the board's" in output
    assert "agreement with the golden model not known" in output


def test_losses_are_told(make_board, run, recordings, capsys):
    board = make_board()
    content = []

    def to_board(frame):
        content.append(frame)
        return [frame[:-3] + b"\0" if len(content) == 5 else frame]

    board.to_board = to_board
    assert run(*recordings) == 0
    output = capsys.readouterr().out
    assert re.search(r"the line: 0 damaged replies, [1-9]\d* commands sent again, 0 new", output)


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        ([], {}, "no recordings: expected files, or --dataset"),
        (["x.txt"], {}, "x.txt: cannot be read: No such file"),
        (["missing.bin"], {}, "missing.bin: cannot be read: No such file"),
        (["--dataset", "nmnist"], {"width": 35}, "nmnist: its sensor is (2, 34, 34), the board's"),
        (["--dataset", "saccades", "--samples", "0"], {}, "samples = 0: expected 1.."),
        (["a.bin", "--replay", "0"], {}, "replay = 0: expected 1..65535"),
        (["a.bin", "--replay", "65536"], {}, "replay = 65536: expected 1..65535"),
        (["a.bin", "--margin", "5"], {}, "margin = 5: the board has no early exit"),
        (["a.bin", "--live"], {"margin": MARGIN}, "--live: the board decides early"),
        (["a.bin"], {"protocol": 2}, "/dev/fake: the board speaks version 2"),
    ],
)  # fmt: skip
def test_wrong_input(make_board, run, arguments, changes, words, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    make_board(**changes)
    assert run(*arguments) == 2
    assert f"error: {words}" in capsys.readouterr().err.replace("error: a.npy: ", "error: ")


def test_another_network_than_the_boards(make_board, run, network, tmp_path, capsys):
    make_board()
    other = make_network(seed=9)
    other.save(tmp_path / "other.safetensors")
    assert run("a.bin", network="other.safetensors") == 2
    message = capsys.readouterr().err
    assert f"its hash begins with {other.hash[:16]}, that of the board's" in message
    assert f"network with {network.hash[:16]}: give the file" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["a.bin", "--samples", "3"], "samples = 3: expected the --dataset they are of"),
        (["--dataset", "saccades", "--seed", "-1"], "seed = -1: expected at least 0"),
        (["a.bin", "--replay", "65536"], "replay = 65536: expected 1..65535"),
        ([], "no recordings: expected files, or --dataset"),
    ],
)
def test_wrong_options_are_refused_before_a_board_is_asked(options, words, capsys):
    assert main(["run", "--port", "/dev/none", *options]) == 2
    assert capsys.readouterr().err == f"error: {words}\n"


@pytest.mark.parametrize("every", ["200events", "4ms"])
def test_answers_so_far_are_compared_too(make_board, run, recordings, network, every, capsys):
    """Of 20 us between events, 200 events are 4 ms."""
    make_board()
    assert run(*recordings, "--read-every", every) == 0
    output = capsys.readouterr().out
    found = re.findall(r"^(?:  )?(\S+)(?: events)? +(\d)  .* equal$", output, re.MULTILINE)
    counts = [name for name, _ in found]
    assert counts == ["200", "400", "3/0.bin", "7/1.bin", "200", "400", "600", "800", "7/2.bin"]
    events = module.file_recordings([module.Path(recordings[0])], INFO.sensor)[0].read()
    whole = engine.run(network, events.addresses, [200, 400])
    classes = [int(logits.argmax()) for logits in (*whole.read_logits, whole.logits)]
    assert [int(class_index) for _, class_index in found[:3]] == classes
    assert "3 recordings, accuracy" in output
    assert "agreement with the golden model 100.00% (9 of 9)" in output


def test_a_wrong_answer_so_far_is_told(make_board, run, recordings, capsys):
    make_board(wrong=True)
    assert run(recordings[0], "--read-every", "300events") == 1
    output = capsys.readouterr().out
    assert re.search(r"^  300 events .*DIFFERS: logits", output, re.MULTILINE)
    assert "agreement with the golden model 0.00% (0 of 2)" in output


def test_answers_so_far_survive_a_line_that_loses_frames(make_board, run, recordings, capsys):
    board = make_board()
    sent = []

    def to_board(frame):
        sent.append(frame)
        return [frame[:-3] + b"\0" if len(sent) % 17 == 9 else frame]

    board.to_board = to_board
    assert run(*recordings, "--read-every", "100events") == 0
    assert "agreement with the golden model 100.00%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--live"], "read-every = 5ms: expected no --live with it"),
        (["--replay", "3"], "read-every = 5ms: expected no --replay with it"),
        (["--window", "5ms"], "read-every = 5ms: expected no --window with it"),
        (["--margin", "5"], "read-every = 5ms: expected no early exit"),
    ],
)
def test_answers_so_far_alone(run, options, words, capsys):
    assert run("a.bin", "--read-every", "5ms", *options) == 2
    assert words in capsys.readouterr().err
    assert run("a.bin", "--read-every", "5") == 2
    assert "read-every = '5': expected a length as 100ms" in capsys.readouterr().err


def test_a_board_that_decides_early_has_no_answers_so_far(make_board, run, recordings, capsys):
    make_board(margin=MARGIN)
    assert run(*recordings, "--read-every", "5ms") == 2
    assert "--read-every: the board decides early" in capsys.readouterr().err
