"""Sender of datagrams at a rate, a process of its own: the camera of the benchmark."""

import signal
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from tickless.host.stream.wire import WIRES
from tickless.sw.data.formats.decoded import Decoded

__all__ = ["Sent", "send"]

TICK_S = 0.001
"""Least time between two bursts."""

BURST = 256
"""Datagrams of a burst at most, where it is behind its rate."""


@dataclass(frozen=True)
class Sent:
    """What was sent.

    Members
    -------
    datagrams, events : int
        How much.
    seconds : float
        How long it took.
    """

    datagrams: int
    events: int
    seconds: float


def send(
    report: Connection,
    address: tuple[str, int],
    wire: str,
    events: Decoded,
    rate: float,
    seconds: float,
) -> None:
    """Send events again and again, and `Sent` to whoever waits for it in the end.

    Parameters
    ----------
    report : Connection
        Where `Sent` goes.
    address : tuple of str and int
        Where the datagrams go.
    wire : str
        One of `host.stream.wire.WIRES`.
    events : Decoded
        Their addresses; their times are those of the rate.
    rate : float
        Events a second.
    seconds : float
        How long.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    form = WIRES[wire]
    records = form.encode(events)
    records = np.resize(records, -(-len(records) // form.events) * form.events)
    total = int(rate * seconds) // form.events
    datagrams = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(address)
        started = time.monotonic()
        while datagrams < total:
            due = int((time.monotonic() - started) * rate) // form.events
            count = min(due, total, datagrams + BURST) - datagrams
            if count <= 0:
                time.sleep(TICK_S)
                continue
            numbers = datagrams * form.events + np.arange(count * form.events)
            burst = records[numbers % len(records)]
            if form.time_bits is not None:
                burst["t"] = (numbers * (1e6 / rate)).astype(np.int64)
            for datagram in burst.reshape(count, form.events):
                line.send(datagram.tobytes())
            datagrams += count
        passed = time.monotonic() - started
    report.send(Sent(datagrams, datagrams * form.events, passed))
