"""What the README says of registries is what they hold."""

from tests.readme_tables import README, written


def test_its_tables_are_those_of_the_registries():
    text = README.read_text()
    assert written(text) == text, "python -m tests.readme_tables writes them"
