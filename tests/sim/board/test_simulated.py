"""The hardware itself: a board in the simulator, and `tickless run` at its serial port."""

import gc
import os
import random
import re
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.host.stream.streams import as_decoded, datagrams, saccade, send, started_stream
from tests.sim.board.boards import assert_ended, child_processes, simulated_board, started_board
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.host.client import Client
from tickless.host.frames import Frame, FrameReader, encode_frame
from tickless.host.port import BoardError, open_port
from tickless.host.protocol import encode_events
from tickless.host.transmission import Piece, Transmission
from tickless.hw.host.messages import LINK_INDEX, Command, Error, Reply
from tickless.sw.data.fitting import Fitting, Window
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network

OF_IMAGES = {Error.NETWORK, Error.DESIGN, Error.MEMORY, Error.IMAGE}
"""Errors of boards that are loadable: see `test_loading`."""

OF_ENGINES = {Error.CHECKSUM, Error.OVERFLOW, Error.WORD, Error.WATCHDOG}
"""Errors of boards with a pass engine: see `test_small_engine`."""

STREAMS, BATCH = 1000, 25
"""Corrupt streams, and how many of them come between two good samples."""


FOLDED = ("--budget=48",)
"""The line is far slower than the cores, and a small design is built sooner: the tutorial's."""


@pytest.fixture(scope="module")
def network():
    return make_network()


@pytest.fixture(scope="module")
def network_file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    network.save(path)
    return path


@pytest.fixture(scope="module")
def board(network_file):
    with simulated_board("--network", str(network_file)) as path:
        yield path


@pytest.fixture(scope="module")
def saccades_board():
    with simulated_board(*FOLDED) as path:
        yield path


def events_of(rng, count):
    return rng.integers((0, -1, -1), (2, 35, 35), (count, 3)).astype(np.int32)


def test_recordings(saccades_board, capsys):
    assert main(["run", "--port", saccades_board, "--dataset", "saccades", "--samples", "2"]) == 0
    output = capsys.readouterr().out
    assert len(re.findall(r"^saccades-test .* equal$", output, re.MULTILINE)) == 2
    assert "agreement with the golden model 100.00% (2 of 2)" in output


def test_replay(saccades_board, capsys):
    arguments = ["run", "--port", saccades_board, "--dataset", "saccades", "--samples", "1"]
    assert main([*arguments, "--replay", "5"]) == 0
    output = capsys.readouterr().out
    assert "agreement with the golden model 100.00% (1 of 1)" in output
    match = re.search(r"([\d,.]+) clocks a sample: ([\d,.]+) samples/s at 24 MHz", output)
    assert match is not None
    clocks, speed = (float(text.replace(",", "")) for text in match.groups())
    assert 1000 < clocks < 100_000
    assert speed == pytest.approx(24e6 / clocks, rel=1e-3)


def test_files(saccades_board, capsys):
    root = os.environ.get("TICKLESS_DATA")
    files = sorted(Path(root).glob("NMNIST/Test/*/*.bin"))[:1] if root else []
    if not files:
        pytest.skip("no N-MNIST recordings in TICKLESS_DATA")
    assert main(["run", "--port", saccades_board, str(files[0])]) == 0
    output = capsys.readouterr().out
    assert re.search(r"^0/\d+\.bin +\d +0 .* equal$", output, re.MULTILINE)


def test_a_stream_of_another_process_is_shed_rather_than_late(saccades_board):
    """It brings in a moment what the simulation takes seconds for: the newest windows are answered
    to the bit, and every event is told of."""
    events = as_decoded(saccade())
    samples = Fitting(window=Window(events=200)).fit(events, (2, 34, 34), "")
    network = Network.load(PRETRAINED / "saccades.safetensors")
    options = ("--port", saccades_board, "--udp", "0", "--window", "200events")
    with started_stream(*options) as stream:
        send(datagrams(events, "aestream-stamped"), stream.address())
        newest = len(samples) - 2  # the last one is not full
        stream.until(f"^window {newest}, ")
        assert stream.interrupt() == 0
    answered = re.findall(r"^window (\d+), 200 .*, logits (.*)$", stream.output, re.MULTILINE)
    assert len(answered) < newest
    for number, logits in answered:
        trace = engine.run(network, samples[int(number)].addresses)
        assert logits.split() == [str(logit) for logit in trace.logits.tolist()]
    told = re.findall(r"^  (\w+) +([\d,]+) in ([\d,]+) window", stream.output, re.MULTILINE)
    assert [name for name, _, _ in told] == ["answered", "shed", "waiting"]
    assert sum(int(count.replace(",", "")) for _, count, _ in told) == len(events)
    windows = [int(count.replace(",", "")) for _, _, count in told]
    assert windows == [len(answered), newest + 1 - len(answered), 1]
    assert "agreement with the golden model 100.00%" in stream.output


def test_a_line_of_two_clocks_a_bit(network_file, network):
    """As of an iCEBreaker, at 12 Mbaud of 24 MHz."""
    events = events_of(np.random.default_rng(2), 500)
    with (
        simulated_board("--network", str(network_file), "--baud", "12000000") as path,
        open_port(path, 12_000_000) as port,
    ):
        client = Client(port, path)
        answer = client.classify(events)
        assert answer.logits == tuple(engine.run(network, events).logits.tolist())
        assert client.losses.resent == client.losses.restarts == 0


def test_every_kind_of_answer(board, network):
    rng = np.random.default_rng(1)
    with open_port(board) as port:
        client = Client(port, board)
        samples = [events_of(rng, size) for size in (0, 1, 2000, 300)]
        reads = [list(range(100, len(events) + 1, 100)) for events in samples]
        traces = [engine.run(network, *pair) for pair in zip(samples, reads, strict=True)]
        answers = list(
            client.answers(
                Transmission(events, reads=places)
                for events, places in zip(samples, reads, strict=True)
            )
        )
        expected = [
            (*map(tuple, trace.read_logits.tolist()), tuple(trace.logits.tolist()))
            for trace in traces
        ]
        assert [answer.logits for answer in answers] == [row for rows in expected for row in rows]
        classes = [answer.class_index for answer in answers if answer.ends]
        assert classes == [trace.class_index for trace in traces]
        before = client.counters(0)
        client.classify(samples[2])
        counted = {name: value - before[name] for name, value in client.counters(0).items()}
        assert counted["events"] == 2000
        assert counted["dropped"] == traces[2].dropped > 0
        assert counted["sops"] == traces[2].layers[0].sops
        assert client.counters(1)["saturations"] == 0
        assert client.counters(LINK_INDEX)["errors"] == 0
        answer, played = client.replay(samples[3], 7)
        assert answer.logits == expected[3][-1]
        assert played.repeats == 7
        assert client.losses.resent == client.losses.restarts == 0


def test_a_sample_that_comes_in_pieces(board, network):
    rng = np.random.default_rng(4)
    parts = [events_of(rng, size) for size in (300, 1, 700)]
    whole = np.concatenate(parts)
    trace = engine.run(network, whole, np.cumsum([len(part) for part in parts]))
    with open_port(board) as port:
        client = Client(port, board)
        answers = list(client.answers([*map(Piece, parts), Transmission(whole[:0])]))
        assert [answer.ends for answer in answers] == [False, False, False, True]
        logits = [answer.logits for answer in answers]
        assert logits == [*map(tuple, trace.read_logits.tolist()), tuple(trace.logits.tolist())]
        assert client.losses.resent == client.losses.restarts == 0


def test_a_client_that_stops_in_the_middle(board, network):
    rng = np.random.default_rng(2)
    events = events_of(rng, 1000)
    with open_port(board) as port:
        next(Client(port, board).answers([Transmission(events, reads=range(50, 1001, 50))]))
        port.write(encode_frame(Frame(0, Command.EVENTS.value, bytes(240)))[:-20])
    with open_port(board) as port:
        trace = engine.run(network, events)
        assert Client(port, board).classify(events).logits == tuple(trace.logits.tolist())


def test_corrupt_streams(board, network):
    rng, chance = np.random.default_rng(3), random.Random(3)
    with open_port(board) as port:
        refused = refusals(port)
        client = Client(port, board)
        for number in range(0, STREAMS, BATCH):
            for index in range(BATCH):
                port.write(corrupt_stream(chance, index, client))
                port.read(port.in_waiting)
            events = events_of(rng, 20)
            trace = engine.run(network, events)
            where = f"behind stream {number + BATCH}"
            assert client.classify(events).logits == tuple(trace.logits.tolist()), where
        assert client.losses.restarts == 0
    # LINE needs a missing stop bit, see below, and STORE megabytes.
    assert refused == set(Error) - {Error.LINE, Error.STORE} - OF_IMAGES - OF_ENGINES


def corrupt_stream(chance: random.Random, index: int, client: Client) -> bytes:
    """SYNC, so that numbers are known, and then what no client sends."""
    info = client.info
    start = chance.randrange(256)
    frames = [Frame(start, Command.SYNC.value, b"\0" + chance.randbytes(3))]

    def add(command: int, content: bytes = b"") -> None:
        frames.append(Frame((start + len(frames)) & 0xFF, command, content))

    def events(count: int) -> bytes:
        rows = [[chance.randrange(extent) for extent in info.sensor] for _ in range(count)]
        return encode_events(info, np.array(rows)).tobytes()

    add(Command.EVENTS.value, events(chance.randrange(1, 30)))
    add(Command.READ.value)
    add(Command.END.value)
    content = bytearray(b"\0" + b"".join(encode_frame(frame) for frame in frames))
    place = chance.randrange(12, len(content))
    match index % 12:
        case 0:
            for _ in range(chance.randrange(1, 6)):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        case 1:
            del content[place:]
        case 2:
            del content[place : place + chance.randrange(1, 20)]
        case 3:
            content[place:place] = chance.randbytes(chance.randrange(1, 40))
        case 4:
            content += chance.randbytes(chance.randrange(1, 700))
        case 5:  # a frame of any length, its COBS right
            content += b"".join(b"\xff" + bytes([7]) * 254 for _ in range(chance.randrange(1, 3)))
            content += b"\0"
        case 6:
            add(chance.choice([0, *range(9, 256)]), chance.randbytes(chance.randrange(5)))
            content += encode_frame(frames[-1])
        case 7:  # data that the command does not take
            command = chance.choice(list(Command)[1:])
            add(command.value, chance.randbytes(chance.choice([3, 5, 7])))
            content += encode_frame(frames[-1])
        case 8:
            wrong = chance.choice([(Command.COUNTERS, b"\xc8"), (Command.REPLAY, bytes(2))])
            add(wrong[0].value, wrong[1])
            content += encode_frame(frames[-1])
        case 9:
            number = chance.randrange(256)
            content += encode_frame(Frame(number, Command.EVENTS.value, events(5)))
        case 10:  # many more events than there is room while the board is busy
            add(Command.STORE.value, events(20))
            add(Command.REPLAY.value, (2000).to_bytes(2, "little"))
            for _ in range(6):
                add(Command.EVENTS.value, events(100))
            content += b"".join(encode_frame(frame) for frame in frames[-8:])
        case 11:  # a store beyond the room, and events with a filling
            add(Command.EVENTS.value, b"\xff" * chance.choice([2, 4, 240]))
            content += encode_frame(frames[-1]) * 2
    return bytes(content)


def refusals(port: Any) -> set[Error]:
    """Errors that are read from a port from now on."""
    refused: set[Error] = set()
    reader, read = FrameReader(), port.read

    def listen(size: int = 1) -> bytes:
        content = read(size)
        errors = (frame for frame in reader.feed(content) if frame.kind == Reply.ERROR.value)
        refused.update(Error(frame.data[0]) for frame in errors)
        return content

    port.read = listen
    return refused


def test_bits_that_arrive_wrong(network, network_file):
    """Missing stop bits among them: answers may fail to come, and none is wrong."""
    rng = np.random.default_rng(4)
    right = 0
    with (
        simulated_board("--network", str(network_file), "--bit-errors", "5e-4") as path,
        open_port(path) as port,
    ):
        refused = refusals(port)
        client = Client(port, path, patience_s=1.0)
        for _ in range(40):
            events = events_of(rng, 50)
            trace = engine.run(network, events)
            with suppress(BoardError):
                assert client.classify(events).logits == tuple(trace.logits.tolist())
                right += 1
    assert right > 25
    assert client.losses.resent > 20
    assert refused >= {Error.LINE, Error.CRC, Error.SEQUENCE}


def test_a_simulator_that_is_slower_than_patience(network, network_file):
    """It stands still in the middle of a sample for longer than its client would wait."""
    rng = np.random.default_rng(5)
    patience_s = 1.0
    with (
        started_board("--network", str(network_file)) as (process, path),
        open_port(path) as port,
    ):
        [simulator] = child_processes(process.pid)
        client = Client(port, path, patience_s)
        for _ in range(3):
            events = events_of(rng, 1000)
            trace = engine.run(network, events)
            answers = client.answers([Transmission(events, reads=[500, 1000])])
            next(answers)
            os.kill(simulator, signal.SIGSTOP)
            goes_on = threading.Timer(2 * patience_s, os.kill, (simulator, signal.SIGCONT))
            goes_on.start()
            *_, answer = answers
            goes_on.join()
            assert answer.logits == tuple(trace.logits.tolist())
        assert client.losses.restarts == 0


def test_a_simulator_that_dies(network_file):
    with (
        started_board("--network", str(network_file)) as (process, path),
        open_port(path) as port,
    ):
        client = Client(port, path)
        [simulator] = child_processes(process.pid)
        os.kill(simulator, signal.SIGKILL)
        with pytest.raises(BoardError, match="port"):
            client.classify(np.zeros((10, 3), np.int32))
        process.wait()
        assert process.returncode == 1


def test_a_simulator_does_not_outlive_its_program(network_file):
    with started_board("--network", str(network_file)) as (process, _):
        children = child_processes(process.pid)
        process.kill()
        process.wait()
        assert_ended(children)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--network", "missing.safetensors"], "missing.safetensors: no such network file"),
        (["--baud", "17000000"], "baud = 17000000: expected at most 12000000"),
        (["--bit-errors", "1"], "bit_errors = 1.0: expected at least 0 and less than 1"),
        (["--fold", "conv=3x1"], "no layer 'conv'"),
        (["--loadable"], "expected --mesh RxC, too"),
    ],
)
def test_wrong_options(options, words, capsys):
    assert main(["simulate-board", *options]) == 2
    assert words in capsys.readouterr().err
    gc.collect()
