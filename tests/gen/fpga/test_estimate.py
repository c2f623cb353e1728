import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config
from tickless.gen.folding import Folding
from tickless.gen.fpga.estimate import Part, core_part, estimate, host_part, map_memories
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.gen.fpga.families.gowin import GOWIN
from tickless.gen.fpga.families.ice40 import ICE40
from tickless.gen.fpga.link import UdpLink
from tickless.hw.board.rgmii import RgmiiDelays
from tickless.hw.copies import QUEUE_DEPTH
from tickless.hw.host.messages import event_message
from tickless.hw.host.system import HostConfig


@pytest.mark.parametrize(
    ("family", "words", "width", "blocks", "lutrams"),
    [
        (ECP5, 512, 36, 1, 0),
        (ECP5, 512, 37, 2, 0),
        (ECP5, 16384, 13, 13, 0),
        (ECP5, 25, 292, 0, 2 * 73),
        (ECP5, 32, 100, 0, 2 * 25),
        (GOWIN, 512, 36, 1, 0),
        (GOWIN, 1734, 60, 7, 0),
        (GOWIN, 32, 100, 0, 2 * 25),
        (ICE40, 256, 16, 1, 0),
        (ICE40, 972, 18, 5, 0),
        (ICE40, 32, 17, 2, 0),
    ],
)
def test_memories_go_where_yosys_puts_them(family, words, width, blocks, lutrams):
    mapped = map_memories(Part("core", {}, ((words, width),)), family)
    assert mapped.block_rams == blocks
    assert mapped.features.get("lutrams", 0) == lutrams
    mapped = map_memories(Part("core", {}, blocks=((words, width),)), family)
    assert mapped.block_rams > 0
    assert mapped.features.get("lutrams", 0) == 0


def test_small_constants_are_logic():
    small = map_memories(Part("core", {}, constants=((108, 8),)), ICE40)
    assert (small.block_rams, small.features["constant bits"]) == (0, 864)
    large = map_memories(Part("core", {}, constants=((1296, 8),)), ICE40)
    assert (large.block_rams, large.features["constant bits"]) == (3, 0)


def test_single_port_memory_is_spram_where_there_is_some():
    part = Part("core", {}, single_port=((1734, 16), (486, 18)))
    assert map_memories(part, ICE40).sprams == 1 + 2
    assert map_memories(part, ICE40).block_rams == 0
    assert map_memories(part, ECP5).block_rams == 2 + 1


@pytest.mark.parametrize("family", [ECP5, GOWIN, ICE40], ids=lambda family: family.name)
def test_every_feature_of_a_design_has_a_coefficient(family):
    network = random_network(np.random.default_rng(3))
    foldings = [Folding(1, 1, not layer.is_readout) for layer in network.layers]
    config = chain_config(network, foldings)
    host = HostConfig(24_000_000, stored_events=100)
    parts = [*(core_part(core) for core in config.cores), host_part(config.cores, host)]
    for part in parts:
        assert set(map_memories(part, family).features) <= set(family.coefficients[part.kind])
    needed = estimate(parts, family)
    assert needed.logic_cells > 0
    alone = [estimate([part], family) for part in parts]
    assert needed.block_rams == sum(one.block_rams for one in alone)


def test_ethernet_has_its_coefficients_and_memories():
    [part] = UdpLink(RgmiiDelays()).parts
    assert set(map_memories(part, ECP5).features) <= set(ECP5.coefficients[part.kind])
    needed = estimate([part], ECP5)
    assert needed.block_rams == 4 + 2
    assert needed.logic_cells > 1_000


def test_events_are_stored_in_whole_bytes():
    network = random_network(np.random.default_rng(3), size=10)
    config = chain_config(network, [Folding(1, 1)] * len(network.layers))
    event = event_message(config.cores[0].input_link)
    assert event["spare"].width > 0
    part = host_part(config.cores, HostConfig(24_000_000, stored_events=2048))
    assert part.single_port == ((2048, 8 * -(-event.size // 8)),)


def test_copies_have_queues_and_counters():
    network = random_network(np.random.default_rng(3), size=10)
    cores = chain_config(network, [Folding(1, 1)] * len(network.layers)).cores
    host = HostConfig(24_000_000)
    one, two = host_part(cores, host), host_part(cores * 2, host, 2)
    assert two.features["counter bits"] == 2 * one.features["counter bits"]
    width = cores[0].input_link.layout.size
    assert two.queues == (*one.queues, *[(QUEUE_DEPTH, width)] * 2)
    more = estimate([two], ECP5).block_rams - estimate([one], ECP5).block_rams
    assert more == 2 * -(-QUEUE_DEPTH * width // (18 * 1024)), "no LUT RAM as deep"
