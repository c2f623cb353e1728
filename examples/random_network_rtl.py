"""A small network of random weights through the RTL, compared with the golden model spike by spike.

    python examples/random_network_rtl.py [SEED]

Its classes mean nothing; its spikes must be right. The first run builds a simulator in ./build.
"""

import sys

from tickless import golden, load
from tickless.gen.configure import design_factory
from tickless.gen.plan import plan
from tickless.gen.request import DesignRequest
from tickless.sim.compare import compare
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.untrained import untrained_network

LAYERS = [LayerSpec("conv2d", 2, kernel=3, stride=2, padding=1, pool=2), LayerSpec("readout", 10)]
RECORDINGS = 2


def main(seed: str = "1") -> None:
    """Print what the RTL answered, and whether anything differs."""
    recordings = [events for events, _ in load("saccades", "test")[:RECORDINGS]]
    samples = [events.addresses for events in recordings]
    network = untrained_network(recordings[0].sensor, LAYERS, samples, int(seed))
    design = plan(network, DesignRequest())  # fully parallel
    link = design.cores[0].input_link

    [record] = simulate(
        [design_factory(design, network)],
        [[pack_sample(link, addresses) for addresses in samples]],
        optimize=False,  # for a few samples, the compiler would take longer than the simulation
    )
    traces = [golden.run(network, addresses) for addresses in samples]
    comparison = compare(traces, record.samples)
    for trace in traces:
        print(f"{len(trace.layers[0].spikes):,} spikes, logits {trace.logits.tolist()}")
    print("differs: " + comparison.difference if comparison.difference else "equal to the bit")


if __name__ == "__main__":
    main(*sys.argv[1:])
