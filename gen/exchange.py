"""Quadratic assignment by exchanges of pairs, for few nodes with traffic on many seats."""

import numpy as np

__all__ = ["exchange"]

ROUNDING = 1e-9
"""Share of the cost below which a difference may be one of rounding."""


def exchange(
    traffic: np.ndarray, distance: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Seats of nodes and their cost, with which no exchange of two nodes makes it lower.

    Node 0 keeps seat 0; the others begin on random ones. The first exchange that lowers the cost is
    taken, in the order of the nodes, and the search begins anew.

    This is method ``2opt`` of ``scipy.optimize.quadratic_assignment``, with the same result. That
    one computes the whole cost for each pair of nodes, 36 s for a few cores on 400 tiles: here
    nodes without traffic are not exchanged with each other, and the whole cost is computed where
    what the two nodes send and receive does not already become more expensive.

    Parameters
    ----------
    traffic : numpy.ndarray
        float64 ``[n, n]``: from each node to each; zero for nodes that only leave their seats free,
        which stand behind the others.
    distance : numpy.ndarray
        ``[n, n]``: from each seat to each, symmetric.
    rng : numpy.random.Generator
        Draws the seats to begin with.

    Returns
    -------
    tuple of numpy.ndarray and float
        ``[n]`` seats, and the sum of traffic times distance.
    """
    count = len(traffic)
    busy = int(np.flatnonzero(traffic.any(0) | traffic.any(1)).max(initial=0)) + 1
    both_ways = (traffic + traffic.T)[:, :busy]
    np.fill_diagonal(both_ways, 0.0)
    seat = np.concatenate([[0], rng.permutation(np.arange(1, count))])

    def cost() -> float:
        return float(np.sum(traffic * distance[seat][:, seat]))

    def better(first: int) -> float | None:
        """Exchange a node with one behind it, if that lowers the cost; the new cost."""
        behind = np.arange(first + 1, count)
        way = distance[seat[:, None], seat[None, :busy]]
        change = (both_ways[first] - both_ways[behind]) * (way[behind] - way[first])
        # What the two send to each other goes as far as before.
        change[:, first] = 0.0
        pair = behind[behind < busy]
        change[pair - first - 1, pair] = 0.0
        for second in behind[change.sum(axis=1) < ROUNDING * now]:
            seat[[first, second]] = seat[[second, first]]
            if (new := cost()) < now:
                return new
            seat[[first, second]] = seat[[second, first]]
        return None

    now = cost()
    while True:
        found = next((new for node in range(1, busy) if (new := better(node)) is not None), None)
        if found is None:
            return seat, now
        now = found
