"""Proofs of an AXI bridge: the rules of its streams, and an answer to every access."""

from typing import Any

from amaranth.hdl import Module, Signal, Value

from tests.hw.axi.shapes import small
from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.axi.bridge import AxiBridge


def before(m: Module, value: Value, name: str) -> Signal:
    """A value as it was a clock ago."""
    later = Signal(len(value), name=f"{name}_before")
    m.d.sync += later.eq(value)
    return later


def stands_still(m: Module, stream: Any, name: str, statement) -> None:
    """What is offered stays, as it is, until it is taken."""
    payload = Value.cast(stream.payload)
    waited = before(m, stream.valid & ~stream.ready, f"{name}_waits")
    offered = before(m, payload, name)
    with m.If(waited):
        m.d.comb += statement(stream.valid & (payload == offered))


def bridge_between_anything() -> tuple[Module, list[Value], Any, Any]:
    """Bridge whose manager, streams and design do anything that the rules of streams allow."""
    m = Module()
    bridge: Any = AxiBridge(small())
    m.submodules.bridge = fragment = freeze(bridge)
    bus = bridge.bus
    arriving = {"aw": bus.aw, "w": bus.w, "ar": bus.ar, "answers": bridge.answers}
    free: list[Value] = []
    for name, stream in (*arriving.items(), ("beats", bridge.beats)):
        stands_still(m, stream, name, given)
        free += [stream.valid, Value.cast(stream.payload)]
    for stream in (bus.b, bus.r, bridge.words, bridge.packets, bridge.load):
        free.append(stream.ready)
    free += [Value.cast(bridge.counters), bridge.skipped, Value.cast(bridge.load_counters)]
    return m, free, bridge, fragment


def test_whatever_the_bridge_offers_stands_still():
    """Unbounded: on both streams, both responses, and towards the design."""
    m, free, bridge, _ = bridge_between_anything()
    streams = (bridge.bus.b, bridge.bus.r, bridge.words, bridge.packets, bridge.load)
    for number, stream in enumerate(streams):
        stands_still(m, stream, f"leaving_{number}", claim)
    prove(m, free, depth=2)


def counted(m: Module, name: str, begins: Value, ends: Value) -> Signal:
    """What has begun and not ended."""
    under_way = Signal(2, name=name)
    m.d.sync += under_way.eq(under_way + begins - ends)
    return under_way


def accesses(m: Module, bridge: Any, fragment: Any, clocks: int = 2) -> None:
    """Asserts that each access is answered once: a read within so many clocks, a write a clock
    after what it sends is taken."""
    bus, lite = bridge.bus, ("registers", "lite")
    done_b = bus.b.valid & bus.b.ready
    reads = counted(m, "reads", bus.ar.valid & bus.ar.ready, bus.r.valid & bus.r.ready)
    addresses = counted(m, "addresses", bus.aw.valid & bus.aw.ready, done_b)
    words = counted(m, "words", bus.w.valid & bus.w.ready, done_b)
    busy, addressed, filled = (
        register(fragment, *lite, name) for name in ("busy", "addressed", "filled")
    )
    m.d.comb += [
        claim(reads == busy),
        claim(addresses == addressed),
        claim(words == filled),
        claim(~bus.r.valid | busy),
        claim(~bus.b.valid | (addressed & filled)),
    ]
    asked = before(m, bus.ar.valid & bus.ar.ready, "asked")
    with m.If(asked if clocks == 1 else before(m, asked, "asked_earlier")):
        m.d.comb += claim(bus.r.valid)
    # Of a chunk that goes on: once.
    ready = (addressed & filled & ~bus.b.valid) & ~(bridge.load.valid & ~bridge.load.ready)
    m.d.comb += claim(~bridge.load.valid | (addressed & filled & ~bus.b.valid))
    with m.If(before(m, ready, "ready")):
        m.d.comb += claim(bus.b.valid)


def test_every_access_is_answered_once_and_at_once():
    m, free, bridge, fragment = bridge_between_anything()
    accesses(m, bridge, fragment)
    prove(m, free, depth=3)


def test_an_answer_that_is_too_late_is_found():
    m, free, bridge, fragment = bridge_between_anything()
    accesses(m, bridge, fragment, clocks=1)
    refute(m, free, depth=6)
