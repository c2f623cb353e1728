"""Options of commands that quantize."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tickless.sw.quantization.rule import Clip

__all__ = ["add_clip"]


def add_clip(parser: ArgumentParser) -> None:
    """Let a command take ``clip``, as `sw.quantization.rule.Quantization` does."""
    parser.add_argument(
        "--clip",
        type=_clip,
        metavar="mse|PERCENTILE",
        help="clip large weights: to a percentile of each layer's, as 99, or where the squared "
        "error of each scale is least",
    )


def _clip(text: str) -> "Clip":
    if text == "mse":
        return "mse"
    try:
        percentile = float(text)
    except ValueError:
        percentile = 0.0
    if not 50 <= percentile < 100:
        raise ArgumentTypeError(f"{text}: expected mse, or a percentile of at least 50 below 100")
    return percentile
