"""AXI core on a PYNQ board: the one module that needs PYNQ. No board has met it yet."""

from pathlib import Path
from typing import Any

import numpy as np

from tickless.errors import MissingToolError
from tickless.host.axi import AxiClient

__all__ = ["PynqPort", "open_pynq"]


class PynqPort:
    """`host.axi.AxiPort` of a core that an overlay has loaded.

    Parameters
    ----------
    core : pynq.overlay.DefaultIP
        The core's registers.
    dma : pynq.lib.dma.DMA
        AXI DMA at its streams.
    allocate : callable
        ``pynq.allocate``.
    """

    def __init__(self, core: Any, dma: Any, allocate: Any):
        self._core, self._dma, self._allocate = core, dma, allocate
        self._sent: Any = None

    def read(self, address: int) -> int:
        return self._core.read(address)

    def write(self, address: int, value: int) -> None:
        self._core.write(address, value)

    def send(self, beats: np.ndarray) -> None:
        if self._sent is not None:
            self._dma.sendchannel.wait()
            self._sent.freebuffer()
        self._sent = self._allocate(shape=(beats.size,), dtype=np.uint8)
        self._sent[:] = beats.reshape(-1)
        self._dma.sendchannel.transfer(self._sent)

    def receive(self, words: int) -> np.ndarray:
        buffer = self._allocate(shape=(words,), dtype=np.uint32)
        self._dma.recvchannel.transfer(buffer)
        self._dma.recvchannel.wait()
        received = np.array(buffer)
        buffer.freebuffer()
        return received


def open_pynq(bitstream: Path, clock_hz: int) -> AxiClient:
    """Load a board with a bitstream of ``vivado.tcl``, and connect to its core.

    Parameters
    ----------
    bitstream : Path
        The file, its ``.hwh`` beside it.
    clock_hz : int
        The core's clock in the block design.

    Raises
    ------
    MissingToolError
        If there is no PYNQ.
    BoardError
        As of `AxiClient`.
    """
    try:
        from pynq import (  # pyright: ignore[reportMissingImports]
            Overlay,  # pyright: ignore[reportAttributeAccessIssue]
            allocate,  # pyright: ignore[reportAttributeAccessIssue]
        )
    except ImportError:
        raise MissingToolError("no module pynq: expected PYNQ's Python on a board") from None
    overlay = Overlay(str(bitstream))
    return AxiClient(PynqPort(overlay.core, overlay.dma, allocate), clock_hz)
