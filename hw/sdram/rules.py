"""Rules of an SDRAM part: watches its commands, and says which rules one of them breaks."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.sdram.timing import (
    BANK_BITS,
    COMMAND_LAYOUT,
    INIT_REFRESHES,
    PRECHARGE_ALL,
    Clocks,
    Command,
)

__all__ = ["RULES", "SdramRules"]

RULES = (
    "a command before the power-up time is over",
    "a command too soon behind REFRESH or MODE",
    "ACTIVATE, READ or WRITE before the mode is set",
    "MODE before all banks were closed and refreshed often enough, or for a second time",
    "ACTIVATE of an open bank",
    "ACTIVATE too soon behind PRECHARGE or ACTIVATE of its bank",
    "READ or WRITE of a closed bank",
    "READ or WRITE too soon behind ACTIVATE",
    "READ or WRITE that closes its bank by itself",
    "WRITE while a word that was read may still be driven",
    "PRECHARGE too soon behind ACTIVATE or WRITE",
    "REFRESH or MODE of an open bank, or too soon behind PRECHARGE",
    "no REFRESH in time",
)
"""What each bit of `SdramRules.broken` says."""

BANKS = 1 << BANK_BITS


class SdramRules(wiring.Component):
    """Rules of an SDRAM part.

    Parameters
    ----------
    clocks : Clocks
        Timing of the part.

    Members
    -------
    command : In(COMMAND_LAYOUT)
        The command of this clock.
    broken : Out
        A bit for each of `RULES`: whether the command of this clock, or its absence, breaks it.
    """

    command: Any
    broken: Signal

    def __init__(self, clocks: Clocks):
        self.clocks = clocks
        super().__init__({"command": In(COMMAND_LAYOUT), "broken": Out(len(RULES))})

    def elaborate(self, platform):
        m = Module()
        clocks, command = self.clocks, self.command
        kind = {each: Signal(name=f"is_{each.name.lower()}") for each in Command}
        m.d.comb += [signal.eq(command.kind == each) for each, signal in kind.items()]
        accesses = kind[Command.READ] | kind[Command.WRITE]
        to_all = kind[Command.REFRESH] | kind[Command.MODE]

        def countdown(name: str, most: int, init: int = 0) -> Signal:
            left = Signal(range(most + 1), name=name, init=init)
            m.d.sync += left.eq(Mux(left == 0, 0, left - 1))
            return left

        power_up = countdown("power_up", clocks.power_up, clocks.power_up)
        blocked = countdown("blocked", max(clocks.refresh_to_any, clocks.mode_to_any))
        driven = countdown("driven", clocks.cas_latency + 1)
        opened = Signal(BANKS)
        closed_once = Signal()
        refreshes = Signal(range(INIT_REFRESHES + 1))
        mode_set = Signal()
        age = Signal(range(clocks.refresh_interval + 1))
        bank_rules = []
        for bank in range(BANKS):
            mine = command.bank == bank
            closing = kind[Command.PRECHARGE] & (mine | command.address[PRECHARGE_ALL])
            activating = kind[Command.ACTIVATE] & mine
            accessing = accesses & mine
            activate = countdown(
                f"activate_{bank}",
                max(clocks.activate_to_activate, clocks.precharge_to_activate),
            )
            closed = countdown(f"closed_{bank}", clocks.precharge_to_activate)
            access = countdown(f"access_{bank}", clocks.activate_to_access)
            precharge = countdown(
                f"precharge_{bank}", max(clocks.activate_to_precharge, clocks.write_to_precharge)
            )
            with m.If(activating):
                m.d.sync += [
                    opened[bank].eq(1),
                    activate.eq(clocks.activate_to_activate - 1),
                    access.eq(clocks.activate_to_access - 1),
                    precharge.eq(clocks.activate_to_precharge - 1),
                ]
            with m.If(kind[Command.WRITE] & mine & (precharge < clocks.write_to_precharge)):
                m.d.sync += precharge.eq(clocks.write_to_precharge - 1)
            with m.If(closing):
                m.d.sync += [opened[bank].eq(0), closed.eq(clocks.precharge_to_activate - 1)]
            bank_rules.append(
                {
                    4: activating & opened[bank],
                    5: activating & ((activate != 0) | (closed != 0)),
                    6: accessing & ~opened[bank],
                    7: accessing & (access != 0),
                    10: closing & (precharge != 0),
                    11: to_all & (opened[bank] | (closed != 0)),
                }
            )
        with m.If(kind[Command.PRECHARGE] & command.address[PRECHARGE_ALL]):
            m.d.sync += closed_once.eq(1)
        with m.If(kind[Command.REFRESH]):
            m.d.sync += [blocked.eq(clocks.refresh_to_any - 1), age.eq(0)]
            with m.If(closed_once & (refreshes < INIT_REFRESHES)):
                m.d.sync += refreshes.eq(refreshes + 1)
        with m.Elif(mode_set & (age < clocks.refresh_interval)):
            m.d.sync += age.eq(age + 1)
        with m.If(kind[Command.MODE]):
            m.d.sync += [blocked.eq(clocks.mode_to_any - 1), mode_set.eq(1)]
        with m.If(kind[Command.READ]):
            m.d.sync += driven.eq(clocks.cas_latency + 1)

        rules = {
            0: ~kind[Command.NOP] & (power_up != 0),
            1: ~kind[Command.NOP] & (blocked != 0),
            2: (kind[Command.ACTIVATE] | accesses) & ~mode_set,
            3: kind[Command.MODE] & (~closed_once | (refreshes < INIT_REFRESHES) | mode_set),
            8: accesses & command.address[PRECHARGE_ALL],
            9: kind[Command.WRITE] & (driven != 0),
            12: mode_set & ~kind[Command.REFRESH] & (age == clocks.refresh_interval),
        }
        for number in bank_rules[0]:
            rules[number] = Cat(of_bank[number] for of_bank in bank_rules).any()
        m.d.comb += self.broken.eq(Cat(rules[number] for number in range(len(RULES))))
        return m
