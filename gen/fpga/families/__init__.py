"""Families of FPGAs: one module a family, with the coefficients of its estimate beside it."""

__all__ = ["FAMILIES"]

FAMILIES = ("ecp5", "iCE40", "gowin", "gatemate")
"""Names of the families."""
