"""Speed of the host's end of a UDP link: events packed, sent and acknowledged, on loopback."""

import argparse
from math import inf

from tickless.errors import InputError
from tickless.progress import stage

__all__ = ["add_options", "main"]

RECORDINGS = 20
"""Recordings whose events are sent again and again."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--seconds", type=float, default=5.0, metavar="N", help="how long, of each")


def main(options: argparse.Namespace) -> int:
    """Print events a second into a sink, and into a board in software that computes."""
    if not 0 < options.seconds < inf:
        raise InputError(f"seconds = {options.seconds:g}: expected more than 0")
    with stage("loading recordings"):
        from tickless.host.link_speed import measure
        from tickless.sw.data.catalog import load

        recordings = load("saccades", "test")
        samples = [recordings[index][0].addresses for index in range(RECORDINGS)]
    for name, computes in (("a sink", False), ("the fast engine", True)):
        events, answers, seconds, losses = measure(samples, computes, options.seconds)
        print(
            f"into {name}: {events / seconds:,.0f} events/s packed, sent and acknowledged, "
            f"{answers / seconds:,.0f} samples/s; {losses}"
        )
    return 0
