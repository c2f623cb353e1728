"""Types of options' values that several commands take."""

from argparse import ArgumentTypeError

__all__ = ["at_least", "at_least_one"]


def at_least(least: int, text: str) -> int:
    """Whole number of an option; ArgumentTypeError below the least one."""
    number = int(text)
    if number < least:
        raise ArgumentTypeError(f"{number}: expected at least {least}")
    return number


def at_least_one(text: str) -> int:
    """Whole number of an option, 1 or more."""
    return at_least(1, text)
