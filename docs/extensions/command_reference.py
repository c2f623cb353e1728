"""Sphinx directive ``commands``: every part of the command with its options, from its parser."""

import re
from argparse import SUPPRESS, Action, ArgumentParser, HelpFormatter
from functools import partial

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from tickless.command import COMMANDS, Command, command_parser

WIDTH = 80
"""Columns of the usage."""


class Commands(SphinxDirective):
    """A section for each part: its help, its usage and its options."""

    def run(self) -> list[nodes.Node]:
        return [self._section(command) for command in COMMANDS]

    def _section(self, command: Command) -> nodes.section:
        parser = command_parser(command)
        section = nodes.section(ids=[nodes.make_id(f"tickless {command.name}")])
        section += nodes.title(text=f"tickless {command.name}")
        section += self.parse_text_to_nodes(parser.description or command.help)
        section += nodes.literal_block(text=_usage(parser), language="text")
        rows = [action for action in parser._actions if action.help != SUPPRESS]
        section += nodes.definition_list(
            "", *(_item(action, parser) for action in rows if action.dest != "help")
        )
        return section


def _usage(parser: ArgumentParser) -> str:
    """Usage, as wide on every terminal."""
    parser.formatter_class = partial(HelpFormatter, width=WIDTH)  # pyright: ignore[reportAttributeAccessIssue]
    return parser.format_usage().removeprefix("usage: ").strip()


def _item(action: Action, parser: ArgumentParser) -> nodes.definition_list_item:
    formatter = parser._get_formatter()
    names = formatter._format_action_invocation(action)
    text = formatter._expand_help(action) if action.help else ""
    return nodes.definition_list_item(
        "",
        nodes.term("", "", nodes.literal(text=names)),
        nodes.definition("", nodes.paragraph("", "", *_marked(text))),
    )


def _marked(text: str) -> list[nodes.Node]:
    """Help as text, the options in it as code."""
    return [
        nodes.literal(text=part) if part.startswith("--") else nodes.Text(part)
        for part in re.split(r"(--\w[\w-]*)", text)
    ]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
