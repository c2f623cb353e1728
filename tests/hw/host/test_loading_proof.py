"""Proof that an image is written within its bounds, and never half of it makes a network."""

from amaranth.hdl import Cat, Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.host.loading import ImageLoader
from tickless.hw.host.messages import Command


def any_image(*, fails: bool = True) -> tuple[Module, list[Value]]:
    """Loader of any commands, as the dispatcher gives them, and cores that acknowledge a chunk at
    any time, as written or not.

    Asserts that chunks leave only between LOAD and LOADED, that those on offer stay, that there is
    no network meanwhile, and that LOADED makes one only if every chunk since LOAD was written;
    without ``fails``, that every chunk is.
    """
    m = Module()
    loader = ImageLoader(design=5, network=6, cores=2)
    m.submodules.loader = fragment = freeze(loader)
    control, o = loader.control, loader.o
    names = ("fsm_state", "loading", "failed", "has_network", "before")
    state, loading, failed, has_network, before = (register(fragment, name) for name in names)

    # One chunk is under way, or none; whoever acknowledges it says what became of it.
    under_way = Signal()
    moved = Signal(3)
    acknowledges, written, refused = Signal(), Signal(), Signal()
    comes_back = Signal()
    m.d.comb += [
        comes_back.eq(acknowledges & under_way),
        loader.counters.written.eq(moved[0]),
        loader.counters.unknown.eq(moved[1]),
        loader.counters.refused.eq(moved[2]),
    ]
    all_written = Signal()  # since LOAD
    sends = Signal()
    m.d.comb += sends.eq(o.valid & o.ready)
    with m.If(sends):
        m.d.sync += under_way.eq(1)
    with m.If(comes_back):
        m.d.sync += [
            under_way.eq(0),
            moved.eq(moved ^ Cat(written, ~written & ~refused, ~written & refused)),
        ]
        with m.If(~written):
            m.d.sync += all_written.eq(0)
    with m.If(control.start):
        m.d.sync += all_written.eq(1)

    # The dispatcher: a chunk stays until it is taken, and what is refused is not carried out.
    chunk = Signal.like(control.argument)
    waits = Signal()
    good = control.error == 0
    m.d.sync += [waits.eq(control.chunk_valid & ~control.chunk_ready), chunk.eq(control.argument)]
    m.d.comb += [
        given(~waits | (control.chunk_valid & (control.argument == chunk))),
        given(~control.chunk_valid | (control.command == Command.CHUNKS.value)),
        given(~control.start | ((control.command == Command.LOAD.value) & good)),
        given(~control.finish | ((control.command == Command.LOADED.value) & good)),
    ]

    offered, payload = Signal(), Signal.like(o.payload.as_value())
    m.d.sync += [offered.eq(o.valid & ~o.ready), payload.eq(o.payload.as_value())]
    with m.If(offered):
        m.d.comb += claim(o.valid & (o.payload.as_value() == payload))
    idle, writes, waiting = (state == value for value in range(3))
    m.d.comb += [
        claim(idle | writes | waiting),
        claim(o.valid == writes),
        claim(idle | waits),
        claim(~(loading & has_network)),
        claim(loading | has_network),
        claim(idle | (loading & ~failed)),
        claim(~o.valid | ~has_network),
    ]
    with m.If(waiting):
        m.d.comb += claim(under_way | (moved != before))
        with m.If(under_way):
            m.d.comb += claim((moved == before) & all_written)
        with m.Else():
            m.d.comb += claim(all_written == (moved == before ^ 1))
    with m.Else():
        m.d.comb += claim(~under_way)
        with m.If(loading):
            m.d.comb += claim(all_written == ~failed)
    with m.If(control.finish):
        m.d.comb += claim(all_written & idle & loading)
    if not fails:
        m.d.comb += claim(~failed)
    commands = [control.command, control.argument, control.start, control.finish]
    cores = [acknowledges, written, refused, o.ready]
    return m, [*commands, control.chunk_valid, *cores]


def test_no_part_of_an_image_makes_a_network():
    """Unbounded, for chunks that are written or lost at any time."""
    prove(*any_image(), depth=3)


def test_chunks_that_are_not_written_are_found():
    refute(*any_image(fails=False), depth=16)
