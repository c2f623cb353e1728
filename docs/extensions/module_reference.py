"""Sphinx directive ``modules``: the modules of a package, each with what it exports.

Names in docstrings leave ``tickless.`` out, and often the module, too; they become links here.
"""

import inspect
import pkgutil
from enum import Enum
from importlib import import_module
from typing import Any

from amaranth.hdl import Elaboratable
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature
from sphinx.util.typing import ExtensionMetadata

SECTION = """
## `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
```
"""


class Modules(SphinxDirective):
    """A section for each module of the package that is the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        names = [
            f"{package.__name__}.{module.name}"
            for module in pkgutil.iter_modules(package.__path__)
            if not module.ispkg and module.name != "__main__"
        ]
        text = "".join(SECTION.format(name=name) for name in names)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def skip_what_others_define(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what a module exports and another one of ours defines: it is described there."""
    home = getattr(member, "__module__", None)
    here = app.env.current_document.autodoc_module
    if what == "module" and isinstance(home, str) and home.startswith("tickless."):
        return home != here or None
    return None


def own_parameters(
    app: Sphinx,
    what: str,
    name: str,
    item: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str, None] | None:
    """Parameters of a component, before which Amaranth's construction stands; none of an Enum."""
    if what == "class" and issubclass(item, Enum):
        return "", None
    if what != "class" or not issubclass(item, Elaboratable):
        return None
    found = inspect.signature(item.__init__)
    _, *parameters = found.parameters.values()
    taken = found.replace(parameters=parameters, return_annotation=found.empty)
    return stringify_signature(taken, unqualified_typehints=True), None


def find_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link to the only object whose full name ends in a name that was not found."""
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    domain, target = env.domains.python_domain, node["reftarget"]
    found = [name for name in domain.objects if name.endswith(f".{target}")]
    if len(found) != 1:
        return None
    place = domain.objects[found[0]]
    return nodes.reference(
        "",
        "",
        content,
        internal=True,
        refuri=app.builder.get_relative_uri(node["refdoc"], place.docname) + f"#{place.node_id}",
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and the hooks."""
    app.add_directive("modules", Modules)
    app.connect("autodoc-process-signature", own_parameters)
    app.connect("autodoc-skip-member", skip_what_others_define)
    app.connect("missing-reference", find_name)
    return {"parallel_read_safe": True}
