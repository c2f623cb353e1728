"""Flits: what travels between the routers of a mesh."""

from dataclasses import dataclass

from amaranth.lib import data
from amaranth.utils import bits_for, ceil_log2

__all__ = ["HOST", "FlitConfig", "Peer"]

HOST = (0, 0)
"""Row and column of the host: north of the mesh's first tile."""


@dataclass(frozen=True)
class FlitConfig:
    """Extent of a mesh and widths of its flits; a packet is one flit.

    Rows count from 1, since row 0 belongs to the host; columns count from 0.

    Parameters
    ----------
    rows, columns : int
        Tiles of the mesh.
    payload_bits : int
        Width of the widest packet.
    connection_bits : int
        Width of a connection's index at either of its ends.
    loadable : bool
        Whether the host can write into the memories of the cores.
    """

    rows: int
    columns: int
    payload_bits: int
    connection_bits: int
    loadable: bool = False

    def __post_init__(self):
        for name, low in (("rows", 1), ("columns", 1), ("payload_bits", 1), ("connection_bits", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer of at least {low}")

    @property
    def layout(self) -> data.StructLayout:
        """Flit layout.

        A flit of data carries a packet to queue ``connection`` of its destination. A flit with
        ``credit`` set returns one batch of credits to destination ``connection`` of a sender. One
        with ``load`` set, where there is loading, carries a chunk from the host or an
        acknowledgment to it.
        """
        return data.StructLayout(
            {
                "payload": self.payload_bits,
                "connection": self.connection_bits,
                "credit": 1,
                "load": int(self.loadable),
                "column": ceil_log2(self.columns),
                "row": bits_for(self.rows),
            }
        )


@dataclass(frozen=True)
class Peer:
    """Other end of a connection.

    Parameters
    ----------
    row, column : int
        Its place in the mesh, or `HOST`.
    connection : int
        Index of the connection there.
    """

    row: int
    column: int
    connection: int
