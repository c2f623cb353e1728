"""Area and speed of the fabric's parts, a core and a readout on an ECP5, by Yosys and nextpnr."""

from argparse import ArgumentParser, Namespace

from tickless.progress import stage

__all__ = ["add_options", "main"]


def add_options(parser: ArgumentParser) -> None:
    """There are none."""


def main(options: Namespace) -> int:
    """Print the table."""
    with stage("loading the generator"):
        from tickless.gen.fpga.area import FLIT, measure, parts
    print(f"ECP5, speed grade 6, flits of {FLIT.layout.size} bits")
    print(f"{'':38}{'LUT4':>7}{'TRELLIS_COMB':>14}{'flip-flops':>12}{'block RAM':>11}{'MHz':>7}")
    for index, (title, make) in enumerate(parts().items()):
        with stage(title):
            area = measure(make(), f"part_{index}")
        print(
            f"{title:38}{area.lut4:7,}{area.comb:14,}{area.flip_flops:12,}"
            f"{area.block_rams:11}{area.clock_mhz:7.0f}",
            flush=True,
        )
    return 0
