"""Functions compiled by numba, kept on disk where that is possible."""

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """A function that numba compiles when it is first called.

    What is compiled is kept beside the module, else in the user's cache, or where
    ``NUMBA_CACHE_DIR`` says. Where none of them can be written it is compiled anew in each process.

    Parameters
    ----------
    options
        Of ``numba.njit``.
    """
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # of its search for a folder, the only one as nothing is compiled yet
        return numba.njit(**options)(function)
