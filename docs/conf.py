"""How Sphinx makes the site of these pages and of the docstrings: ``make docs``."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

project = "Tickless"
author = "the authors of Tickless"
copyright = author
version = release = installed("tickless")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_reference",
    "module_reference",
]
exclude_patterns = ["extensions"]

# Pages: links to headings by their text, as GitHub has them, and options as definition lists.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

# Docstrings: sections as numpydoc has them, and our own, Members, in the same form.
napoleon_google_docstring = False
napoleon_custom_sections = [("Members", "params_style")]
napoleon_use_param = False
napoleon_use_rtype = False
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# The page: nothing is fetched from elsewhere.
html_theme = "furo"
html_title = "Tickless"
html_static_path = ["static"]
html_css_files = ["tickless.css"]
html_copy_source = False
html_show_sphinx = False
