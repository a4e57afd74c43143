"""What a user gets: the wheel, built from the source distribution on a machine without node."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import cofe_widgets

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sdist and wheel, built with nothing but a shell on the PATH."""
    folder = tmp_path_factory.mktemp("built")
    bare = tmp_path_factory.mktemp("bare")
    for name in ("sh", "env"):
        found = shutil.which(name)
        assert found is not None
        (bare / name).symlink_to(found)
    pinned = str(ROOT / "constraints.txt")
    environment = {
        **os.environ,
        "PATH": str(bare),
        "PIP_CONSTRAINT": pinned,
        "PIP_BUILD_CONSTRAINT": pinned,
    }
    assert shutil.which("node", path=str(bare)) is None
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_has_browser_side_weights_examples_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        sizes = {info.filename: info.file_size for info in opened.infolist()}
    for name in (
        "static/index.js",
        "static/index.css",
        "py.typed",
        "models/weights/af-resnet.md",
        "report/figures/palette.json",
    ):
        assert f"cofe_widgets/{name}" in sizes
    assert sizes["cofe_widgets/static/index.js"] > 10_000
    here = {
        path.relative_to(ROOT).as_posix() for path in ROOT.glob("cofe_widgets/models/weights/*")
    }
    here |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("cofe_widgets/samples/*")}
    assert any(name.endswith(".safetensors") for name in here)
    assert any(name.endswith(".dat") for name in here)
    assert here <= sizes.keys()
    assert sum(size for name, size in sizes.items() if name.endswith(".safetensors")) < 40e6
    top = {name.split("/")[0] for name in sizes}
    assert top == {"cofe_widgets", f"cofe_widgets-{cofe_widgets.__version__}.dist-info"}
    assert not [name for name in sizes if "node_modules" in name or name.endswith((".ts", ".pyc"))]


def test_every_module_of_the_tree_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if name.endswith(".py")}
    tree = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("cofe_widgets/**/*.py")}
    assert packed == tree


def test_the_metadata_name_script_licence_and_a_range_of_torch(wheel: Path) -> None:
    folder = f"cofe_widgets-{cofe_widgets.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as opened:
        about = email.message_from_bytes(opened.read(f"{folder}/METADATA"))
        scripts = opened.read(f"{folder}/entry_points.txt").decode()
    assert about["Name"] == "cofe-widgets"
    assert about["Version"] == cofe_widgets.__version__
    assert about["License-Expression"] == "BSD-3-Clause"
    assert "torch>=2.6" in about.get_all("Requires-Dist", [])
    assert "cofe-widgets = cofe_widgets.cli:main" in scripts


def test_the_source_distribution_can_be_built_again_and_holds_no_built_file(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as opened:
        names = {name.split("/", 1)[1] for name in opened.getnames() if "/" in name}
    for needed in ("js/package.json", "js/package-lock.json", "js/src/index.ts", "pyproject.toml"):
        assert needed in names
    for needed in ("README.md", "LICENSE", "constraints.txt", "Makefile", "tests/test_package.py"):
        assert needed in names
    assert not [name for name in names if "node_modules" in name or "/static/" in name]


def test_the_wheel_works_away_from_the_sources(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True)
    program = (
        "import pathlib, cofe_widgets as cw\n"
        f"assert pathlib.Path(cw.__file__).is_relative_to({str(target)!r}), cw.__file__\n"
        "viewer = cw.EcgViewer(cw.read('sample:sinus'))\n"
        "assert len(viewer._esm) > 10_000\n"
        "print(cw.load('af-resnet').outputs)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "('SR', 'AF')\n", done.stderr
