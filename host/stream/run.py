"""Run of a stream through a board or the engine: what `tickless run --stream` does."""

import argparse
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread

from tickless.host.client import Client
from tickless.host.line import Losses
from tickless.host.port import ENGINE, open_port
from tickless.host.run import Model, refuse_early_exit
from tickless.host.stream.feed import Feed
from tickless.host.stream.fit import Fit
from tickless.host.stream.inputs import Input, PipeInput, PlaybackInput, UdpInput
from tickless.host.stream.tally import Tally
from tickless.host.stream.targets import BoardTarget, EngineTarget, Target
from tickless.host.stream.udp import bound_socket
from tickless.host.stream.view import StreamView
from tickless.host.stream.windows import WAITING
from tickless.sw.data.catalog import names_of_answers
from tickless.sw.data.fitting import parse_window
from tickless.sw.data.options import reading
from tickless.sw.integer.network import Network

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Take a stream as the command's options say, until it ends or Ctrl-C.

    Returns 0 if no answer differs from the golden model, 1 if one does.
    """
    if options.port == ENGINE:
        network = Network.load(options.network)
        print(f"the fast engine computes network {network.hash[:16]}, as the golden model does")
        names = names_of_answers(network.provenance.dataset, network.classes)
        return _run(EngineTarget(network), None, names, options)
    with open_port(options.port, options.baud) as port:
        client = Client(port, options.port)
        refuse_early_exit(client.info, options)
        model = Model(client, options.network, options.margin)
        print(model.text)
        names = names_of_answers(model.dataset, client.info.classes)
        status = _run(BoardTarget(client, options.baud), model, names, options)
        if client.losses != Losses():
            print(client.losses)
        return status


def _run(
    target: Target, model: Model | None, names: Sequence[str], options: argparse.Namespace
) -> int:
    read = reading(options)
    on = options.read_every is not None
    window = parse_window(options.read_every) if on else read.fitting.window
    assert window is not None
    fit = Fit(read.fitting, target.sensor)
    source, where, pieces = _source(options)
    print(target.capacity(window))
    print(f"{WAITING} windows may wait: when one more comes the oldest is shed, whole")
    with Feed(source, read, window, target.sensor[0], options.seconds) as feed:
        print(f"taking {where} until it ends or Ctrl-C", flush=True)
        tally = Tally()
        view = StreamView(tally, names)
        feed.tell = view.wait
        with _stopping(feed):
            answers = target.answers_so_far(feed, fit) if on else target.answers(feed, fit)
            for taken, events, answer in answers:
                trace = None
                if model is not None:
                    trace = model.go_on(events, taken.begins) if on else model.run(events)
                if on and taken.begins:
                    view.begin(taken)
                wrong = tally.add(taken, events, answer, trace)
                view.show(taken, answer, feed.counts, wrong)
        if feed.stopped:
            print("interrupted: what waits is not answered")
        print("\n".join(tally.summary(feed.counts, pieces)))
    return 1 if tally.differing else 0


def _source(options: argparse.Namespace) -> tuple[Input, str, str]:
    """Where the stream comes from, its name, and of what."""
    if options.udp is not None:
        bound = bound_socket(*options.udp)
        host, port, *_ = bound.getsockname()
        where = f"UDP {host}:{port} ({options.udp_format})"
        return UdpInput(bound, options.udp_format), where, "datagrams"
    if str(options.files[0]) == "-":
        return PipeInput(0), "standard input", "lines"
    return PlaybackInput(tuple(options.files)), ", ".join(map(str, options.files)), "pieces"


@contextmanager
def _stopping(feed: Feed) -> Iterator[None]:
    """Ctrl-C stops a feed; what is under way is answered. A second one ends the program."""
    before = signal.getsignal(signal.SIGINT)
    # Not where whoever started this program has it ignored.
    if before in (None, signal.SIG_IGN) or current_thread() is not main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        feed.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
