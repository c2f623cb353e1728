import base64

import pytest
from jinja2 import UndefinedError
from matplotlib.figure import Figure

from tickless.sw.pages import png, write_page


def test_a_figure_becomes_a_png_of_its_size():
    figure = Figure(figsize=(2, 1), dpi=50)
    picture = base64.b64decode(png(figure))
    assert picture.startswith(b"\x89PNG\r\n")
    assert [int.from_bytes(picture[at : at + 4], "big") for at in (16, 20)] == [100, 50]


def test_a_template_says_what_it_lacks(tmp_path):
    with pytest.raises(UndefinedError, match="dataset"):
        write_page(tmp_path / "page.html", "tickless.sw.study", "study.html")
