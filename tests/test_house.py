"""The house stays small: no figure of it grows."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests import house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the news of `seeds/`."""
    folder = tmp_path_factory.mktemp("house")
    house.sample(folder)
    return folder


def test_no_figure_grows(home: Path) -> None:
    """Rooms, files crossed, names, layers, lengths and the README: each at most what `STANDS` says."""
    most = asdict(house.STANDS)
    assert {name: value for name, value in asdict(house.house(home)).items() if value > most[name]} == {}


def test_the_trace_and_the_names_see_something(home: Path) -> None:
    """A question runs through the search, the reader and the citing; a name defined once is not counted."""
    assert {"index/search.py", "assistant/pipeline.py", "assistant/answering/cite.py"} <= set(house.crossed(home))
    assert "House" not in house.shared_names()
    assert all(len(paths) > 1 for paths in house.shared_names().values())
