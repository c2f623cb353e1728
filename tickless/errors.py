"""Errors of the user's side: what he gave, what his machine lacks, or a result that is not good.

The command shows them as one line and ends with their exit status. Whatever else is raised is a
mistake in the program and keeps its traceback.
"""

__all__ = ["InputError", "MissingToolError", "ResultError", "TicklessError", "TicklessWarning"]


class TicklessError(Exception):
    """Base of the project's own errors; the message says what, where and what was expected.

    Members
    -------
    exit_status : int
        Of the command that ends with it.
    """

    exit_status = 2


class TicklessWarning(UserWarning):
    """Base of the project's own warnings, which the command shows as one line each."""


class InputError(TicklessError, ValueError):
    """Wrong input: an option, a file or a value."""


class MissingToolError(TicklessError, RuntimeError):
    """A tool that is missing, or fails for a reason of its own."""


class ResultError(TicklessError, RuntimeError):
    """A result that is not good: a design too slow, a simulation that hangs."""

    exit_status = 1
