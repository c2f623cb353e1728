"""What `import tickless` gives, and that each of its files is one module."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import tickless
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.data.events import Events
from tickless.sw.integer import engine, golden
from tickless.sw.integer.network import Network
from tickless.sw.nir.export import to_nir
from tickless.sw.nir.importing import from_nir, from_torch
from tickless.sw.quantization.quantize import quantize

NAMES = {
    "Checkpoint": Checkpoint,
    "Events": Events,
    "Network": Network,
    "engine": engine,
    "from_nir": from_nir,
    "from_torch": from_torch,
    "golden": golden,
    "load": load,
    "quantize": quantize,
    "to_nir": to_nir,
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


ROOT = Path(__file__).parents[1]

FOLDERS = ("tickless", "gen", "host", "hw", "sim", "sw")

BUILD = """
import sys
from setuptools import build_meta
print(build_meta.build_wheel(sys.argv[1]))
"""


def run(code, *arguments, folder=ROOT):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
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


def test_a_wheel_is_the_package_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=left_out)
    name = run(BUILD, tmp_path, folder=source)[-1]
    with ZipFile(tmp_path / name) as wheel:
        packed = {Path(file) for file in wheel.namelist()}
    packed = {file for file in packed if not file.parts[0].endswith(".dist-info")}
    ours = {
        Path("tickless", file.relative_to(source if name != "tickless" else source / name))
        for name in FOLDERS
        for file in (source / name).rglob("*")
        if file.is_file()
    }
    assert packed == ours
    assert Path("tickless/sw/pretrained/saccades.safetensors") in packed
