"""Speed of a stream: events from another process over UDP, in windows, through the fast engine."""

import argparse
import os
import sys
import time
from math import inf
from multiprocessing import get_context
from pathlib import Path

from tickless.errors import InputError
from tickless.host.port import LOOPBACK
from tickless.host.stream.wire import WIRES
from tickless.progress import stage
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["add_options", "main"]

RECORDINGS = 20
"""Recordings whose events are sent again and again."""

EARLY_S = 10.0
"""When memory is looked at for the first time."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N", help="how long")
    parser.add_argument("--rate", type=float, default=1e6, metavar="N", help="events a second")
    parser.add_argument(
        "--udp-format", choices=WIRES, default="aestream-stamped", help="form of the datagrams"
    )
    parser.add_argument(
        "--window", default="10ms", metavar="LENGTH", help="of a sample, as 10ms or 5000events"
    )


def main(options: argparse.Namespace) -> int:
    """Print rates, losses, latency and memory."""
    if not 0 < options.seconds < inf or not 1 <= options.rate < inf:
        raise InputError(
            f"seconds = {options.seconds:g}, rate = {options.rate:g}: expected more than 0 seconds "
            "and at least 1 event a second"
        )
    with stage("loading the engine"):
        import numpy as np

        from tickless.host.stream.feed import Feed, nobody_interrupts
        from tickless.host.stream.fit import Fit
        from tickless.host.stream.inputs import UdpInput
        from tickless.host.stream.sender import Sent, send
        from tickless.host.stream.tally import Tally
        from tickless.host.stream.targets import EngineTarget
        from tickless.host.stream.udp import bound_socket
        from tickless.sw.data.catalog import load
        from tickless.sw.data.fitting import Fitting, parse_window
        from tickless.sw.data.formats.decoded import Decoded
        from tickless.sw.data.formats.tables import TableForm
        from tickless.sw.data.options import Reading
    target = EngineTarget(Network.load(PRETRAINED / "saccades.safetensors"))
    recordings = load("saccades", "test")
    samples = [recordings[index][0] for index in range(RECORDINGS)]
    columns = [
        np.concatenate([getattr(s, name) for s in samples]) for name in ("x", "y", "channel")
    ]
    x, y, on = columns
    events = Decoded("recordings", np.zeros(len(x), np.int64), x, y, on > 0)
    bound = bound_socket(LOOPBACK, 0)
    address = bound.getsockname()
    source = UdpInput(bound, options.udp_format.removesuffix("-stamped"))
    reading = Reading(TableForm(), None, Fitting())
    context = get_context("spawn")
    theirs, report = context.Pipe(duplex=False)
    with (
        stage(f"a stream of {options.seconds:g} s"),
        Feed(source, reading, parse_window(options.window), target.sensor[0]) as feed,
    ):
        sender = context.Process(
            target=send,
            args=(
                report,
                address,
                options.udp_format,
                events,
                options.rate,
                options.seconds,
            ),
            daemon=True,
        )
        with nobody_interrupts():
            sender.start()
        report.close()
        # Where no window has come for a second and all is sent, all has come.
        feed.tell = lambda counts: feed.stop() if theirs.poll() else None
        tally, started, early = Tally(), time.monotonic(), ""
        for window, fitted, answer in target.answers(feed, Fit(reading.fitting, target.sensor)):
            tally.add(window, fitted, answer, None)
            if not early and time.monotonic() - started >= EARLY_S:
                early = f"after {EARLY_S:g} s {_peaks(feed.pid)}, "
        memory = f"peak memory: {early}in the end {_peaks(feed.pid)}"
        sent: Sent = theirs.recv()
        sender.join()
    counts = feed.counts
    lost = sent.datagrams - counts.datagrams
    print(
        f"asked for {options.rate:,.0f} events/s as {options.udp_format}; sent {sent.events:,} in "
        f"{sent.datagrams:,} datagrams and {sent.seconds:.1f} s: "
        f"{sent.events / sent.seconds:,.0f} events/s"
    )
    print(
        f"lost {lost:,} datagrams ({lost / sent.datagrams:.4%}), of which the system tells of "
        f"{counts.lost:,}"
    )
    print("\n".join(tally.summary(counts, "datagrams")))
    print(memory)
    return 0


def _peaks(feed: int) -> str:
    """Most memory so far of this process and of the one that takes the stream."""
    if sys.platform != "linux":
        return "not known"
    mine, theirs = (_peak_mb(pid) for pid in (os.getpid(), feed))
    return f"{mine:,.1f} MB with the engine, {theirs:,.1f} MB where the stream is taken"


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024
