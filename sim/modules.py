"""Modules of generated Verilog: one of each content, where Amaranth writes one an instance."""

import re

__all__ = ["merge_modules"]

END = "\nendmodule\n"

DECLARED = re.compile(r"^module (\\\S+ |\w+)", re.MULTILINE)

INSTANCE = re.compile(r"^  (\\\S+ |\w+)(?= +\S+ +\($)", re.MULTILINE)
"""Name of the module in the first line of an instance, as Yosys writes it."""

NUMBER = re.compile(r"(dump_module)\$\d+")
"""Yosys's own register of a module, whose number alone would tell equal modules apart."""


def merge_modules(verilog: str) -> str:
    """Verilog in which instances of equal modules are instances of one of them.

    A third of the modules of a mesh are equal to another one; Verilator need not read them again.

    Parameters
    ----------
    verilog : str
        What `amaranth.back.verilog` gives.
    """
    *bodies, rest = NUMBER.sub(r"\1", verilog).split(END)
    modules = {}
    for body in bodies:
        declared = DECLARED.search(body)
        assert declared is not None
        modules[declared[1].strip()] = body
    while True:
        first: dict[str, str] = {}
        same: dict[str, str] = {}
        for name, body in modules.items():
            kept = first.setdefault(DECLARED.sub("module", body), name)
            if kept != name:
                same[name] = kept
        if not same:
            return END.join([*modules.values(), rest])

        def kept_instance(match: re.Match[str], same: dict[str, str] = same) -> str:
            name = match[1].strip()
            return f"  {same.get(name, name)} "

        modules = {
            name: INSTANCE.sub(kept_instance, body)
            for name, body in modules.items()
            if name not in same
        }
