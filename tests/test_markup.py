"""Text into HTML and SVG: whatever it is, it stays text."""

from html import unescape
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.markup import escaped, html_table, line, plain

from .hostile import NAMES, Elements, assert_harmless, assert_no_odd_letters


@given(st.text())
def test_any_text_is_itself_again_in_html_and_in_svg(text):
    said = escaped(text)
    assert unescape(said) == plain(text)
    root = ElementTree.fromstring(f'<svg a="{said}"><text>{said}</text></svg>')
    inside = root[0].text or ""
    assert inside == plain(text).replace("\r\n", "\n").replace("\r", "\n")  # as XML reads lines
    assert list(root.attrib) == ["a"] and len(list(root.iter())) == 2


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Cf"))))
def test_ordinary_text_is_left_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_harmless_and_short(name):
    assert_harmless(f'<p title="{escaped(name)}">{escaped(name)}</p>')
    assert len(plain(name)) <= 2000 and len(line(name, 50)) <= 50
    assert "\n" not in line(f"a\n{name}\r\nb")


def test_tables_keep_their_words_and_no_markup():
    # As objects: pandas' own texts, where pyarrow is installed, refuse half characters.
    words = pd.Series([NAMES[1], NAMES[8]], dtype=object)
    frame = pd.DataFrame({"n": [1.23456, None], NAMES[0]: words})
    frame.index = pd.Index([NAMES[2], NAMES[7]], dtype=object)
    frame.index.name = NAMES[3]
    found = assert_harmless(html_table(frame))
    assert "1.23" in found.words and "–" in found.words and NAMES[1] in found.words
    assert_no_odd_letters(found.words)
    assert Elements(html_table(frame, index=False)).tags.count("th") == 2
