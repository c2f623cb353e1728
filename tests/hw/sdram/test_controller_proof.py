"""Proof that the SDRAM controller never breaks a rule of the part, whatever it is asked to do."""

from dataclasses import replace

import pytest
from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, prove, refute, register
from tickless.hw.sdram.controller import SdramController, State, refresh_due
from tickless.hw.sdram.rules import BANKS, SdramRules
from tickless.hw.sdram.timing import AS4C16M16SA_7, INIT_REFRESHES, Clocks

CLOCKS_MHZ = (20, 60, 75, 133)


def watched(clocks: Clocks) -> tuple[Module, list[Value]]:
    """Controller and the rules of its part, with requests and words at any time."""
    m = Module()
    controller, rules = SdramController(clocks), SdramRules(clocks)
    m.submodules.controller = inside = freeze(controller)
    m.submodules.rules = watching = freeze(rules)
    m.d.comb += [rules.command.eq(controller.command), claim(rules.broken == 0)]

    state, wait = register(inside, "state"), register(inside, "wait")
    ready, due = register(inside, "ready"), Signal()
    interval, until_refresh = refresh_due(clocks), register(inside, "until_refresh")
    close, reopen = register(inside, "close"), register(inside, "reopen")
    access, write = register(inside, "access"), register(inside, "write")
    address = register(inside, "address")

    def of_rules(name: str) -> Signal:
        return register(watching, name)

    def within(*states: State) -> Value:
        found: Value = state == states[0]
        for each in states[1:]:
            found = found | (state == each)
        return found

    # The controller's waiting times are no shorter than what is left of the part's.
    opened, driven, age = of_rules("opened"), of_rules("driven"), of_rules("age")
    row_open = within(State.ACCESS, State.CLOSE)
    before = within(State.POWER_UP, State.CLOSE_ALL)
    m.d.comb += [
        due.eq(ready & (until_refresh == 0)),
        claim(state <= State.CLOSE.value),
        claim((state != State.POWER_UP) | (of_rules("power_up") == wait)),
        claim((state == State.POWER_UP) | (of_rules("power_up") == 0)),
        claim(of_rules("blocked") <= wait),
        claim(~row_open | (wait == 0)),
        claim((state != State.ACCESS) | (opened == (1 << address[9:11])[:BANKS])),
        claim(row_open | (opened == 0)),
        claim(of_rules("mode_set") == ready),
        claim(of_rules("closed_once") == ~before),
        claim(of_rules("refreshes") == register(inside, "refreshes")),
        claim(~before | (of_rules("refreshes") == 0)),
        claim(ready | within(State.POWER_UP, State.CLOSE_ALL, State.REFRESH, State.MODE)),
        claim(~ready | within(State.REFRESH, State.IDLE, State.ACCESS, State.CLOSE)),
        claim(~ready | (of_rules("refreshes") == INIT_REFRESHES)),
        claim((state != State.MODE) | (of_rules("refreshes") == INIT_REFRESHES)),
        claim((state != State.REFRESH) | ready | (of_rules("refreshes") < INIT_REFRESHES)),
        claim((state != State.REFRESH) | ~ready | due),
        claim(driven <= close + 1),
        claim(row_open | (driven == 0)),
        claim(~row_open | ~write | (driven == 0)),
        claim((state != State.CLOSE_ALL) | (wait == 0)),
    ]
    for bank in range(BANKS):
        m.d.comb += [
            claim(of_rules(f"activate_{bank}") <= reopen),
            claim(of_rules(f"closed_{bank}") <= wait),
            claim(of_rules(f"access_{bank}") <= access),
            claim(of_rules(f"precharge_{bank}") <= close),
            claim(row_open | (of_rules(f"precharge_{bank}") == 0)),
        ]
    # A refresh that is due comes in time.
    closing = clocks.precharge_to_activate
    longest_close = max(
        clocks.activate_to_precharge, clocks.write_to_precharge, clocks.cas_latency + 1
    )
    longest_wait = max(clocks.refresh_to_any, clocks.mode_to_any, clocks.precharge_to_activate)
    m.d.comb += [
        claim(close < longest_close),
        claim(~ready | (wait < longest_wait)),
        claim(until_refresh <= interval),
        claim(ready | (age == 0)),
        claim(~ready | due | (age + until_refresh <= interval)),
    ]
    for each, left in (
        (State.REFRESH, wait),
        (State.IDLE, wait + 1),
        (State.CLOSE, close + closing),
        (State.ACCESS, close + closing + 1),
    ):
        with m.If(due & (state == each)):
            m.d.comb += claim(age + left <= clocks.refresh_interval)
    i, w = controller.request, controller.w
    return m, [i.valid, Value.cast(i.payload), w.valid, w.payload, controller.read]


@pytest.mark.parametrize("clock_mhz", CLOCKS_MHZ)
def test_no_rule_is_ever_broken(clock_mhz):
    """Unbounded, by induction."""
    prove(*watched(AS4C16M16SA_7.clocks(clock_mhz * 10**6)), depth=2)


@pytest.mark.parametrize(
    "name",
    [
        "activate_to_precharge",
        "activate_to_access",
        "precharge_to_activate",
        "write_to_precharge",
        "refresh_to_any",
    ],
)
def test_a_controller_for_a_faster_part_breaks_a_rule(name):
    """So that the proof above is about something."""
    short = {"power_up": 3, "refresh_interval": 35, "write_to_precharge": 2}
    part = replace(AS4C16M16SA_7.clocks(60_000_000), **short)
    fast = replace(part, **{name: getattr(part, name) - 1})
    m = Module()
    controller, rules = SdramController(fast), SdramRules(part)
    m.submodules += [controller, rules]
    m.d.comb += [rules.command.eq(controller.command), claim(rules.broken == 0)]
    i, w = controller.request, controller.w
    free = [i.valid, Value.cast(i.payload), w.valid, w.payload, controller.read]
    refute(m, free, depth=75)
