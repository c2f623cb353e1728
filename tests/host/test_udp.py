"""The client over UDP: whatever the network does to datagrams, every answer is right."""

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.host.fake import INFO
from tests.host.udp import FakeNetwork, faulty
from tickless.command import main
from tickless.errors import InputError
from tickless.host.client import Client
from tickless.host.datagrams import Datagram, read_datagram
from tickless.host.line import Losses
from tickless.host.port import BoardError, open_port
from tickless.host.protocol import encode_events
from tickless.host.transmission import Transmission
from tickless.host.udp import UdpPort
from tickless.host.udp_board import BoardEnd, SoftwareBoard, checksum_answer
from tickless.hw.ethernet.datagram import DEFAULT_PORT, HEADER_BYTES, MOST_BYTES

BOARD = replace(INFO, buffer_bytes=16_382)

URL = "udp://192.0.2.1"


def samples(count: int, size: int = 900) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, (2, 34, 34), (int(rng.integers(size)), 3)) for _ in range(count)]


def expected(sample: np.ndarray) -> tuple[int, ...]:
    return tuple(checksum_answer(BOARD.classes)(encode_events(BOARD, sample).tobytes()))


def network(monkeypatch, **directions) -> FakeNetwork:
    board = SoftwareBoard(BOARD, checksum_answer(BOARD.classes))
    return FakeNetwork(monkeypatch, board, **directions)


def test_answers_come_over_udp_and_datagrams_are_full(monkeypatch):
    link = network(monkeypatch)
    given = samples(20, 9000)
    with open_port(f"{URL}:99") as port:
        client = Client(port, URL)
        answers = list(client.answers(map(Transmission, given)))
    assert link.address == ("192.0.2.1", 99)
    assert [answer.logits for answer in answers] == [expected(sample) for sample in given]
    assert client.losses == Losses()
    full = sum(len(payload) == HEADER_BYTES + MOST_BYTES for payload in link.sent)
    assert full > 0.9 * sum(map(len, given)) * 2 / MOST_BYTES


@pytest.mark.parametrize("seed", range(10))
def test_lost_doubled_swapped_and_cut_datagrams_are_repaired_below_the_client(monkeypatch, seed):
    rng = random.Random(seed)
    network(monkeypatch, to_board=faulty(rng, 0.05), to_host=faulty(rng, 0.05))
    given = samples(30)
    client = Client(UdpPort(URL), URL)
    answers = list(client.answers(map(Transmission, given)))
    assert [answer.logits for answer in answers] == [expected(sample) for sample in given]
    assert client.losses == Losses()


def test_a_thousand_corrupt_datagrams_change_nothing(monkeypatch):
    rng = random.Random(1)
    link = network(monkeypatch)
    client = Client(UdpPort(URL), URL)
    [sample] = samples(1)
    for _ in range(1000):
        content = bytearray(rng.choice(link.sent[-5:]))
        content[rng.randrange(2)] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else 0
        content = content[: rng.randrange(len(content))] + rng.randbytes(rng.randrange(1500))
        link.waiting.append(bytes(content[: rng.randrange(11)]))
        link.waiting.append(b"\x02" + bytes(content))
        assert client.classify(sample).logits == expected(sample)


def test_a_board_that_has_forgotten_its_session_is_found_again(monkeypatch):
    link = network(monkeypatch)
    client = Client(UdpPort(URL), URL)
    first, second = samples(2)
    assert client.classify(first).logits == expected(first)
    link.end = BoardEnd()
    assert client.classify(second).logits == expected(second)


def test_the_first_datagrams_may_be_lost(monkeypatch):
    lost = iter([True] * 3)
    link = network(monkeypatch, to_board=lambda payload: [] if next(lost, False) else [payload])
    UdpPort(URL).close()
    assert link.address == ("192.0.2.1", DEFAULT_PORT)


def test_a_board_that_does_not_answer_is_an_error(monkeypatch):
    network(monkeypatch, to_board=lambda payload: [])
    with pytest.raises(BoardError, match=f"{URL}: nothing answers. Is the board on"):
        open_port(URL)


def test_a_board_that_falls_silent_is_an_error(monkeypatch):
    link = network(monkeypatch)
    client = Client(UdpPort(URL), URL)
    link.to_board = lambda payload: []
    with pytest.raises(BoardError, match="nothing answers"):
        client.classify(samples(1)[0])


@pytest.mark.parametrize("url", ["udp://", "udp://:5", "udp://host:port", "udp://host:70000"])
def test_an_address_that_is_none_is_refused(url, capsys):
    with pytest.raises(InputError, match="expected udp://HOST or udp://HOST:PORT"):
        open_port(url)
    assert main(["run", "--port", url, "--dataset", "saccades"]) == 2


def test_a_datagram_is_read_as_it_was_written():
    datagram = Datagram(0xABCD, 1 << 31, 3, b"content", opens=True)
    assert read_datagram(datagram.encode()) == datagram
    assert read_datagram(datagram.encode()[: HEADER_BYTES - 1]) is None
    assert read_datagram(b"\x02" + datagram.encode()[1:]) is None
    assert read_datagram(Datagram(1, 2, 3, bytes(MOST_BYTES + 1)).encode()) is None
