"""Proofs: what they come to."""

import pytest
from amaranth.hdl import Module, Signal

from tests.hw.fabric.proof import ProofError, claim, given, prove, refute


def steps(limit, *, start=0, stays=False):
    """Counter that a free signal moves on below 5, which claims to stay below a limit."""
    m, count, free = Module(), Signal(4, init=start), Signal()
    with m.If(count != 5):
        m.d.sync += count.eq(count + free)
    if stays:
        m.d.comb += given(~free)
    m.d.comb += claim(count < limit)
    return m, [free]


def test_a_claim_that_holds_is_proved():
    prove(*steps(6), depth=2)


def test_what_is_assumed_is_assumed():
    prove(*steps(4, stays=True), depth=1)


def test_a_claim_that_does_not_hold_is_refuted_at_its_clock():
    refute(*steps(5), depth=6)
    prove(*steps(5), depth=5, bounded=True)


def test_a_register_begins_at_its_value():
    refute(*steps(8, start=8), depth=1)


def test_an_induction_that_does_not_close_proves_nothing():
    with pytest.raises(ProofError, match=r"^UNKNOWN in .*: expected PASS"):
        prove(*steps(8), depth=2)


def test_the_log_of_a_failure_names_the_line_of_the_claim():
    with pytest.raises(ProofError, match=r"(?s)^FAIL in .*: expected PASS.*test_proof\.py:\d+ "):
        prove(*steps(5), depth=6)
