import numpy as np
import pytest
from scipy.optimize import quadratic_assignment

from tickless.gen.exchange import exchange


def seats(rows, columns):
    """Distances on a mesh, from a host above its first tile."""
    places = [(0, 0), *((row, column) for row in range(1, rows + 1) for column in range(columns))]
    return np.array([[abs(a[0] - b[0]) + abs(a[1] - b[1]) for b in places] for a in places])


def traffic(rng, nodes, size, integers):
    """Between some of the nodes, each of which takes part."""
    found = np.zeros((size, size))
    for node in range(nodes):
        for other in rng.permutation(nodes)[:2]:
            if node != other:
                found[node, other] += rng.integers(1, 5) if integers else rng.integers(1, 50) / 10
    return found


@pytest.mark.parametrize("seed", range(24))
def test_the_result_is_scipy_s_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    distance = seats(*rng.integers(1, 6, 2))
    size = len(distance)
    sent = traffic(rng, int(rng.integers(1, size + 1)), size, seed % 2 == 0)
    theirs = quadratic_assignment(
        sent,
        distance,
        method="2opt",
        options={"partial_match": np.array([[0, 0]]), "rng": np.random.default_rng(seed)},
    )
    seat, cost = exchange(sent, distance, np.random.default_rng(seed))
    assert seat.tolist() == theirs.col_ind.tolist()
    assert cost == theirs.fun


def test_a_large_mesh_takes_few_costs(monkeypatch):
    distance = seats(20, 20)
    sent = traffic(np.random.default_rng(0), 5, len(distance), integers=False)
    whole, summed = np.sum, []
    monkeypatch.setattr(np, "sum", lambda *arguments: summed.append(1) or whole(*arguments))
    seat, cost = exchange(sent, distance, np.random.default_rng(0))
    assert sorted(seat.tolist()) == list(range(401))
    assert cost == whole(sent * distance[seat][:, seat])
    # Of 80,000 pairs, once at the least.
    assert len(summed) < 2000
