"""Proofs: one that was found is not searched again, anything else is."""

import pytest
from amaranth.hdl import Module, Signal

from tests.hw.fabric import proof


@pytest.fixture
def searched(tmp_path, monkeypatch):
    """Modes of the searches; nothing is searched, and each comes to FAIL."""
    monkeypatch.chdir(tmp_path)
    modes = []

    def run(text, mode, depth, place):
        modes.append(mode)
        return "FAIL", ""

    monkeypatch.setattr(proof, "_run", run)
    return modes


def counter(limit):
    """A module that claims that a counter stays below a limit, and its free signals."""
    m, count, free = Module(), Signal(4), Signal()
    m.d.sync += count.eq(count + free)
    m.d.comb += proof.claim(count < limit)
    return m, [free]


def test_what_was_found_is_not_searched_again(searched):
    for _ in range(2):
        proof.refute(*counter(9), depth=5)
    assert len(searched) == 1


def test_another_module_depth_or_version_is_searched(searched, monkeypatch):
    proof.refute(*counter(9), depth=5)
    proof.refute(*counter(8), depth=5)
    proof.refute(*counter(9), depth=6)
    monkeypatch.setattr(proof, "version", lambda package: "99")
    proof.refute(*counter(9), depth=5)
    assert len(searched) == 4


def test_what_was_not_found_is_searched_again(searched):
    for bounded in (True, True, False):
        with pytest.raises(proof.ProofError, match=r"FAIL in .*: expected PASS"):
            proof.prove(*counter(9), depth=5, bounded=bounded)
    proof.refute(*counter(9), depth=5)
    assert len(searched) == 4
