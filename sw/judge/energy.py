"""Energy of a network's work as the field counts it: an estimate, not a measurement.

Counted are the operations and memory accesses of the measured activity, times published figures of
a 45 nm process at 0.9 V: M. Horowitz, "Computing's energy problem (and what we can do about it)",
ISSCC 2014, figure 1.1.9. Clock, wires between cores, queues and leakage are left out; an FPGA takes
more, a chip of today less. It compares networks with each other, and with what others publish so.
"""

from tickless.sw.integer.network import Network

__all__ = ["NOTE", "energy_uj"]

ADD_8_PJ, ADD_32_PJ = 0.03, 0.1
"""Integer addition of 8 and of 32 bits; between them in proportion."""

BIT_PJ = 10 / 64
"""A bit read from or written to a memory: 64 bits of an SRAM of 8 KB take 10 pJ."""

NOTE = "an estimate: additions and memory accesses by figures for 45 nm (Horowitz, ISSCC 2014)"


def energy_uj(network: Network, sops: float) -> float:
    """Energy of so many synaptic operations, in microjoules.

    Each reads a weight, reads a membrane, adds and writes the membrane back. All are counted with
    the widest of the spiking layers' weights and membranes.
    """
    spiking = network.layers[:-1] or network.layers
    membrane = max(layer.membrane_bits for layer in spiking)
    weight = max(edge.weight_bits for layer in spiking for edge in layer.edges)
    add = ADD_8_PJ + (ADD_32_PJ - ADD_8_PJ) * max(0, membrane - 8) / 24
    return sops * (add + (weight + 2 * membrane) * BIT_PJ) / 1e6
