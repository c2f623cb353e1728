"""What `import tickless` gives, and that each of its files is one module."""

import subprocess
import sys

import pytest

import tickless
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.data.events import Events
from tickless.sw.integer import engine, golden
from tickless.sw.integer.network import Network
from tickless.sw.quantization.quantize import quantize

NAMES = {
    "Checkpoint": Checkpoint,
    "Events": Events,
    "Network": Network,
    "engine": engine,
    "golden": golden,
    "load": load,
    "quantize": quantize,
}

IMPORT_ALL = """
import pkgutil, sys
from collections import Counter
from importlib import import_module
from pathlib import Path
import tickless

for module in pkgutil.walk_packages(tickless.__path__, "tickless."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
print("doubtful", {"hw", "sw", "gen", "sim", "host"} & {name.split(".")[0] for name in sys.modules})
folders = [path.resolve() for path in Path(tickless.__file__).parent.iterdir() if path.is_dir()]
files = Counter(
    file
    for module in list(sys.modules.values())
    if (file := Path(getattr(module, "__file__", None) or "").resolve())
    and not {*folders}.isdisjoint(file.parents)
)
print("files", len(files))
print("twice", [str(file) for file, count in files.items() if count > 1])
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_the_names_of_the_package_are_those_of_its_modules():
    assert {name: getattr(tickless, name) for name in tickless.__all__} == NAMES
    assert set(NAMES) < set(dir(tickless))
    with pytest.raises(AttributeError, match="module 'tickless' has no attribute 'nothing'"):
        tickless.nothing  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_import_loads_nothing_heavy():
    code = "import tickless, sys; dir(tickless); print(*sys.modules, sep='\\n')"
    assert not {"torch", "amaranth", "numpy"} & set(run(code))


def test_there_is_one_copy_of_each_module():
    doubtful, files, twice = run(IMPORT_ALL)
    assert doubtful == "doubtful set()"
    assert int(files.removeprefix("files ")) > 100
    assert twice == "twice []"
