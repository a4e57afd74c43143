"""What all tests share: real recordings, a counterfactual, and the browser to test in."""

from __future__ import annotations

from pathlib import Path

import pytest

import cofe_widgets as cw

from .chromium import find

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: what is quick to fail fails first, and Playwright holds the event loop."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the project; without it the test is skipped, out loud."""
    if not SHARED.is_dir():
        pytest.skip(f"no real recordings: {SHARED} does not exist")
    return SHARED


@pytest.fixture(scope="session")
def sinus_to_af() -> cw.Counterfactual:
    """A simulated sinus rhythm that af-resnet is to call fibrillation; first and last frame alone."""
    record = cw.simulate("NSR", seed=21)[0].record
    found = cw.counterfactual(record, cw.load("af-resnet"), target="AF", severities=2)
    assert isinstance(found, cw.Counterfactual)
    return found


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of the browser to test in; there being none is a failure, not a skip."""
    return find()
