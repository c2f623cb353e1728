"""Types of options' values that several commands take."""

from argparse import ArgumentTypeError

__all__ = ["at_least", "at_least_one", "points", "real", "within"]


def at_least(least: int, text: str) -> int:
    """Whole number of an option; ArgumentTypeError below the least one, or if it is none."""
    try:
        number = int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: expected a whole number") from None
    if number < least:
        raise ArgumentTypeError(f"{number}: expected at least {least}")
    return number


def within(least: int, most: int, text: str) -> int:
    """Whole number of an option; ArgumentTypeError outside a range, or if it is none."""
    number = at_least(least, text)
    if number > most:
        raise ArgumentTypeError(f"{number}: expected at most {most:,}")
    return number


def real(text: str) -> float:
    """Number of an option; ArgumentTypeError if it is none."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: expected a number") from None


def points(text: str) -> float:
    """Points of accuracy in an option; ArgumentTypeError outside 0 to below 100."""
    value = real(text)
    if not 0 <= value < 100:
        raise ArgumentTypeError(f"{text}: expected points of accuracy, 0 to below 100")
    return value


def at_least_one(text: str) -> int:
    """Whole number of an option, 1 or more."""
    return at_least(1, text)
