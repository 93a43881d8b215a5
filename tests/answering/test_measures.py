"""Figures of a column are compared as what they measure, or not at all."""

import pytest
from article_assistant.answering.measures import EXTREMES, LIMITS, column


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["1.5 GiB", "75 MiB", "466 MiB"], [1, 2, 0]),
        (["~10 GB", "~1 GB"], [1, 0]),
        (["5 km", "300 m", "8,848 m"], [1, 0, 2]),
        (["3 March 2024", "2024-02-28", "9 June 2016"], [2, 1, 0]),
        (["1 day", "5 days"], [0, 1]),
        (["€1,200", "€58"], [1, 0]),
        (["1550 M", "39 M"], [1, 0]),
    ],
)
def test_figures_are_ordered_by_what_they_measure(cells: list[str], order: list[int]) -> None:
    """Prefixes of units count, so do days; a unit that all share is no hindrance."""
    found = column(cells)
    assert found
    assert sorted(range(len(cells)), key=lambda i: found.figures[i]) == order


@pytest.mark.parametrize("cells", [["2 h", "30 min"], ["12", "n/a"], ["3 March 2024", "12"], ["1 to 5", "3"], []])
def test_what_cannot_be_compared_is_no_column_of_figures(cells: list[str]) -> None:
    """Two units, a cell without a figure, a range; two units are never taken for one."""
    assert column(cells) is None


@pytest.mark.parametrize(
    ("cells", "asked", "rows"),
    [
        (["1.5 GiB", "75 MiB"], "more than 1 GiB", {0}),
        (["1.5 GiB", "75 MiB"], "at most 75 MiB", {1}),
        (["1.5 GiB", "75 MiB"], "more than 100", None),
        (["1.5 GiB", "1.1 GiB"], "more than 1.2", {0}),
        (["12", "30"], "at least 12 seats", {0, 1}),
        (["12", "30"], "fewer than 30 seats", {0}),
        (["~1 GB", "~10 GB"], "under 5 GB", {0}),
        (["422 MB/s", "1820 MB/s"], "above 1 GB/s", {1}),
    ],
)
def test_a_limit_is_in_the_unit_that_it_names(cells: list[str], asked: str, rows: set[int] | None) -> None:
    """Or in that of all cells; where these differ, a number alone says nothing."""
    found, limit = column(cells), LIMITS.search(asked)
    assert found
    assert limit
    assert found.within(limit) == rows


@pytest.mark.parametrize(
    ("cells", "asked", "rows"),
    [
        (["21 MB/s", "422 MB/s"], "fastest", [1]), (["21 s", "42 s"], "fastest", [0]),
        (["12 s", "30 s"], "slowest", [1]), (["~10x", "1x"], "slowest", [1]),
        (["12", "30"], "fastest", None), (["12", "30", "30"], "highest", [1, 2]),
        (["2016-06-09", "2015-10-01"], "latest", [0]), (["2016-06-09", "2015-10-01"], "oldest", [1]),
    ],
)  # fmt: skip
def test_the_fastest_is_the_most_of_a_rate_and_the_least_of_a_time(
    cells: list[str], asked: str, rows: list[int] | None
) -> None:
    """Of what is neither, it is not known which is meant."""
    found, most = column(cells), EXTREMES.search(asked)
    assert found
    assert most
    lowest = found.lowest(most)
    assert (None if lowest is None else found.outermost(range(len(cells)), lowest=lowest)) == rows
