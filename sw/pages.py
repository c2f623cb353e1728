"""Pages of reports: HTML that needs no other file."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["png", "write_page"]


def write_page(path: Path, package: str, template: str, **values: Any) -> None:
    """Write a page: a template of a package's folder ``templates``, filled with these values."""
    loader = PackageLoader(package)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    page = environment.get_template(template).render(values)
    path.write_text(page, encoding="utf-8")


def png(figure: "Figure") -> str:
    """Picture of a figure, to stand in a page: base64 of a PNG."""
    with io.BytesIO() as file:
        figure.savefig(file, format="png")
        return base64.b64encode(file.getvalue()).decode()
