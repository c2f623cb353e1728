"""Send recordings to a board and compare its answers with the golden model."""

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tickless.errors import InputError
from tickless.host.client import Client
from tickless.host.inputs import dataset_recordings
from tickless.host.line import Losses
from tickless.host.live import LiveView
from tickless.host.port import open_port
from tickless.host.protocol import Info
from tickless.host.recognition import board_network
from tickless.host.report import AnswerTable
from tickless.host.transmission import Transmission
from tickless.sw.data.catalog import names_of_answers
from tickless.sw.data.events import Events
from tickless.sw.data.files import NamedRecording, file_recordings
from tickless.sw.data.fitting import parse_window
from tickless.sw.data.losses import lost_of
from tickless.sw.data.options import fitted_dataset, given_options, reading
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Model", "refuse_early_exit", "run"]

LIVE_EVENTS = 100
"""Events between two pictures of the logits."""


def run(options: argparse.Namespace) -> int:
    """Send what the command's options say, and print the answers.

    Returns 0 if no answer differs from the golden model, 1 if one does.
    """
    if options.dataset is not None:
        options.dataset = fitted_dataset(options.dataset, given_options(options))
    with open_port(options.port, options.baud) as port:
        return _run(Client(port, options.port), options)


def _run(client: Client, options: argparse.Namespace) -> int:
    info = client.info
    refuse_early_exit(info, options)
    model = Model(client, options.network, options.margin)
    recordings = file_recordings(options.files, info.sensor, reading(options), info.classes)
    if options.dataset is not None:
        recordings += dataset_recordings(
            options.dataset, options.samples, options.seed, info.sensor, info.classes
        )
    print(model.text)
    runner = _replay if options.replay is not None else _stream
    report, speed = runner(client, recordings, model, options)
    if client.losses != Losses():
        print(client.losses)
    print(f"{report.summary()}\n{speed}")
    report.warn()
    return 1 if report.differing else 0


class Model:
    """Golden model beside a board, as far as its network and its margin are known.

    Members
    -------
    text : str
        What is compared, or why nothing is.
    dataset : str
        That of the network, where it is known.
    """

    def __init__(self, client: Client, path: Path | None, margin: int | None):
        info = client.info
        if margin is not None and not info.early_exit:
            raise InputError(f"margin = {margin}: the board has no early exit")
        self._margin = margin
        self._before: SampleTrace | None = None
        self._network: Network | None = board_network(info, path)
        self.dataset = "" if self._network is None else self._network.provenance.dataset
        if self._network is None:
            self.text = (
                "nothing is compared: no pre-trained network is the board's; expected its file "
                "as --network"
            )
        elif info.early_exit and margin is None:
            self._network = None
            self.text = "nothing is compared: the board has early exit; expected its --margin"
        else:
            self.text = f"compared with the golden model of network {self._network.hash[:16]}"
            # Compiled now, not while the board waits.
            engine.run(self._network, np.zeros((0, 3), np.int32), (), margin)

    def run(self, events: Events, reads: Sequence[int] = ()) -> SampleTrace | None:
        """What the golden model does with a sample; None where it is not known.

        Parameters
        ----------
        reads : sequence of int
            Events before each READ.
        """
        if self._network is None:
            return None
        return engine.run(self._network, events.addresses, reads, self._margin)

    def go_on(self, events: Events, begins: bool) -> SampleTrace | None:
        """What the golden model does with a piece of a sample, which goes on from the piece before
        or begins a sample; None where it is not known."""
        if self._network is None:
            return None
        before = None if begins else self._before
        self._before = engine.run(self._network, events.addresses, before=before)
        return self._before


def refuse_early_exit(info: Info, options: argparse.Namespace) -> None:
    """InputError if answers so far are asked for, and the board decides early."""
    for name in ("live", "read_every"):
        if getattr(options, name) and info.early_exit:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option}: the board decides early, and its logits stand still then"
            )


def _stream(
    client: Client, recordings: Sequence[NamedRecording], model: Model, options: argparse.Namespace
) -> tuple[AnswerTable, str]:
    clock_hz = client.info.clock_hz
    columns = ("   margin", "latency us", "     clocks")
    report = AnswerTable(recordings, columns, _names(client, model, options))
    sent: deque[tuple[NamedRecording, Events, Sequence[int]]] = deque()
    view = LiveView(sys.stdout) if options.live else None
    every = None if options.read_every is None else parse_window(options.read_every)

    def samples() -> Iterator[Transmission]:
        for recording in recordings:
            events = recording.read()
            reads: Sequence[int] = ()
            if options.live:
                reads = range(LIVE_EVENTS, len(events) + 1, LIVE_EVENTS)
            elif every is not None:
                reads = every.starts(events.t_us)[1:]  # END answers for the last ones
            sent.append((recording, events, reads))
            timed = options.pace or options.live
            yield Transmission(events.addresses, events.t_us if timed else None, reads)

    print(report.header)
    started, answered, restarts = client.now_s(), 0, client.losses.restarts
    trace: SampleTrace | None = None
    with tqdm(total=len(recordings), unit="sample", disable=None if view is None else True) as bar:
        for answer in client.answers(samples()):
            recording, events, reads = sent[0]
            if client.losses.restarts != restarts:  # the sample's READs are answered once more
                answered, restarts = 0, client.losses.restarts
            if not answered:
                trace = model.run(events, reads)
            count = len(events) if answer.ends else reads[answered]
            answered = 0 if answer.ends else answered + 1
            if view is not None:
                view.show(f"{recording.name}: {count:,} of {len(events):,} events", answer)
            figures = (
                f"{answer.lead:,}",
                f"{answer.latency / clock_hz * 1e6:.2f}",
                f"{answer.clocks:,}",
            )
            if not answer.ends:
                if view is None:
                    so_far = None if trace is None else trace.at_read(answered - 1)
                    bar.write(report.read_line(count, answer, so_far, figures))
                continue
            if view is not None:
                view.leave()
            sent.popleft()
            lost = lost_of(recording.name, events)
            bar.write(report.line(recording, answer, trace, figures, lost))
            bar.update()
    seconds = client.now_s() - started
    return report, f"{len(recordings) / seconds:.1f} samples/s over the line"


def _replay(
    client: Client, recordings: Sequence[NamedRecording], model: Model, options: argparse.Namespace
) -> tuple[AnswerTable, str]:
    repeats, clock_hz = options.replay, client.info.clock_hz
    columns = ("   margin", "clocks a sample", " samples/s")
    report = AnswerTable(recordings, columns, _names(client, model, options))
    print(report.header)
    total = 0.0
    for recording in tqdm(recordings, unit="sample", disable=None):
        events = recording.read()
        answer, played = client.replay(events.addresses, repeats)
        clocks = played.clocks / played.repeats
        total += clocks
        figures = (f"{answer.lead:,}", f"{clocks:,.1f}", _speed(clock_hz, clocks))
        lost = lost_of(recording.name, events)
        tqdm.write(report.line(recording, answer, model.run(events), figures, lost))
    mean = total / len(recordings)
    speed = _speed(clock_hz, mean)
    return report, f"{mean:,.1f} clocks a sample: {speed} samples/s at {clock_hz / 1e6:g} MHz"


def _names(client: Client, model: Model, options: argparse.Namespace) -> tuple[str, ...]:
    """Names of the classes, by the data set of the recordings, or by that of the network."""
    return names_of_answers(options.dataset or model.dataset, client.info.classes)


def _speed(clock_hz: int, clocks: float) -> str:
    """Samples a second; of an empty sample no clocks are counted."""
    return f"{clock_hz / clocks:,.1f}" if clocks else "-"
