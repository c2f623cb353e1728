"""Names of generated Verilog: as every tool reads them, and the design's own among others'."""

import re
from collections.abc import Container
from itertools import chain, count
from pathlib import Path

from amaranth.back import verilog as back
from amaranth.hdl import Module, Signal

from tickless.errors import InputError

__all__ = ["TOP", "check_prefix", "default_prefix", "plain_names"]

TOP = "@"
"""Name with which a design becomes Verilog whose names are to be plain; no signal has it."""

ESCAPED = re.compile(r"\\(\S+)\s")
"""An escaped identifier, as Yosys writes it: with the blank that ends it."""

TRIGGER = re.compile(r"^  reg (\\\$auto\$verilog_backend\S+ ) = 0;$", re.MULTILINE)
"""The register by whose first value Yosys has all combinational processes run."""


def default_prefix(path: Path) -> str:
    """Prefix of the modules of a network's file: ``tickless_<network>``."""
    return f"tickless_{_allowed(path.stem)}"


def check_prefix(prefix: str) -> None:
    """Check a prefix of modules, which is the name of the top as well.

    Raises
    ------
    InputError
        If it is no plain identifier of Verilog.
    """
    if re.fullmatch(r"[A-Za-z]\w*", prefix, re.ASCII):
        # Yosys knows the keywords, and escapes them.
        m = Module()
        m.d.comb += (port := Signal(name="port")).eq(1)
        if f"module {prefix}(" in back.convert(m, name=prefix, ports=[port], emit_src=False):
            return
    raise InputError(
        f"prefix {prefix!r}: expected a letter, then letters, digits and _, and no keyword of "
        "Verilog"
    )


def plain_names(verilog: str, prefix: str) -> str:
    """Verilog without escaped identifiers, each of its modules beginning with a prefix.

    Module ``@`` is the prefix and ``@.core_0`` is ``<prefix>_core_0``; in all other names what is
    not allowed becomes ``_``, and a keyword gets one more. A name that is there already gets a
    number.

    Parameters
    ----------
    verilog : str
        What `gen.verilog.verilog` gives of a component with the name `TOP`.
    prefix : str
        See `check_prefix`.
    """
    # In SystemVerilog a value of a declaration is there before any process waits for it.
    verilog = TRIGGER.sub(r"  reg \1;\n  initial \1 = 0;", verilog)
    # One choice for the whole text: ports are named in their own module and in its instances.
    taken = {prefix, *re.findall(r"\w+", ESCAPED.sub(" ", verilog))}
    names = {TOP: prefix}
    for name in dict.fromkeys(ESCAPED.findall(verilog)):
        if name != TOP:
            plain = _allowed(name.replace(f"{TOP}.", f"{prefix}."))
            names[name] = _unused(f"{name}_" if plain == name else plain, taken)
            taken.add(names[name])
    return ESCAPED.sub(lambda match: f"{names[match[1]]} ", verilog)


def _allowed(name: str) -> str:
    """A name with _ for all that would have to be escaped."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).rstrip("_")


def _unused(name: str, taken: Container[str]) -> str:
    """The name, or with the first number that makes it one that is not taken."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if free not in taken)
