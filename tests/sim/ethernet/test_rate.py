"""Recordings through a board's Ethernet pins: the rate and the delay that the pages state."""

import numpy as np
import pytest

from tests.random_networks import random_network
from tests.sim.ethernet.boards import CLOCK_HZ, RgmiiBench, simulate_rgmii
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.fit import fit_to_board
from tickless.hw.ethernet.config import EthernetConfig
from tickless.sw.data.catalog import load
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network

PHY_HZ = 125_000_000


def stream(network, config, samples, folder, optimize=False):
    """Seconds for all samples, from the first datagram to the last answer's end; and for one of ten
    events, which wait for nothing, clocks of the PHY between its last datagram and its answer."""
    paths = []
    for index, events in enumerate([*samples, samples[0][:10]]):
        paths.append(str(folder / f"sample_{index}.npy"))
        np.save(paths[-1], events)
    outcomes = [
        simulate_rgmii(RgmiiBench(network, config), {"steps": steps}, folder, optimize)
        for steps in ([{"samples": paths[:-1]}], [{"samples": paths[-1:]}])
    ]
    logits = [engine.run(network, events).logits.tolist() for events in samples]
    assert [answer["logits"] for answer in outcomes[0]["answers"]] == logits
    frames = outcomes[0]["frames"]
    answered = [end for _, end, pin, count in frames if pin == "tx_ctl" and count]
    seconds = 1e-9 * (answered[-1] - frames[0][0])
    frames = outcomes[1]["frames"]
    *_, sent = (end for _, end, pin, count in frames if pin == "rx_ctl" and count)
    *_, answer = (start for start, _, pin, count in frames if pin == "tx_ctl" and count)
    return seconds, (answer - sent) * 1e-9 * PHY_HZ


def test_an_event_takes_a_clock_a_byte_and_an_answer_follows_its_sample_at_once(tmp_path):
    network = random_network(np.random.default_rng(2), layers=1, size=34)
    config = chain_config(network, fold_fully(network))
    rng = np.random.default_rng(1)
    channels, height, width = network.input_shape
    samples = [
        rng.integers(0, (channels, height, width), (3000, 3)).astype(np.int32) for _ in range(4)
    ]
    seconds, clocks = stream(network, config, samples, tmp_path)
    events = sum(map(len, samples))
    print(f"{seconds * CLOCK_HZ / events:.3f} clocks an event, {clocks:.0f} clocks to the answer")
    assert seconds * CLOCK_HZ / events < 2.5  # an event is two bytes
    assert clocks < 700


@pytest.mark.long
def test_five_thousand_recordings_a_second_on_an_ecpix5(tmp_path):
    network = Network.load(PRETRAINED / "nmnist.safetensors")
    samples = [events.addresses for events, _ in load("nmnist", "test")[:10]]
    activity = measure_activity(network, samples)
    board = BOARDS["ecpix5-85f"].over_udp(EthernetConfig())
    assert board.clock_hz == CLOCK_HZ
    config = chain_config(network, fit_to_board(network, activity, board).foldings)
    seconds, clocks = stream(network, config, samples, tmp_path, optimize=True)
    events = sum(map(len, samples))
    print(
        f"{len(samples) / seconds:,.0f} samples/s, {events / seconds:,.0f} events/s, "
        f"{clocks:.0f} clocks of the PHY from a sample's last datagram to its answer's"
    )
    assert len(samples) / seconds >= 5_000
