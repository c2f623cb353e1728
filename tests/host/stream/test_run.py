"""`tickless run --stream`: windows as of the recording, answers as of the golden model."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.host.fake import INFO, FakeBoard
from tests.host.stream.streams import (
    as_decoded,
    datagrams,
    saccade,
    send,
    standard_input,
    started_stream,
    text_of,
)
from tests.host.test_run import decode
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.host.stream import run as module
from tickless.host.stream.targets import line_capacity
from tickless.host.stream.windows import WAITING
from tickless.hw.host.messages import Reply, network_number
from tickless.sw.data.fitting import Fitting, Window
from tickless.sw.integer import engine, golden

LINE = re.compile(r"^window (\d+), ([\d,]+) events: class (\d+).*?, logits (.*)$", re.MULTILINE)


def answers(output):
    """Number, events, class and logits of each window that was answered."""
    return [
        (
            int(number),
            int(events.replace(",", "")),
            int(class_index),
            tuple(map(int, logits.split())),
        )
        for number, events, class_index, logits in LINE.findall(output)
    ]


def expected(network, samples):
    traces = [engine.run(network, sample.addresses) for sample in samples]
    return [
        (number, len(sample), trace.class_index, tuple(trace.logits.tolist()))
        for number, (sample, trace) in enumerate(zip(samples, traces, strict=True))
    ]


@pytest.fixture
def network(tmp_path):
    network = make_network()
    network.save(tmp_path / "small.safetensors")
    return network


class WrongBoard(FakeBoard):
    """Board that computes in Python; ``wrong`` is added to its logits."""

    wrong = 0


@pytest.fixture
def board(network, monkeypatch):
    def answer(content):
        trace = engine.run(network, decode(content))
        return (trace.logits + board.wrong).tolist(), None

    board = WrongBoard(
        info=replace(INFO, classes=10, network=network_number(network.hash)), answer=answer
    )
    monkeypatch.setattr(module, "open_port", lambda path, baud: board)
    return board


@pytest.fixture
def run(network, tmp_path):
    """Runs a stream of lines."""

    def run(*options, lines=None, port="/dev/fake"):
        content = text_of(as_decoded(saccade())) if lines is None else lines
        file = str(tmp_path / "small.safetensors")
        with standard_input(content, tmp_path / "lines"):
            return main(["run", "--port", port, "--network", file, "--stream", "-", *options])

    return run


@pytest.mark.parametrize("window", [Window(us=100_000), Window(events=1500)], ids=str)
@pytest.mark.parametrize("port", ["/dev/fake", "engine"])
def test_windows_and_answers_are_those_of_the_recording(board, run, network, port, window, capsys):
    text = "100ms" if window.us else "1500events"
    assert run("--window", text, port=port) == 0
    output = capsys.readouterr().out
    samples = Fitting(window=window).fit(as_decoded(saccade()), (2, 34, 34), "")
    count = len(samples)
    assert answers(output) == expected(network, samples)
    assert f"answered {len(saccade()):12,} in {count} windows" in output
    if port == "engine":
        assert "the fast engine computes network" in output
        assert "no line: the engine computes" in output
    else:
        assert "the line carries at most 146,341 events/s" in output
        assert (
            f"agreement with the golden model 100.00% ({len(samples)} of {len(samples)})" in output
        )


def test_the_engine_answers_as_the_golden_model(run, network, capsys):
    assert run("--window", "300events", "--crop", "8,8,16x16", port="engine") == 0
    fitting = Fitting(window=Window(events=300), crop=(8, 8, 16, 16))
    samples = fitting.fit(as_decoded(saccade()), (2, 34, 34), "")
    found = answers(capsys.readouterr().out)
    for number, _, class_index, logits in found[:3]:
        trace = golden.run(network, samples[number].addresses)
        assert (class_index, logits) == (trace.class_index, tuple(trace.logits.tolist()))


def test_a_burst_is_shed_but_for_its_newest_windows(board, run, network, capsys):
    """All windows of a recording come at once: the last ones wait and are answered."""
    assert run("--window", "100events") == 0
    output = capsys.readouterr().out
    samples = Fitting(window=Window(events=100)).fit(as_decoded(saccade()), (2, 34, 34), "")
    # The end of the lines adds the window that was open.
    found, whole = answers(output), len(samples)
    assert found == expected(network, samples)[whole - len(found) :]
    assert len(found) in (WAITING, WAITING + 1)
    shed = 100 * (whole - len(found))
    assert f"shed     {shed:12,} in {whole - len(found)} windows" in output
    assert f"{len(saccade()):,} events in" in output
    assert f"agreement with the golden model 100.00% ({len(found)} of {len(found)})" in output


def test_a_wrong_answer(board, run, capsys):
    board.wrong = 1
    assert run("--window", "100ms") == 1
    output = capsys.readouterr().out
    assert re.search(r"^window 0: DIFFERS: logits \(.*\), expected \(", output, re.MULTILINE)
    assert "agreement with the golden model 0.00% (0 of 4)" in output


def test_a_line_that_loses_frames_loses_no_window(board, run, network, capsys):
    sent = []

    def to_board(frame):
        sent.append(frame)
        return [frame[:-3] + b"\0" if len(sent) % 50 == 30 else frame]

    board.to_board = to_board
    assert run("--window", "100ms") == 0
    output = capsys.readouterr().out
    samples = Fitting(window=Window(us=100_000)).fit(as_decoded(saccade()), (2, 34, 34), "")
    assert answers(output) == expected(network, samples)
    assert re.search(r"the line: 0 damaged replies, [1-9]\d* commands sent again", output)


def test_lines_that_hold_no_event_and_late_ones_are_told(run, network, capsys):
    lines = text_of(as_decoded(saccade())) + b"one\n2,2\n0,1,1,1\n"
    assert run("--window", "5s", port="engine", lines=lines) == 0
    output = capsys.readouterr().out
    assert "2 lines malformed: left out" in output
    assert "1 events late: taken as of the time before them" in output


def test_names_of_classes_are_shown(network, tmp_path, capsys):
    folder = tmp_path / "pets"
    names = [f"animal{index}" for index in range(10)]
    for name in names:
        (folder / "train" / name).mkdir(parents=True)
    (folder / "dataset.toml").write_text(f"sensor = [2, 34, 34]\nclasses = {names!r}\n")
    named = replace(network, provenance=replace(network.provenance, dataset=str(folder)))
    named.save(tmp_path / "named.safetensors")
    options = ["--port", "engine", "--network", str(tmp_path / "named.safetensors")]
    with standard_input(text_of(as_decoded(saccade())), tmp_path / "lines"):
        assert main(["run", *options, "--stream", "-", "--window", "100ms"]) == 0
    output = capsys.readouterr().out
    classes = [class_index for _, _, class_index, _ in answers(output)]
    assert re.findall(r"class \d+ \((\w+)\)", output) == [f"animal{index}" for index in classes]


def test_datagrams_of_another_process_until_ctrl_c(network, tmp_path):
    """Damaged and foreign ones among them; the last window stays open."""
    file = str(tmp_path / "small.safetensors")
    options = ("--port", "engine", "--network", file, "--window", "100ms", "--udp", "0")
    events = as_decoded(saccade())
    contents = datagrams(events, "aestream-stamped")
    for at, bad in ((70, b""), (50, b"abc"), (40, contents[0][:-1]), (9, b"\xff" * 512)):
        contents.insert(at, bad)
    samples = Fitting(window=Window(us=100_000)).fit(events, (2, 34, 34), "")
    with started_stream(*options) as stream:
        send(contents, stream.address())
        stream.until(f"^window {len(samples) - 2}, ")
        assert stream.interrupt() == 0
    assert answers(stream.output) == expected(network, samples)[:-1]
    assert "interrupted: what waits is not answered" in stream.output
    assert f"waiting  {len(samples[-1]):12,} in 1 window when it ended" in stream.output
    assert "4 datagrams malformed: left out" in stream.output
    assert "Traceback" not in stream.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--stream", "-"], "no window: expected the length of a sample, as --window 100ms"),
        (["--stream", "--window", "1s"], "no stream, or two: expected one of --udp, files, or -"),
        (["--stream", "-", "--udp", "1", "--window", "1s"], "no stream, or two: expected one of"),
        (["--stream", "-", "a.bin", "--window", "1s"], "-: expected no file beside"),
        (["--stream", "a.bin", "--window", "1s"], "a.bin: expected a file"),
        (
            ["--stream", "-", "--window", "1s", "--seconds", "0"],
            "seconds = 0: expected more than 0",
        ),
        (["--stream", "-", "--window", "1"], "window = '1': expected a length as 100ms"),
        (["--stream", "-", "--window", "1s", "--dataset", "saccades"], "dataset = saccades: of a"),
        (["--stream", "-", "--window", "1s", "--margin", "3"], "margin = 3: the engine has no"),
        (["--udp", "3333"], "--udp: expected --stream with it"),
        (["--seconds", "3", "a.bin"], "--seconds: expected --stream with it"),
        (["a.bin"], "port = engine: expected --stream with it, or a board's port"),
    ],
)
def test_wrong_options(options, words, network, tmp_path, capsys):
    file = str(tmp_path / "small.safetensors")
    assert main(["run", "--port", "engine", "--network", file, *options]) == 2
    assert f"error: {words}" in capsys.readouterr().err


def test_wrong_options_of_other_ports(capsys):
    assert main(["run", "--port", "/dev/none", "-"]) == 2
    assert "error: -: expected --stream with it, or files" in capsys.readouterr().err
    assert main(["run", "--port", "engine", "--stream", "-", "--window", "1s"]) == 2
    assert "error: port = engine: expected its --network" in capsys.readouterr().err
    for text in ("host", "1:", "1:x", "65536", "-1"):
        with pytest.raises(SystemExit, match="2"):
            main(["run", "--port", "engine", "--stream", f"--udp={text}"])
        assert "expected [HOST:]PORT" in capsys.readouterr().err


def test_a_stream_of_another_form_is_an_error(run, capsys):
    assert run("--window", "1s", lines=b"1 2 3 4\n", port="engine") == 2
    assert "error: standard input: its first line is '1 2 3 4'" in capsys.readouterr().err
    wide = text_of(replace(as_decoded(saccade()), x=saccade().x + 100))
    assert run("--window", "1s", lines=wide, port="engine") == 2
    assert "error: the stream, window 0: 7,867 of 7,867 events lie" in capsys.readouterr().err


def test_capacity_of_a_line():
    # 120 events of two bytes, and frame, COBS and 00 around them: 246 bytes of 10 bits.
    text = line_capacity(INFO, 2_460_000, Window(us=10_000))
    assert "at most 120,000 events/s (2,460,000 baud, 120 events in 246 bytes)" in text
    assert text.endswith(": 1,200 events in a window of 10,000 us")
    # END is one frame more, of 6 bytes.
    text = line_capacity(INFO, 2_460_000, Window(events=1200))
    assert text.endswith(f": {246_000 / 2466:,.1f} windows/s of 1,200 events")


def test_an_address_may_be_of_either_kind():
    from tickless.host.command import _address

    assert _address("3333") == ("127.0.0.1", 3333)
    assert _address("0.0.0.0:3333") == ("0.0.0.0", 3333)
    assert _address("[::1]:3333") == ("::1", 3333)


def test_events_outside_the_sensor_are_counted(run, capsys):
    events = as_decoded(saccade())
    x = events.x.copy()
    x[np.arange(0, len(x), 10)] = 100
    lines = text_of(replace(events, x=x))
    assert run("--window", "1s", lines=lines, port="engine") == 0
    assert f"{-(-len(x) // 10):,} answered events outside the network's sensor: dropped" in (
        capsys.readouterr().out
    )


def so_far(network, parts):
    """Number, events, class and logits of each piece of a sample, by the golden model's READs."""
    whole = np.concatenate([part.addresses for part in parts])
    places = np.cumsum([len(part) for part in parts])
    trace = engine.run(network, whole, places)
    return [
        (number, len(part), int(logits.argmax()), tuple(logits.tolist()))
        for number, (part, logits) in enumerate(zip(parts, trace.read_logits, strict=True))
    ]


@pytest.mark.parametrize("window", [Window(us=100_000), Window(events=1500)], ids=str)
@pytest.mark.parametrize("port", ["/dev/fake", "engine"])
def test_a_sliding_stream_answers_so_far(board, run, network, port, window, capsys):
    text = "100ms" if window.us else "1500events"
    assert run("--read-every", text, port=port) == 0
    output = capsys.readouterr().out
    parts = Fitting(window=window).fit(as_decoded(saccade()), (2, 34, 34), "")
    assert answers(output) == so_far(network, parts)
    assert re.findall(r"^window (\d+): a sample begins$", output, re.MULTILINE) == ["0"]
    if port != "engine":
        count = len(parts)
        assert f"agreement with the golden model 100.00% ({count} of {count})" in output


def test_a_sample_without_end_ends_where_time_begins_anew(board, run, network, capsys):
    events = as_decoded(saccade())
    again = text_of(events)
    later = text_of(replace(events, t_us=events.t_us + 2_000_000))
    lines = later + again[again.index(b"\n") + 1 :]
    assert run("--read-every", "200ms", lines=lines) == 0
    output = capsys.readouterr().out
    parts = Fitting(window=Window(us=200_000)).fit(as_decoded(saccade()), (2, 34, 34), "")
    expect = so_far(network, parts)
    count = len(expect)
    second = [(count + number, *rest) for number, *rest in expect]
    begun = re.findall(r"^window (\d+): a sample begins$", output, re.MULTILINE)
    assert begun == ["0", str(count)]
    assert answers(output) == [*expect, *second]


@pytest.mark.parametrize("silent", [1, 2, 3], ids=lambda count: f"{count} replies lost")
def test_a_sample_begins_anew_where_the_line_has_lost_it(board, run, network, silent, capsys):
    """The third answer, its acknowledgement, and what comes behind them."""
    answered, lost = [], []

    def to_host(frame):
        is_answer = frame[2] == Reply.ANSWER.value
        answered.extend([frame] * is_answer)
        if len(answered) >= 3 and len(lost) < silent:
            lost.append(frame)
            return []
        return [frame]

    board.to_host = to_host
    assert run("--read-every", "50ms") == 0
    output = capsys.readouterr().out
    assert "0 commands sent again, 1 new starts" in output
    assert re.findall(r"^window (\d+): a sample begins$", output, re.MULTILINE) == ["0", "2"]
    parts = Fitting(window=Window(us=50_000)).fit(as_decoded(saccade()), (2, 34, 34), "")
    first, second = so_far(network, parts[:2]), so_far(network, parts[2:])
    assert answers(output) == [*first, *((2 + number, *rest) for number, *rest in second)]
    assert f"agreement with the golden model 100.00% ({len(parts)} of {len(parts)})" in output


def test_a_sliding_streams_wrong_answer(board, run, capsys):
    board.wrong = 1
    assert run("--read-every", "100ms") == 1
    assert "agreement with the golden model 0.00% (0 of 4)" in capsys.readouterr().out
