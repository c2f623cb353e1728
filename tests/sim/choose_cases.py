"""Few random cases that are examples of every kind: ``python -m tests.sim.choose_cases meshes``.

What the generators of random networks and meshes draw changes as they do; the seeds in the tests
are chosen anew then.
"""

import sys

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.sim import test_random_meshes, test_random_networks
from tickless.hw.config import DesignConfig
from tickless.hw.fabric.config import MeshConfig
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__: list[str] = []

SEEDS = range(1200)
"""Ten minutes; of more seeds, fewer and smaller cases are examples of every kind."""

TIMES = 2
"""Examples of each kind, where there are as many."""


def cost(network: Network, config: DesignConfig, samples: list) -> float:
    """Time of a case, in that of building 1,000 characters of Verilog: about as many as its parts
    have."""
    traces = [engine.run(network, events) for events, _ in samples]
    events = sum(layer.events for trace in traces for layer in trace.layers)
    events += sum(trace.readout_events for trace in traces)
    cores = sum(80 + 20 * len(core.edges) + 6 * core.lanes * core.taps for core in config.cores)
    tiles = 55 * config.rows * config.columns if isinstance(config, MeshConfig) else 0
    return 40 + cores + tiles + events / 100


def choose(kinds: dict[int, set[str]], costs: dict[int, float]) -> list[int]:
    """The cheapest seeds with enough examples of each kind, ascending."""
    all_kinds = sorted(set().union(*kinds.values()))
    examples = np.array([[kind in kinds[seed] for seed in kinds] for kind in all_kinds])
    wanted = np.minimum(TIMES, examples.sum(axis=1))
    found = milp(
        [costs[seed] for seed in kinds],
        integrality=np.ones(len(kinds)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(examples.astype(float), wanted, np.inf),
    )
    return [seed for seed, chosen in zip(kinds, found.x, strict=True) if chosen > 0.5]


if __name__ == "__main__":
    tests = {"meshes": test_random_meshes, "networks": test_random_networks}[sys.argv[1]]
    kinds = {seed: tests.kinds(seed) & tests.KINDS for seed in SEEDS}
    costs = {seed: cost(*tests.random_case(seed)) for seed in SEEDS}
    print(*choose(kinds, costs))
    print("missing:", *sorted(tests.KINDS.difference(*kinds.values())))
