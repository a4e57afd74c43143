"""The levels of explainability are those of table 2 of Arends et al., one line each."""

from cofe_widgets.vocabulary.explainability import LEVEL_OF, LEVELS, level_line


def test_six_levels_in_order_and_what_is_shown_reaches_three():
    assert [level.number for level in LEVELS] == [0, 1, 2, 3, 4, 5]
    assert LEVEL_OF["attribution"] == 1  # "Attribution maps occupy level 1 of this hierarchy"
    assert max(LEVEL_OF.values()) == 3


def test_a_level_is_one_short_line():
    for shown, number in LEVEL_OF.items():
        said = level_line(shown)
        assert said.startswith(f"Explainability level {number} of 5, {LEVELS[number].name}: ")
        assert len(said) < 110
