"""The page of boards says what is predicted for them."""

import os
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.options import sourced_activity
from tickless.gen.performance import predict
from tickless.gen.plan import plan
from tickless.gen.request import DesignRequest
from tickless.sw.integer.network import PRETRAINED, Network

PAGE = (ROOT / "docs/board.md").read_text()

ROWS = re.findall(
    r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \| `([\w-]+)` \| (\d+) \| ([\d,]+), ([\d,]+) "
    r"\| ([\d,]+), ([\d,]+) \| ",
    PAGE,
    re.MULTILINE,
)
"""Of the table of rates: boards, network, clock in MHz, and events and samples a second of the
cores and of the serial port."""


@pytest.fixture(scope="module")
def activities():
    root = os.environ.get("TICKLESS_DATA")
    if not root or not Path(root, "NMNIST").is_dir():
        pytest.skip("no N-MNIST recordings in TICKLESS_DATA")
    return {
        name: sourced_activity(Network.load(PRETRAINED / f"{name}.safetensors"), ())
        for name in {row[1] for row in ROWS}
    }


def test_every_board_has_its_rates():
    named = {name for row in ROWS for name in re.findall(r"`([\w-]+)`", row[0])}
    assert named == set(BOARDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_rates_are_those_predicted(activities, row):
    boards, name, mhz, *rates = row
    network = Network.load(PRETRAINED / f"{name}.safetensors")
    for board in (BOARDS[board] for board in re.findall(r"`([\w-]+)`", boards)):
        assert board.clock_hz == int(mhz) * 1_000_000
        config = plan(network, DesignRequest(board=board), activities[name])
        baud = board.host_config(board.clock_hz).baud
        predicted = predict(network, config, activities[name], board.clock_hz, baud)
        assert rates == [
            f"{rate:,.0f}"
            for rate in (
                predicted.events_per_second_by_cores,
                predicted.samples_per_second_by_cores,
                predicted.events_per_second_by_host_link,
                predicted.samples_per_second_by_host_link,
            )
        ]


def test_rates_of_serial_ports_are_those_of_the_boards():
    stated = dict.fromkeys(BOARDS, 0)
    rows = re.findall(
        r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \| [^|]+ \| [^|]+ \| ([\d,]{9,})", PAGE, re.MULTILINE
    )
    for names, baud in rows:
        for name in re.findall(r"`([\w-]+)`", names):
            stated[name] = int(baud.replace(",", ""))
    assert stated == {
        name: board.host_config(board.clock_hz).baud for name, board in BOARDS.items()
    }
