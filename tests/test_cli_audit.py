"""``cofe-widgets audit``, as a person at a terminal meets it."""

import pandas as pd
import pytest

from cofe_widgets.audit.tasks import TASKS
from cofe_widgets.cli import audit, main
from cofe_widgets.io import sample_path

SAMPLES = str(sample_path("sinus").parent)


def test_it_knows_the_tasks_there_are():
    assert set(audit.TASKS) == set(TASKS)


def test_it_measures_a_folder_and_goes_on_only_when_told(tmp_path, capsys):
    kept = tmp_path / "kept"
    (tmp_path / "bad.hea").write_text("bad 1 500 100\nno.dat 16 1000 16 0 0 0 0 I\n")
    call = ["audit", SAMPLES, str(tmp_path / "bad.hea"), "-o", str(kept), "--chunk", "2"]
    assert main(call) == 0
    out, err = capsys.readouterr()
    assert "4 ECGs, 1 of them skipped" in out and "results.parquet" in out and "100%" in err
    assert len(pd.read_parquet(kept / "results.parquet")) == 3
    assert pd.read_csv(kept / "failures.csv").record.tolist() == [3]
    assert main(call) == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    assert main([*call, "--resume"]) == 0
    assert "4 ECGs" in capsys.readouterr().out
    assert main([*call, "--resume", "--task", "predictions"]) == 2
    assert "folder of another audit" in capsys.readouterr().err


def test_parts_are_merged(tmp_path, capsys):
    call = ["audit", SAMPLES, "-o", str(tmp_path), "--chunk", "1", "--task", "predictions"]
    assert main([*call, "--part", "1/2"]) == 0
    assert f"audit --merge {tmp_path}" in capsys.readouterr().out
    assert main(["audit", "--merge", str(tmp_path)]) == 2
    assert "1 of 3 chunks are not finished" in capsys.readouterr().err
    assert main([*call, "--part", "2/2"]) == 0
    assert main(["audit", "--merge", str(tmp_path)]) == 0
    assert "3 ECGs, 0 of them skipped" in capsys.readouterr().out
    table = pd.read_parquet(tmp_path / "results.parquet")
    assert table.record.tolist() == [0, 1, 2] and table.AF.is_monotonic_increasing is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["audit"], "say what to audit"),
        (["audit", "nowhere/x", "-o", "out"], "no such file"),
        (["audit", SAMPLES, "-o", "out", "--task", "attributions"], "need --target"),
        (["audit", SAMPLES, "-o", "out", "--on", "cloud"], "expected processes"),
    ],
)
def test_it_says_what_it_cannot_do(given, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(given) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
