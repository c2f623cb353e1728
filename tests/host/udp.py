"""UDP socket of a board's address in the same process, with a clock of its own and faults."""

import random
from collections import deque
from collections.abc import Callable

from tickless.host import udp
from tickless.host.datagrams import read_datagram
from tickless.host.udp_board import BoardEnd, SoftwareBoard

Faults = Callable[[bytes], list[bytes]]
"""What becomes of a datagram: those that arrive."""

STEP_S = 1e-4


class FakeNetwork:
    """Socket of `host.udp.UdpPort`, behind which a board answers at once.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        Puts it in the socket's place, and its seconds in the clock's.
    board : SoftwareBoard
        The board.
    to_board, to_host : callable
        The two directions; perfect by default.
    """

    def __init__(
        self,
        monkeypatch,
        board: SoftwareBoard,
        to_board: Faults = lambda payload: [payload],
        to_host: Faults = lambda payload: [payload],
    ):
        self.board, self.end = board, BoardEnd()
        self.to_board, self.to_host = to_board, to_host
        self.waiting: deque[bytes] = deque()
        self.seconds = 0.0
        self.sent: list[bytes] = []
        monkeypatch.setattr(udp.socket, "socket", lambda *arguments: self)
        monkeypatch.setattr(udp.select, "select", self.select)
        monkeypatch.setattr(udp.time, "monotonic", self.now_s)

    def now_s(self) -> float:
        self.seconds += STEP_S / 100
        return self.seconds

    def select(self, readers, writers, errors, seconds):
        self.seconds += STEP_S if self.waiting else seconds
        return readers, [], []

    def setblocking(self, flag: bool) -> None:
        pass

    def connect(self, address: tuple[str, int]) -> None:
        self.address = address

    def close(self) -> None:
        pass

    def recv(self, size: int) -> bytes:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.popleft()[:size]

    def send(self, payload: bytes) -> None:
        self.sent.append(payload)
        for arrived in self.to_board(payload):
            datagram = read_datagram(arrived)
            content = None if datagram is None else self.end.take(datagram)
            if content is not None:
                self.end.out += self.board.feed(content)
                for reply in self.end.datagrams():
                    self.waiting.extend(self.to_host(reply))


def faulty(rng: random.Random, share: float) -> Faults:
    """A direction that loses, doubles, delays and cuts that share of its datagrams each."""
    held: list[bytes] = []

    def pass_on(payload: bytes) -> list[bytes]:
        arrived = [payload]
        match rng.random():
            case chance if chance < share:
                arrived = []
            case chance if chance < 2 * share:
                arrived = [payload, payload]
            case chance if chance < 3 * share:
                held.append(payload)
                return []
            case chance if chance < 4 * share:
                arrived = [payload[: rng.randrange(len(payload))]]
        if held and rng.random() < 0.5:
            arrived.append(held.pop(rng.randrange(len(held))))
        return arrived

    return pass_on
