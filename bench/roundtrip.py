"""What the readers make of documents whose content is known: made from a seed and written as files of many kinds.

Told for each kind: the share of the words that come back in their order, sentences that stand in no document, the
share of sentences that are whole, and that of table rows whose every cell stands behind the name of its column.
"""

import random
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from article_assistant.index.reading import files
from article_assistant.index.reading.page import squeeze
from article_assistant.index.types import UserFacingError

from bench import content, enclosed, office, report, written
from bench.content import Block, Table
from tests import browsers

AT_MARKS = {".docx", ".adoc", ".mediawiki"}
"""Kinds whose notes are read where their marks stand."""
WRITERS = {
    **written.WRITERS, ".docx": office.word, ".pptx": office.slides, ".eml": enclosed.mail, ".ipynb": enclosed.notebook,
}  # fmt: skip
"""What writes a document as a file of a kind."""
TOLD = {".pptx": office.spoken, ".eml": enclosed.told, ".ipynb": enclosed.noteless}
"""What a document is in a kind that cannot hold all of it as it is, or adds to it."""
_MARK = re.compile(r"^\s*(?:#{1,6} |- |(?=\d+\. ))")
_NOTE = re.compile(r"\[\d+\]|(?<=[.?!]) ?\d{1,2}$")  # a note's number, at its mark


@dataclass(slots=True)
class Count:
    """Words, those in order, sentences, whole ones, invented ones, rows, right ones, words that are too many."""

    words: int = 0
    in_order: int = 0
    sentences: int = 0
    whole: int = 0
    invented: int = 0
    rows: int = 0
    named: int = 0
    added: int = 0

    def add(self, other: "Count") -> None:
        """Add the figures of another document."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "four minutes on two cores for 200 documents")
    parser.add_argument("--many", type=report.positive, default=200, help="documents")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other documents")
    parser.add_argument("--only", nargs="+", metavar="KIND", default=[], help="such as .docx or pdf-1, else all")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print what was wrong in the first N files")
    given = parser.parse_args()
    facts = report.machine()
    counts: dict[str, Count] = defaultdict(Count)
    shown = 0
    with browser_if(not given.only or any(kind.startswith("pdf") for kind in given.only)) as browser:
        for number, (kind, blocks, data) in enumerate(written_as_each(given.many, given.seed, given.only, browser)):
            name = Path(f"a{'.pdf' if kind.startswith('pdf') else kind}")
            said = files.read_page(name, data).text
            wrong: list[str] = []
            counts[kind].add(compared(blocks, said, name.suffix not in AT_MARKS, wrong))
            if wrong and shown < given.show:
                shown += 1
                report.say(f"{kind} {number}:\n" + "\n".join(wrong))
    body = [report.table(list(HEADINGS), [_row(kind, count) for kind, count in counts.items()])]
    figures = {kind: {name: getattr(count, name) for name in Count.__slots__} for kind, count in counts.items()}
    report.write(given.out, "roundtrip", "Documents written and read again", facts, body, {"kinds": figures})


HEADINGS = (
    "kind",
    "words in order",
    "words too many",
    "whole sentences",
    "invented sentences",
    "rows with their names",
)


def _row(kind: str, count: Count) -> list[str]:
    def share(part: int, whole: int) -> str:
        return f"{100 * part / whole:.2f} %" if whole else "–"

    return [
        kind, share(count.in_order, count.words), share(count.added, count.words),
        share(count.whole, count.sentences), str(count.invented), share(count.named, count.rows),
    ]  # fmt: skip


@contextmanager
def browser_if(wanted: bool) -> Iterator[Any]:
    """A Chromium that prints; None where none is wanted."""
    if not wanted:
        yield None
        return
    from playwright.sync_api import sync_playwright

    path = browsers.installed()
    if path is None:
        raise UserFacingError("no chromium on the PATH to print PDF files; leave them out with --only .docx .html …")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running.new_page()
        running.close()


def written_as_each(
    many: int, seed: int, only: Sequence[str], browser: Any
) -> Iterator[tuple[str, list[Block], bytes]]:
    """Every document as every kind."""

    def wanted(kind: str) -> bool:
        return not only or kind in only

    for number, blocks in enumerate(content.documents(many, seed)):
        for kind, write in WRITERS.items():
            if wanted(kind):
                told = TOLD.get(kind, list)(blocks)
                yield kind, told, write(told, random.Random(number))
        for columns in (1, 2):
            if wanted(f"pdf-{columns}"):
                yield f"pdf-{columns}", blocks, printed(blocks, random.Random(number), columns, browser)
    for number, tables in enumerate(content.documents(many, seed, tables_only=True)):
        if wanted(".xlsx"):
            yield ".xlsx", tables, written.excel(tables, random.Random(number))
        for table in tables[:1] if wanted(".csv") else ():
            if isinstance(table, Table) and table.heads:  # a form is no file of records
                bare = Table(table.cells, table.heads)
                yield ".csv", [bare], written.comma_separated(bare, random.Random(number))


def printed(blocks: Sequence[Block], chance: random.Random, columns: int, browser: Any) -> bytes:
    """A PDF as Chromium prints it, on small pages with a running head and a number below."""
    browser.set_content(written.printed(blocks, chance, columns))
    edge = '<div style="font-size:8px;width:100%;text-align:center">{}</div>'.format
    data: bytes = browser.pdf(
        format=chance.choice(("A4", "A5", "Letter")) if columns == 1 else "A4",
        landscape=columns > 1,
        display_header_footer=True,
        header_template=edge(written.RUNNING),
        footer_template=edge('<span class="pageNumber"></span>'),
        margin=dict.fromkeys(("top", "bottom", "left", "right"), "18mm"),
    )
    return data


def compared(blocks: Sequence[Block], text: str, notes_last: bool, wrong: list[str]) -> Count:
    """The figures of one text; what is wrong with it is added to `wrong`, a line each."""
    expected = content.lines(blocks, notes_last)
    rows = [line for one in blocks if isinstance(one, Table) for line in one.lines()]
    found = [squeeze(_MARK.sub("", line)) for line in text.split("\n") if line.strip()]
    want, got = _words(" ".join(expected)), _words(" ".join(found))
    in_order = common(want, got)
    lost = [row for row in rows if row not in set(found)]
    held, said = (
        [" ".join(["", *_words(line), ""]) for line in found],
        [" ".join(["", *_words(line), ""]) for line in [*expected, written.RUNNING]],
    )
    pieces = content.sentences(blocks)
    broken = [one for one in pieces if not _stands(one, held)]
    told = [one for line in found if " | " not in line for one in re.split(r"(?<=[.?!])\s+", line)]
    invented = [one for one in told if not re.fullmatch(r"\d+\.?", one) and not _stands(one, said)]
    wrong += (
        [f"  row    {row}" for row in lost]
        + [f"  lost   {one}" for one in broken]
        + [f"  made   {one}" for one in invented]
    )
    return Count(
        words=len(want), in_order=in_order, added=len(got) - in_order, sentences=len(pieces),
        whole=len(pieces) - len(broken), invented=len(invented), rows=len(rows), named=len(rows) - len(lost),
    )  # fmt: skip


def common(want: Sequence[str], got: Sequence[str]) -> int:
    """How many words are in both in the same order at most (Hunt and Szymanski 1977).

    >>> common("a b c d".split(), "b a c".split())
    2
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(got):
        places[word].append(at)
    ends: list[int] = []  # of each length, the earliest end of words in order
    for word in want:
        for at in reversed(places[word]):
            k = bisect_left(ends, at)
            ends[k : k + 1] = [at]
    return len(ends)


def _stands(piece: str, held: Sequence[str]) -> bool:
    """Whether the words of a piece stand together in one of some lines."""
    words = " ".join(["", *_words(piece), ""])
    return any(words in line for line in held)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _NOTE.sub("", text))


if __name__ == "__main__":
    report.run(main)
