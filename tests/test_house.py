"""The house is kept: short files, rooms and paths that exist, every measurement named in one place."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

import cofe_widgets
from cofe_widgets.vocabulary.measurements import MEASUREMENTS
from cofe_widgets.vocabulary.segments import SEGMENTS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cofe_widgets"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
#: A file longer than this is two.
MOST_LINES = 400
#: Segments of a beat that are called what a measurement is called, and are something else.
TITLES = {about.title for about in MEASUREMENTS.values()} - set(SEGMENTS)


def sources(*folders):
    """Our Python and TypeScript under some folders of the project."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".ts") and "node_modules" not in path.parts:
                yield path


def test_no_file_of_ours_is_longer_than_can_be_read_at_a_sitting():
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in sources("cofe_widgets", "js/src", "js/tests", "benchmarks", "tests")
    }
    assert len(lines) > 100
    assert {path: n for path, n in lines.items() if n > MOST_LINES} == {}


def test_no_module_is_a_drawer_for_what_has_no_place():
    names = {path.stem for path in sources("cofe_widgets", "js/src")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def test_text_goes_into_markup_one_way():
    others = {
        str(path.relative_to(PACKAGE))
        for path in sources("cofe_widgets")
        if re.search(r"from html import|html\.escape|saxutils|\.to_html\(", path.read_text("utf-8"))
    }
    assert others == {"markup.py"}
    unsafe = [
        str(path.relative_to(ROOT))
        for path in sources("js/src")
        if re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", path.read_text("utf-8")
        )
    ]
    assert unsafe == []


def layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = [
        one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    ]
    return [room.strip() for layer in contract["layers"] for room in layer.split("|")]


@pytest.mark.parametrize("room", layers())
def test_every_room_of_the_contract_exists(room):
    assert (PACKAGE / room / "__init__.py").exists() or (PACKAGE / f"{room}.py").exists()


def test_the_contributors_plan_names_the_rooms_of_the_contract_in_their_order():
    (plan,) = re.findall(r"^    apps, cli .*?_version$", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    rooms = [
        room
        for line in plan.splitlines()
        for room in re.split(r" {2,}", line.strip())[0].split(", ")
    ]
    assert rooms == layers()


def paths_of(text):
    """What stands in backticks in a text and is a path of the project."""
    tops = {path.name for path in ROOT.iterdir()}
    quoted = re.findall(r"`([^`\s]+)`", text)
    return sorted(
        {one for one in quoted if one.split("/")[0] in tops - {".venv"} and "*" not in one}
    )


def test_every_path_that_contributors_are_sent_to_exists():
    paths = paths_of(CONTRIBUTING)
    assert {"cofe_widgets/io/", "cofe_widgets/audit/trust/rows/", "js/src/"} <= set(paths)
    assert [one for one in paths if not (ROOT / one).exists()] == []
    assert [one for one in paths if (ROOT / one).is_dir() and not one.endswith("/")] == []


def literals(path):
    """Every string of a source file that is no documentation, without what is filled into it."""
    text = path.read_text("utf-8")
    if path.suffix == ".ts":
        code = re.sub(r"/\*.*?\*/|(?<![:\w])//[^\n]*", "", text, flags=re.DOTALL)
        return {said for _, said in re.findall(r"([\"'`])(.*?)\1", code)}
    tree = ast.parse(text)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    }


def test_the_title_of_a_measurement_is_written_in_its_table_and_nowhere_else():
    """A sentence may speak of the QRS axis; a label that says it is taken from the table."""
    table = PACKAGE / "vocabulary" / "measurements.py"
    assert literals(table) >= TITLES
    again = {
        str(path.relative_to(ROOT)): sorted(literals(path) & TITLES)
        for path in sources("cofe_widgets", "js/src")
        if path != table
    }
    assert {path: titles for path, titles in again.items() if titles} == {}


def test_the_version_is_the_same_wherever_it_is_written():
    assert f"\nversion: {cofe_widgets.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    browser = json.loads((ROOT / "js" / "package.json").read_text("utf-8"))
    assert browser["version"] == cofe_widgets.__version__


def test_hooks_run_what_the_project_installs():
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    tools = re.findall(r"\.venv/bin/(ruff|mypy|lint-imports)\b", text)
    recipe = (ROOT / "Makefile").read_text("utf-8")
    assert set(tools) == set(re.findall(r"\$\(BIN\)/(ruff|mypy|lint-imports)\b", recipe))
    assert text.count("repo: local") == text.count("repo:")  # nothing is fetched
