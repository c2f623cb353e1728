"""What the site makes of parsers and docstrings, on a page of its own."""

import re
import subprocess
import sys
from html import unescape

import pytest

from tests.docs.pages import ROOT
from tickless.command import COMMANDS

PAGE = """# Page

{py:obj}`packet.LinkConfig`

```{commands}
```

# Modules

```{modules} tickless.hw
```
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The page."""
    source = tmp_path_factory.mktemp("source")
    (source / "index.md").write_text(PAGE)
    subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning"),
            *("--conf-dir", ROOT / "docs", "-D", "html_static_path=", "-D", "html_theme=basic"),
            *(source, source / "html"),
        ],
        check=True,
        cwd=ROOT,
    )
    return (source / "html/index.html").read_text()


@pytest.fixture(scope="module")
def page(html):
    """Its text."""
    body = html[html.index('role="main"') :].replace("<dd>", " <dd>")
    return " ".join(unescape(re.sub(r"<[^>]+>", "", body)).split())


def test_every_part_of_the_command_has_its_usage(page):
    for command in COMMANDS:
        assert f"tickless {command.name} [-h]" in page


def test_options_have_their_names_and_helps(page):
    assert "--margin N early exit: decide once the largest logit leads by so much" in page
    assert "--seed SEED the same as --set seed=" in page


def test_members_are_listed_with_their_kinds(page):
    ram = page[page.index("tickless.hw.ram") :]
    assert re.search(r"Members: .*write \(.+?\) \S Port through which", ram)


def test_components_show_their_own_parameters(page):
    assert "class EarlyExit(" in page
    assert "src_loc_at" not in page
    assert "*values" not in page


def test_what_another_module_defines_is_described_there(page):
    assert page.count("class Kind") == 1


def test_short_names_are_links(html):
    assert 'href="#tickless.hw.packet.LinkConfig"' in html
