"""Synthesis by Yosys: what it must know of every design, and netlists of single components."""

from pathlib import Path

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] -- stubs lack it
from amaranth.lib.wiring import Component

from tickless.gen.fpga import watch
from tickless.gen.fpga.board import Board
from tickless.gen.verilog import generating

__all__ = ["PREPARATION", "synthesize"]

PREPARATION = "; ".join(
    (
        "rename -hide w:*[[]*",
        "proc",
        "setattr -set keep 1 a:copy=1 %ci:+[Q] t:$dff %i",
        "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:MEMID=*block_ram %i",
    )
)
"""What Yosys must know before synthesis, and Amaranth cannot tell it.

Amaranth names a wire for each element of an array: "sums[1]". Where optimisation leaves one bit of
it, nextpnr takes it for bit 1 of "sums" and finds two drivers, or Yosys itself fails. Registers of
signals with the attribute ``copy`` stay, though another one is the same. A read of a `hw.ram.Ram`
beside a write may give anything: else its writes are delayed and forwarded around it.
"""


def synthesize(
    component: Component,
    board: Board,
    folder: Path,
    name: str,
    *commands: str,
    clock_hz: int | None = None,
) -> None:
    """Make the netlist of a component, as in a bitstream but for clock, reset and pins: they are
    ports.

    Parameters
    ----------
    board : Board
        Board whose FPGA gives the cells.
    folder : Path
        Where all files go: the design ``<name>.il``, the script ``<name>.ys``, Yosys's log
        ``<name>.rpt``, and the netlist ``<name>.json``.
    *commands : str
        Further commands of Yosys, for the netlist.
    clock_hz : int, optional
        Clock beyond which the mapping takes less area rather than gains speed; as in a bitstream,
        none by default.

    Raises
    ------
    gen.fpga.tools.ToolError
        If Yosys is missing or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with generating("the design"):
        design = rtlil.convert(component, name=name, platform=board.platform(), emit_src=False)
    (folder / f"{name}.il").write_text(design)
    script = (
        f"read_rtlil {name}.il",
        PREPARATION,
        *([] if clock_hz is None else [f"scratchpad -set abc9.D {round(1e12 / clock_hz)}"]),
        f"{board.family.synthesis} {board.family.synthesis_options} -top {name}",
        f"write_json {name}.json",
        *commands,
    )
    (folder / f"{name}.ys").write_text("\n".join(script) + "\n")
    watch.run(folder, ["yosys", "-q", "-l", f"{name}.rpt", f"{name}.ys"], False)
