"""Commands and links of the pages: what they name is there."""

import re
import subprocess
import sys
from functools import cache

import pytest

from tests.docs.pages import PAGES, ROOT, blocks, commands, inline_codes
from tickless.command import COMMANDS, command_parser, main
from tickless.sw.data import catalog
from tickless.sw.data.catalog import known

MAKEFILE = (ROOT / "Makefile").read_text()

TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))

VARIABLES = set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.MULTILINE))

MADE = {"digits"}
"""Data sets that a page makes before it uses them."""

OTHER_NAMES = {"NAME", "OMP_NUM_THREADS"}
"""Of no setting of ours."""

LANGUAGES = {"sh", "python", "toml", "text", "{toctree}", "{commands}", "{modules}"}

README_LINES = 120

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def parsers():
    return {command.name: command_parser(command) for command in COMMANDS}


def named(words):
    """The part of `tickless` that words begin with, and the words behind it."""
    for count in (2, 1):
        if (name := " ".join(words[:count])) in parsers():
            return name, words[count:]
    raise AssertionError(f"no part of tickless: {' '.join(words)}")


def check_tickless(words):
    if words != ["--help"]:
        name, arguments = named(words)
        parsers()[name].parse_args(arguments)


def check_make(words):
    for word in words:
        variable, equals, _ = word.partition("=")
        assert word in TARGETS or (equals and variable in VARIABLES), f"make {word}"


def check(words):
    """A command line of a page; those of the system are taken as they are."""
    program, *arguments = words
    if "tickless" in words[:5] and "-m" in words[:5]:
        check_tickless(words[words.index("tickless") + 1 :])
    elif program == "tickless":
        check_tickless(arguments)
    elif program == "make":
        check_make(arguments)
    else:
        assert program in {".", ".venv/bin/python"}, f"{program}: nobody checks it"


@each_page
def test_every_command_of_a_page_is_one(page, capsys, monkeypatch):
    monkeypatch.setattr(catalog, "known", lambda name: name in MADE or known(name))
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        assert block.language.split()[:1] != [], f"{where}: a block without a language"
        assert block.language.split()[0] in LANGUAGES, f"{where}: {block.language}"
        for words in commands(block) if block.language == "sh" else ():
            try:
                check(words)
            except SystemExit:
                error = capsys.readouterr().err
                raise AssertionError(f"{where}: {' '.join(words)}: {error}") from None


@each_page
def test_options_and_settings_within_sentences_are_there(page):
    for code in inline_codes(page):
        program, *words = code.split()
        words = [word for word in words if word != "..."]
        if program == "make":
            check_make(words)
        elif program == "tickless" and words not in ([], ["--help"]):
            name, others = named(words)
            known = parsers()[name]._option_string_actions
            assert {word for word in others if word.startswith("--")} <= set(known), code
        elif match := re.match(r"([A-Z]\w+)=", code):
            assert match[1] in VARIABLES | OTHER_NAMES, code


@each_page
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert re.match(r"https?:", link) or (page.parent / link).exists(), link


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_code_and_cheap_commands_of_the_readme_run(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    cheap = [["tickless", "--help"]]
    for block in blocks(ROOT / "README.md"):
        if block.language == "sh":
            cheap += [words for words in commands(block) if words[:2] == ["tickless", "judge"]]
        if block.language == "python":
            exec(block.text, {})
    assert re.search(r"^\d 0 \d+ \[\d+, \d+, \d+\]$", capsys.readouterr().out, re.MULTILINE)
    assert len(cheap) == 2
    with pytest.raises(SystemExit, match="0"):
        main(cheap[0][1:])
    assert main(cheap[1][1:]) == 0
    assert "no time step" in capsys.readouterr().out


def test_make_knows_each_setting_that_its_page_lists():
    page = (ROOT / "docs/reference/make.md").read_text()
    listed = set(re.findall(r"^\| `make ([a-z-]+)`", page, re.MULTILINE))
    assert listed <= TARGETS
    missing = VARIABLES - set(re.findall(r"`([A-Z_]+)=", page))
    assert not missing


def test_the_site_has_every_package_of_modules():
    code = (
        "import pkgutil, tickless\n"
        "print('tickless', *(module.name for module in "
        "pkgutil.walk_packages(tickless.__path__, 'tickless.') if module.ispkg))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pages = "".join(path.read_text() for path in (ROOT / "docs/reference/api").glob("*.md"))
    shown = set(re.findall(r"{modules} ([\w.]+)", pages))
    assert shown == set(done.stdout.split())
    toctree = (ROOT / "docs/reference/python.md").read_text()
    for path in (ROOT / "docs/reference/api").glob("*.md"):
        assert f"\napi/{path.stem}\n" in toctree
