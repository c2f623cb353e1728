import gc
import random

import numpy as np
import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tests.random_networks import random_network
from tickless.gen.configure import chain_config, core_contents, layer_cores
from tickless.gen.folding import fold_fully
from tickless.gen.place import place
from tickless.hw.copies import QUEUE_DEPTH, Collector, CopiesConfig, Dealer
from tickless.hw.packet import Kind, LinkConfig, answer_layout

EVENT, READ, END = Kind.EVENT.value, Kind.READ.value, Kind.END.value

LINK = LinkConfig(4, 1, 1, 4)

NETWORK = random_network(np.random.default_rng(1), layers=2)


def lengths(count):
    """Lengths of random samples, some of which are nothing but their END."""
    return [random.Random(index).choice([0, 0, 1, 5, 20]) for index in range(count)]


@pytest.mark.parametrize("receivers", [2, 3])
@pytest.mark.parametrize("taking", PATTERNS)
@pytest.mark.parametrize("offering", PATTERNS)
def test_whole_samples_are_dealt_in_turn(offering, taking, receivers):
    dut = Dealer(LINK.layout, receivers)
    number = 0
    packets, wanted = [], [[] for _ in range(receivers)]
    for sample, length in enumerate(lengths(12)):
        for kind in [EVENT] * length + [END]:
            packets.append({"kind": kind, "mask": number % 16})
            wanted[sample % receivers].append((kind, number % 16))
            number += 1

    def decode(packet):
        return packet.kind.value, packet.mask

    takers = [
        collect(out, len(mine), decode, PATTERNS[taking], receiver)
        for receiver, (out, mine) in enumerate(zip(dut.o, wanted, strict=True))
    ]
    simulate(dut, send(dut.i, packets, PATTERNS[offering], 7), *(process for process, _ in takers))
    assert [taken for _, taken in takers] == wanted


def test_one_that_does_not_take_keeps_no_other_from_its_sample():
    """The first receiver takes nothing; its sample waits in its queue, the next one is dealt."""
    dut = Dealer(LINK.layout, 2)
    packets = [*[{"kind": EVENT}] * (QUEUE_DEPTH - 1), {"kind": END}, {"kind": END}]
    process, taken = collect(dut.o[1], 1, lambda packet: packet.kind, 1.0, 1)
    simulate(dut, send(dut.i, packets, 1.0, 1), process, clocks=QUEUE_DEPTH + 10)
    assert taken == [Kind.END]


@pytest.mark.parametrize("senders", [2, 3])
@pytest.mark.parametrize("taking", PATTERNS)
@pytest.mark.parametrize("offering", PATTERNS)
def test_answers_come_in_the_order_of_the_samples(offering, taking, senders):
    """Each sample's READs are answered before its END, by who got the sample."""
    dut = Collector(answer_layout(2), senders)
    offered, wanted = [[] for _ in range(senders)], []
    for sample, reads in enumerate(lengths(12)):
        for place_in_sample, kind in enumerate([READ] * reads + [END]):
            logits = [sample, place_in_sample]
            offered[sample % senders].append({"kind": kind, "logits": logits})
            wanted.append((kind, logits))

    def decode(answer):
        return answer.kind.value, list(answer.logits)

    process, taken = collect(dut.o, len(wanted), decode, PATTERNS[taking], 1)
    givers = [
        send(each, answers, PATTERNS[offering], sender)
        for sender, (each, answers) in enumerate(zip(dut.i, offered, strict=True))
    ]
    simulate(dut, *givers, process)
    assert taken == wanted


def test_configuration():
    chain = chain_config(NETWORK, fold_fully(NETWORK))
    copies = CopiesConfig(chain, 3)
    assert copies.layers == chain.layers
    assert [core.name for core in copies.cores[: len(chain.cores)]] == [
        f"{core.name}[copy 0]" for core in chain.cores
    ]
    assert len(copies.cores) == 3 * len(chain.cores)
    assert (copies.joins, copies.loadable, copies.mesh) == (chain.joins, False, None)
    mesh = place(2, 2, layer_cores(NETWORK, fold_fully(NETWORK), [1, 1, 1]), [], {})
    assert CopiesConfig(mesh, 2).mesh == mesh


# Amaranth warns of components that were never elaborated, as those here.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_links_say_which_samples_pass_them():
    chain = chain_config(NETWORK, fold_fully(NETWORK))
    contents = core_contents(NETWORK, chain.layers)
    design = CopiesConfig(chain, 2).build(contents)
    one = chain.build(contents)
    assert str(design.links[0]) == "'input' to 'dealer'"
    assert str(design.links[-1]) == "'collector' to 'answers'"
    inner = design.links[1:-1]
    first = NETWORK.layers[0].name
    assert str(inner[0]) == f"'dealer' to '{first}[copy 0]'"
    last = NETWORK.layers[-1].name
    assert str(inner[-1]) == f"'{last}[copy 1]' to 'collector'"
    assert [link.samples for link in inner] == [slice(0, None, 2)] * len(one.links) + [
        slice(1, None, 2)
    ] * len(one.links)
    assert [link.core for link in inner if link.core is not None] == list(range(len(design.cores)))
    assert design.core_layers == one.core_layers * 2
    del design, one
    gc.collect()


def test_refused():
    chain = chain_config(NETWORK, fold_fully(NETWORK))
    for count in (1, 0, 65):
        with pytest.raises(ValueError, match=f"copies = {count}: expected 2..64"):
            CopiesConfig(chain, count)
    with pytest.raises(ValueError, match="no copies itself"):
        CopiesConfig(CopiesConfig(chain, 2), 2)
    layers = layer_cores(NETWORK, fold_fully(NETWORK), [1, 1, 1], loadable=True)
    with pytest.raises(ValueError, match="not loadable"):
        CopiesConfig(place(2, 2, layers, [], {}), 2)
