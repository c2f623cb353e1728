"""Pages, and the blocks of commands and code in them."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

__all__ = ["PAGES", "ROOT", "Block", "blocks", "commands", "inline_codes"]

ROOT = Path(__file__).parents[2]

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
"""Everything that is written by hand."""


class Block(NamedTuple):
    """Block of a page.

    Members
    -------
    language : str
        What stands behind the fence; nothing where the block is only indented.
    text : str
        Its content.
    line : int
        Its first line in the page, from 1.
    """

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Blocks of a page, in order."""
    tokens = _parser().parse(page.read_text())
    return [
        Block(token.info.strip(), token.content, (token.map or [0])[0] + 2)
        for token in tokens
        if token.type in {"fence", "code_block"}
    ]


def commands(block: Block) -> list[list[str]]:
    """Words of each command of a block for a shell."""
    lines = re.sub(r"\\\n\s*", "", block.text).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def inline_codes(page: Path) -> list[str]:
    """Code within the sentences and tables of a page."""
    tokens = _parser().parse(page.read_text())
    children = [child for token in tokens for child in token.children or ()]
    return [" ".join(child.content.split()) for child in children if child.type == "code_inline"]


def _parser() -> MarkdownIt:
    return MarkdownIt().enable("table")
