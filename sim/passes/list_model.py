"""List model: how the engine merges lists; the specification of `hw.passes.merger`."""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from tickless.gen.passes.program import IndexFrom
from tickless.host.event_lists import ListEvent, ListWriter, Token, decode
from tickless.hw.passes.words import Marker

__all__ = ["join", "merge"]


def merge(source: Iterable[int], tiles: Sequence[Iterable[int]], index: IndexFrom) -> list[int]:
    """Merge the lists of a layer's tiles into one, by event, position and tile: golden order.

    Parameters
    ----------
    source : iterable of int
        The list that the passes read: its READs and ENDs go over, and its index may.
    tiles : sequence of iterable of int
        The tiles' lists.
    index : str
        Index that the merged list carries.
    """
    out = ListWriter()
    heads = [_Head(decode(tile)) for tile in tiles]
    number = 0
    for token in decode(source):
        if isinstance(token, ListEvent):
            carried = {"none": -1, "event": number, "source": token.index}[index]
            here = [(head.take(number), tile) for tile, head in enumerate(heads)]
            keyed = [[(e.y, e.x, tile, e) for e in events] for events, tile in here]
            for y, x, _, event in heapq.merge(*keyed, key=lambda item: item[:3]):
                out.event(event.channel, y, x, carried)
            number += 1
            continue
        out.marker(token)
        if token != Marker.READ:
            number = 0
            for head in heads:
                head.take_marker(token)
    return out.words


def join(fork: Iterable[int], path: Iterable[int]) -> list[int]:
    """Merge the list of a fork into that of the longer path, whose index is that of the fork's
    events: behind each of these comes what the path made of it. The joined list has that index."""
    out, head = ListWriter(), _Head(decode(path))
    number = -1
    for token in decode(fork):
        for event in head.take(number) if number >= 0 else ():
            out.event(event.channel, event.y, event.x, number)
        head.skip_reads()
        if isinstance(token, ListEvent):
            number += 1
            out.event(token.channel, token.y, token.x, number)
            continue
        out.marker(token)
        if token != Marker.READ:
            number = -1
            head.take_marker(token)
    return out.words


class _Head:
    """Reader of a list whose events wait for their turn."""

    def __init__(self, tokens: Iterator[Token]):
        self._tokens = tokens
        self._next = next(tokens)

    def take(self, index: int) -> list[ListEvent]:
        """Events of an index; none has a lower one. READs among them are passed over."""
        events = []
        while True:
            self.skip_reads()
            token = self._next
            if not isinstance(token, ListEvent) or token.index > index:
                return events
            if token.index < index:
                raise ValueError(f"{token} waits while events of index {index} are taken")
            events.append(token)
            self._advance()

    def skip_reads(self) -> None:
        while self._next == Marker.READ:
            self._advance()

    def take_marker(self, marker: Marker) -> None:
        self.skip_reads()
        if self._next != marker:
            raise ValueError(f"{self._next} waits: expected {marker!r}")
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._tokens, Marker.STOP)
