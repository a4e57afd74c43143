"""``cofe-widgets scorecard``, as a person at a terminal meets it."""

from cofe_widgets.cli import main


def test_it_prints_the_card_and_writes_its_picture(tmp_path, capsys):
    files = ["sample:sinus", "sample:fibrillation", "sample:sinus", "sample:fibrillation"]
    asked = ["--methods", "saliency", "--checks", "sparseness", "completeness", "--target", "AF"]
    picture = tmp_path / "card.svg"
    assert main(["scorecard", *files, *asked, "-o", str(picture)]) == 0
    out, err = capsys.readouterr()
    assert "af-resnet, AF:" in out and "Sparseness" in out and "R-peak detector" in out
    assert "not asked: it does not promise to add up to the answer" in out
    assert "maps of Saliency for AF" in err
    assert picture.read_text("utf-8").startswith("<svg")


def test_it_says_what_it_cannot_do(tmp_path, capsys):
    assert main(["scorecard", "sample:sinus"]) == 2
    assert "1 record: a scorecard needs 4 at least" in capsys.readouterr().err
    assert main(["scorecard", *["sample:sinus"] * 4, "--checks", "nothing"]) == 2
    assert "no check 'nothing'" in capsys.readouterr().err
    assert main(["scorecard", "sample:sinus", "-o", str(tmp_path / "no" / "card.svg")]) == 2
    assert "the folder to write to does not exist" in capsys.readouterr().err
