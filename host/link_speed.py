"""Speed of the host's end of a UDP link, to a board in software in a process of its own."""

import time
from collections.abc import Iterator
from multiprocessing import get_context

import numpy as np

from tickless.host.client import Client
from tickless.host.port import LOOPBACK, SCHEME
from tickless.host.protocol import Info
from tickless.host.transmission import Transmission
from tickless.host.udp import UdpPort
from tickless.host.udp_board import SoftwareBoard, checksum_answer, serve
from tickless.hw.host.messages import PROTOCOL, network_number
from tickless.hw.host.port_system import ROOM_BYTES
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["measure"]

NETWORK = PRETRAINED / "saccades.safetensors"


def measure(
    samples: list[np.ndarray], computes: bool, limit_s: float
) -> tuple[int, int, float, str]:
    """Events and samples that were answered, the seconds it took, and what was lost.

    Parameters
    ----------
    samples : list of numpy.ndarray
        Events of recordings, sent again and again.
    computes : bool
        Whether the board computes with the fast engine; else it is a sink, whose answers are
        checksums.
    limit_s : float
        Seconds until no further sample begins.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    board = context.Process(target=_board, args=(computes, there.send), daemon=True)
    board.start()
    try:
        with UdpPort(f"{SCHEME}{LOOPBACK}:{here.recv()}") as port:
            client = Client(port)
            client.classify(samples[0])
            sent: list[int] = []
            started = time.monotonic()

            def endless() -> Iterator[Transmission]:
                while time.monotonic() - started < limit_s:
                    sample = samples[len(sent) % len(samples)]
                    sent.append(len(sample))
                    yield Transmission(sample)

            answers = sum(1 for _ in client.answers(endless()))
            seconds = time.monotonic() - started
            return sum(sent), answers, seconds, str(client.losses)
    finally:
        board.terminate()
        board.join()


def _board(computes: bool, announce) -> None:
    """Be a board until this process is ended."""
    network = Network.load(NETWORK)
    channels, height, width = network.input_shape
    info = Info(
        protocol=PROTOCOL,
        early_exit=False,
        cores=len(network.layers),
        channels=channels,
        height=height,
        width=width,
        classes=network.classes,
        buffer_bytes=ROOM_BYTES - 2,
        stored_events=0,
        counter_bits=48,
        clock_hz=75_000_000,
        network=network_number(network.hash),
    )
    layout = info.event_layout

    def compute(content: bytes) -> list[int]:
        words = np.frombuffer(content, "<u2").astype(np.int32)
        fields = (
            words >> layout[name].offset & (1 << layout[name].width) - 1
            for name in ("channel", "y", "x")
        )
        return engine.run(network, np.stack(list(fields), axis=1)).logits.tolist()

    answer = checksum_answer(info.classes)
    if computes:
        compute(b"")  # compiled now
        answer = compute
    serve(SoftwareBoard(info, answer), announce)
