"""A spiking layer as a C loop nest with AVX2 intrinsics: the fast engine's yardstick."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from llvmlite import binding
from numpy.ctypeslib import ndpointer

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry

__all__ = ["LoopNest", "compiled_loop_nest"]

SOURCE = Path(__file__).with_name("loop_nest.c")


class LoopNest:
    """Loop nest of one layer.

    The layer has an odd square kernel, stride 1, "same" padding, one group, a multiple of 16
    output channels, and reset by subtraction.

    Parameters
    ----------
    run : callable
        What `compiled_loop_nest` gives.
    geometry : Geometry
        Address arithmetic.
    weight : numpy.ndarray
        int8 of shape ``geometry.weight_shape``.
    threshold, floor : numpy.ndarray
        int32 of shape ``(channels,)``.
    ceil : int
        Highest membrane. Its sum with a weight must fit int16, as all sums.
    """

    def __init__(
        self,
        run: Callable[..., int],
        geometry: Geometry,
        weight: np.ndarray,
        threshold: np.ndarray,
        floor: np.ndarray,
        ceil: int,
    ):
        self._run, self._shape, self._ceil = run, geometry.output_shape, ceil
        self._kernel = geometry.kernel[0]
        self._weight = np.ascontiguousarray(weight.transpose(1, 2, 3, 0))
        self._neuron = threshold.astype(np.int16), floor.astype(np.int16)

    def run(self, events: np.ndarray, spikes: np.ndarray) -> tuple[int, np.ndarray]:
        """Number of spikes, which are written to ``spikes``, and the membranes at the end.

        Parameters
        ----------
        events, spikes : numpy.ndarray
            int32 ``[n, 3]``: ``(channel, y, x)``; room for all spikes.
        """
        channels, height, width = self._shape
        membrane = np.zeros((height, width, channels), np.int16)
        sent = self._run(
            events, len(events), self._weight, *self._neuron, self._ceil,
            channels, height, width, self._kernel, membrane, spikes,
        )  # fmt: skip
        return sent, membrane.transpose(2, 0, 1)


def compiled_loop_nest() -> Callable[..., int]:
    """The C function, compiled by the system's compiler.

    Raises
    ------
    InputError
        If there is no compiler, or it or the CPU has no AVX2.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise InputError("no C compiler: expected cc on the path")
    if not binding.get_host_cpu_features().get("avx2"):
        raise InputError("this CPU has no AVX2")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "loop_nest.so"
        command = [compiler, "-O3", "-mavx2", "-shared", "-fPIC", SOURCE, "-o", library]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise InputError(f"{compiler} failed: {made.stderr.strip().splitlines()[-1]}")
        run = ctypes.CDLL(str(library)).run
    rows, size = ndpointer(np.int32, 2, flags="C"), ctypes.c_int64
    neuron, membrane = ndpointer(np.int16, 1, flags="C"), ndpointer(np.int16, 3, flags="C")
    run.argtypes = [
        rows, size, ndpointer(np.int8, 4, flags="C"), neuron, neuron, ctypes.c_int16,
        size, size, size, size, membrane, rows,
    ]  # fmt: skip
    run.restype = size
    return run
