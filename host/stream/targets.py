"""What computes the windows of a stream: a board, or the fast engine in this process."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from tickless.host.client import Client
from tickless.host.frames import Frame, encode_frame
from tickless.host.protocol import Answer, Info
from tickless.host.stream.feed import Feed
from tickless.host.stream.windows import StreamWindow
from tickless.host.transmission import Piece, Transmission
from tickless.hw.host.messages import Command, byte_count
from tickless.sw.data.events import Events
from tickless.sw.data.fitting import Window
from tickless.sw.integer import engine
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.network import Network

__all__ = ["BoardTarget", "EngineTarget", "Target", "line_capacity"]

TICK_S = 0.1
"""Time after which a stream is asked again where nothing comes."""

BITS_A_BYTE = 10
"""On a serial line: a start and a stop bit around each byte."""


Fitted = Callable[[StreamWindow], Events]
"""From a window to the events of the network's sensor."""


class Target(Protocol):
    """Target of a stream.

    Members
    -------
    sensor : Shape
        Extent of the network's input.
    """

    @property
    def sensor(self) -> Shape: ...

    def capacity(self, window: Window) -> str:
        """What it can take at most, in words."""
        ...

    def answers(self, feed: Feed, fitted: Fitted) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """Each window that a feed hands out, what it was for the network, and the answer to it."""
        ...

    def answers_so_far(
        self, feed: Feed, fitted: Fitted
    ) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """The same where all windows are pieces of one sample, which ends where time begins anew:
        answers to READ. ``begins`` of the window tells whether a sample has begun with it, of
        whatever cause."""
        ...


class BoardTarget:
    """Board at the other end of a serial line.

    Parameters
    ----------
    client : Client
        The board.
    baud : int
        Bits a second on the line.
    """

    def __init__(self, client: Client, baud: int):
        self._client, self._baud = client, baud

    @property
    def sensor(self) -> Shape:
        """Extent of the board's input."""
        return self._client.info.sensor

    def capacity(self, window: Window) -> str:
        """See `Target`."""
        return line_capacity(self._client.info, self._baud, window)

    def answers(self, feed: Feed, fitted: Fitted) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """See `Target`."""
        under_way: deque[tuple[StreamWindow, Events]] = deque()

        def samples() -> Iterator[Transmission | None]:
            while not feed.ended:
                # While an answer is on its way, the line is listened to.
                window = feed.take(0.0 if under_way else TICK_S)
                if window is None:
                    yield None
                    continue
                events = fitted(window)
                under_way.append((window, events))
                yield Transmission(events.addresses)

        for answer in self._client.answers(samples()):
            yield (*under_way.popleft(), answer)

    def answers_so_far(
        self, feed: Feed, fitted: Fitted
    ) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """See `Target`."""
        under_way: deque[tuple[StreamWindow, Events]] = deque()
        end = Transmission(np.zeros((0, 3), np.int32))

        def pieces() -> Iterator[Transmission | Piece | None]:
            begun = False
            while not feed.ended:
                window = feed.take(0.0 if under_way else TICK_S)
                if window is None:
                    yield None
                    continue
                events = fitted(window)
                if window.begins and begun:
                    yield end
                begun = True
                under_way.append((window, events))
                yield Piece(events.addresses)
            if begun:
                yield end

        restarts = self._client.losses.restarts
        for answer in self._client.answers(pieces()):
            if answer.ends:
                continue  # says what the READ before it has said
            window, events = under_way.popleft()
            if self._client.losses.restarts != restarts:
                restarts = self._client.losses.restarts
                window = replace(window, begins=True)
            yield window, events, answer


class EngineTarget:
    """Fast engine, which needs no board.

    Parameters
    ----------
    network : Network
        The network.
    """

    def __init__(self, network: Network):
        self._network = network
        # Compiled now, not while a stream waits.
        engine.run(network, np.zeros((0, 3), np.int32))

    @property
    def sensor(self) -> Shape:
        """Extent of the network's input."""
        return self._network.input_shape

    def capacity(self, window: Window) -> str:
        """See `Target`."""
        return "no line: the engine computes as many windows as it can"

    def answers(self, feed: Feed, fitted: Fitted) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """See `Target`; clocks and latency are 0."""
        return self._answers(feed, fitted, ends=True)

    def answers_so_far(
        self, feed: Feed, fitted: Fitted
    ) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        """See `Target`; clocks and latency are 0."""
        return self._answers(feed, fitted, ends=False)

    def _answers(
        self, feed: Feed, fitted: Fitted, *, ends: bool
    ) -> Iterator[tuple[StreamWindow, Events, Answer]]:
        before = None
        while not feed.ended:
            window = feed.take(TICK_S)
            if window is not None:
                events = fitted(window)
                if ends or window.begins:
                    before = None
                before = trace = engine.run(self._network, events.addresses, before=before)
                logits = tuple(trace.logits.tolist())
                yield (
                    window,
                    events,
                    Answer(window.number & 0xFFFF, 0, 0, ends, trace.class_index, logits, None),
                )


def line_capacity(info: Info, baud: int, window: Window) -> str:
    """Events and windows a second that a serial line carries to a board at most."""
    content = bytes(info.events_per_frame * byte_count(info.event_layout))
    size = len(encode_frame(Frame(0, Command.EVENTS.value, content)))
    bytes_s = baud / BITS_A_BYTE
    events_s = bytes_s / size * info.events_per_frame
    text = (
        f"the line carries at most {events_s:,.0f} events/s ({baud:,} baud, "
        f"{info.events_per_frame} events in {size} bytes)"
    )
    if window.events is not None:
        end = len(encode_frame(Frame(0, Command.END.value)))
        windows_s = bytes_s / (math.ceil(window.events / info.events_per_frame) * size + end)
        return f"{text}: {windows_s:,.1f} windows/s of {window.events:,} events"
    assert window.us is not None
    return f"{text}: {events_s * window.us * 1e-6:,.0f} events in a window of {window.us:,} us"
