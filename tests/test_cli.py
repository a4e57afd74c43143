"""The command line, as a person at a terminal meets it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cofe_widgets
from cofe_widgets.cli import doctor, main
from cofe_widgets.train import recipes
from cofe_widgets.train.recipes import RECIPES

from .io import files


@pytest.fixture
def muse(tmp_path: Path) -> Path:
    path = tmp_path / "one.xml"
    path.write_bytes(files.muse())
    return path


def test_the_console_script_starts_without_loading_torch() -> None:
    script = Path(sys.executable).with_name("cofe-widgets")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"cofe-widgets {cofe_widgets.__version__}\n"
    asked = "import sys, cofe_widgets.cli; print('torch' in sys.modules or 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_read_says_what_a_file_holds(muse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(muse)]) == 0
    out = capsys.readouterr().out
    assert "file        one.xml (GE MUSE XML)\n" in out
    assert "recording   2.0 s at 250 Hz\n" in out
    assert "leads       I II III aVR aVL aVF V1 V2 V3 V4 V5 V6\n" in out
    assert "patient     61 years, female\n" in out
    assert "statements  Normal sinus rhythm\n" in out
    assert "Müller" not in out
    assert "4711" not in out


def test_read_takes_leads_and_a_part(muse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = ["read", str(muse), "--start", "0.4", "--end", "1.9"]
    assert main([*part, "--leads", "V2,II"]) == 0
    out = capsys.readouterr().out
    assert "recording   1.5 s at 250 Hz\n" in out
    assert "leads       V2 II\n" in out
    assert main([*part, "--leads", "V2=V9"]) == 0
    assert "V3 V4 V5 V6 V9\n" in capsys.readouterr().out
    assert main([*part, "--fs", "500"]) == 2
    assert "states 250 Hz" in capsys.readouterr().err


def test_read_needs_no_widget(tmp_path: Path) -> None:
    """Where the JavaScript was not built, nothing that shows it may be asked for."""
    program = (
        "import sys\n"
        "class Forbidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith(('anywidget', 'ipywidgets', 'cofe_widgets.widgets')):\n"
        "            raise ImportError(f'{name} is forbidden here')\n"
        "sys.meta_path.insert(0, Forbidden())\n"
        "try:\n"
        "    import cofe_widgets.widgets\n"
        "except ImportError:\n"
        "    print('no widgets')\n"
        "from cofe_widgets.cli import main\n"
        "sys.exit(main(['read', 'sample:sinus']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no widgets\nfile ")
    assert re.search(r"Heart rate +\d+ +bpm", done.stdout)


def test_read_measures_an_embedded_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "sample:sinus"]) == 0
    out = capsys.readouterr().out
    rate = re.search(r"Heart rate +(\d+) +bpm", out)
    assert rate is not None
    assert 50 <= int(rate[1]) <= 100
    assert re.search(r"P amplitude +0\.\d\d +mV", out)
    assert main(["read", "sample:fibrillation"]) == 0
    assert re.search(r"P amplitude +absent +mV", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["read", "nothing.xml"], "nothing.xml: no such file"),
        (["read", "sample:flutter"], "sample:flutter: no such sample: there are "),
        (["explain", "nothing.xml"], "nothing.xml: no such file"),
        (["explain", "sample:sinus", "-o", "no/such/page.html"], "the folder to write to does not"),
        (["explain", "sample:sinus", "--model", "gpt"], "no model named 'gpt': shipped models are"),
        (
            ["explain", "sample:sinus", "--attribution", "magic"],
            "choose one of saliency, smoothgrad",
        ),
        (["explain", "sample:sinus", "--target", "LBBB"], "choose one of SR, AF"),
        (["explain", "sample:sinus", "--target", "AF", "--level", "2"], "level 2"),
        (["explain", "sample:sinus", "--target", "AF", "--severities", "1"], "severities=1"),
        (["explain", "sample:sinus", "--target", "SR", "--level", "0.5"], "already answers SR"),
        (["models", "gpt"], "no model named 'gpt': shipped models are"),
    ],
)
def test_a_request_without_answer_is_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("cofe-widgets: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_record_too_short_for_the_model_is_refused(
    muse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(muse)]) == 2
    assert "the record is 2.00 s long and af-resnet needs 10 s" in capsys.readouterr().err


@pytest.mark.slow
def test_explain_answers_with_probabilities_changes_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    arguments = ["sample:sinus", "--model", "af-resnet", "--target", "AF", "--severities", "5"]
    assert main(["explain", *arguments, "-o", str(page)]) == 0
    out, err = capsys.readouterr()
    answers = dict(re.findall(r"^  (SR|AF) +([01]\.\d{3})$", out, re.MULTILINE))
    assert float(answers["SR"]) + float(answers["AF"]) == pytest.approx(1, abs=0.002)
    assert float(answers["SR"]) > 0.5
    assert "What would make it say AF with 0.9?" in out
    assert re.search(r"p\(AF\) goes from 0\.\d\d to 0\.9\d: ", out)
    variability = re.search(r"RR variability \(SD\) +(\d+) +(\d+) +\+(\d+) +ms", out)
    assert variability is not None
    assert int(variability[2]) > int(variability[1])
    assert re.search(
        r"What the model needs: p\(AF\) goes from 0\.\d\d to 0\.9\d: RR irregularity", out
    )
    assert re.search(r"^Change +Share +To the model$", out, re.MULTILINE)
    assert re.search(r"^RR irregularity \+\d+% +\d+ % +needed$", out, re.MULTILINE)
    assert re.match(r" +\d%  ", err)
    assert "100%" in err
    assert f"The picture is in {page}" in out
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "https://" not in re.sub(r'"(?:[^"\\]|\\.)*"', "", text), "the page asks no server"


def test_the_runner_up_is_the_target_when_none_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "sample:fibrillation", "--severities", "3"]) == 0
    assert "What would make it say SR with 0.9?" in capsys.readouterr().out


def test_models_lists_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    listed = re.findall(r"^(\S+)  \([\d.]+ MB\)$", capsys.readouterr().out, re.MULTILINE)
    assert {"af-resnet", "generator", "encoder"} <= set(listed)
    assert main(["models", "af-resnet"]) == 0
    card = capsys.readouterr().out
    assert card.startswith("# af-resnet\n")
    assert "Not a medical device." in card
    assert "ptbxl-lenet" in listed and "ptbxl-lenet-1" not in listed
    assert main(["models", "--hidden"]) == 0
    assert "ptbxl-lenet-1  (" in capsys.readouterr().out
    assert main(["models", "ptbxl-lenet-1"]) == 0
    assert capsys.readouterr().out.startswith("# ptbxl-lenet-1\n")


def test_doctor_finds_everything_that_the_tests_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^  torch +2\.", out, re.MULTILINE)
    assert re.search(r"^JavaScript +index\.js, index\.css$", out, re.MULTILINE)
    assert "Everything needed is there." in out
    assert "MISSING" not in out


def test_doctor_says_what_is_missing_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = doctor._version
    absent = {"voila", "wfdb"}
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in absent else there(name))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert 'for the dashboard: pip install "cofe-widgets[lab]"' in out
    assert "wfdb is missing: pip install cofe-widgets" in out


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_lists_its_own_options(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["train", recipe, "--help"])
    out = capsys.readouterr().out
    assert f"usage: cofe-widgets train {recipe} " in out
    assert "--device" in out


def test_every_file_of_recipes_is_one_that_help_lists(capsys: pytest.CaptureFixture[str]) -> None:
    files = {path.stem for path in Path(recipes.__file__).parent.glob("[a-z]*.py")}
    assert files == {recipe.module for recipe in RECIPES.values()}
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    out = capsys.readouterr().out
    for name, recipe in RECIPES.items():
        assert re.search(rf"^  {name} +{re.escape(recipe.help)}$", out, re.MULTILINE)


def test_a_recipe_answers_to_the_name_it_once_had(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["train", "nine", "--help"])
    assert "usage: cofe-widgets train multilabel " in capsys.readouterr().out


def test_an_unknown_recipe_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["train", "everything"])
    assert "'af', 'generator', 'encoder'" in capsys.readouterr().err.replace('"', "'")
