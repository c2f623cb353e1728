"""Few random cases that are examples of every kind: ``python -m tests.sim.choose_cases meshes``.

What the generators of random networks and meshes draw changes as they do; the seeds in the tests
are chosen anew then.
"""

import sys
from collections import Counter

from tests.sim import test_random_meshes, test_random_networks
from tickless.hw.config import DesignConfig
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__: list[str] = []

SEEDS = range(400)

TIMES = 2
"""Examples of each kind, where there are as many."""

EVENTS = 4000
"""Layer events that take about as long to simulate as their network takes to build."""


def cost(network: Network, config: DesignConfig, samples: list) -> float:
    """Time of a case, in that of building a core."""
    traces = [engine.run(network, events) for events, _ in samples]
    events = sum(layer.events for trace in traces for layer in trace.layers)
    events += sum(trace.readout_events for trace in traces)
    return len(config.cores) * (1 + events / EVENTS)


def choose(kinds: dict[int, set[str]], costs: dict[int, float]) -> list[int]:
    """Seeds, ascending: always the one with most of the missing kinds for its cost, and in the end
    those alone that are needed."""
    have = Counter(kind for found in kinds.values() for kind in found)
    wanted = {kind: min(TIMES, count) for kind, count in have.items()}
    chosen: list[int] = []

    def missing(seeds: list[int]) -> set[str]:
        count = Counter(kind for seed in seeds for kind in kinds[seed])
        return {kind for kind, times in wanted.items() if count[kind] < times}

    while lacking := missing(chosen):
        left = [seed for seed in kinds if seed not in chosen]
        chosen.append(max(left, key=lambda seed: len(kinds[seed] & lacking) / costs[seed]))
    for seed in sorted(chosen, key=lambda seed: -costs[seed]):
        others = [other for other in chosen if other != seed]
        if not missing(others):
            chosen = others
    return sorted(chosen)


if __name__ == "__main__":
    tests = {"meshes": test_random_meshes, "networks": test_random_networks}[sys.argv[1]]
    kinds = {seed: tests.kinds(seed) & tests.KINDS for seed in SEEDS}
    costs = {seed: cost(*tests.random_case(seed)) for seed in SEEDS}
    print(*choose(kinds, costs))
    print("missing:", *sorted(tests.KINDS.difference(*kinds.values())))
