"""Sources and library: what is new, changed and gone, whatever is wrong with a single file."""

import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.index import embed
from article_assistant.index.generation import Damaged
from article_assistant.index.reading import files
from article_assistant.index.reading.markdown import markdown_page
from article_assistant.index.reading.page import Page
from article_assistant.index.search import Index
from article_assistant.index.sync import Progress, forget, sync
from article_assistant.index.types import EVERYONE, ArticleError, LibraryBusy, LibraryError, SourceError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parts import ENCRYPTED, MOST, SEEDS, Words, modest, pdf, state, update, write
from tests.reading.test_parse import endless

ALL = frozenset({EVERYONE})


@pytest.fixture
def encoder() -> Words:
    return Words()


@pytest.fixture
def index(tmp_path: Path, encoder: Words) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", encoder)
    yield opened
    opened.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write(
        tmp_path / "docs", {"trips.md": "# Trips\n\nTobias approves trips.", "sub/leave.txt": "Leave\n\nAsk Mia."}
    )


def ids(index: Index) -> list[str]:
    return [article.id for article in index.library.articles(None)]


def found(index: Index, question: str) -> list[str]:
    return [hit.article.id for hit in index.find(question, ALL, 10)]


def fresh(folder: Path, home: Path) -> dict[str, object]:
    """What a library holds that never knew anything but this folder."""
    shutil.rmtree(home, ignore_errors=True)
    opened = Index.open(home, Words())
    try:
        update(opened, folder)
        return state(opened)
    finally:
        opened.close()


def test_a_second_run_embeds_nothing(index: Index, encoder: Words, docs: Path) -> None:
    """Nothing changed: nothing is embedded, no generation is built, and the report says so."""
    first = update(index, docs)
    assert (sorted(first.added), first.chunks) == (["docs/sub/leave.txt", "docs/trips.md"], 2)
    before = encoder.embedded
    generation = index.library.fact("generation")
    os.utime(docs / "trips.md", (1, 1))
    second = update(index, docs)
    assert (second.unchanged, second.chunks, second.anything) == (2, 0, False)
    assert encoder.embedded == before
    assert index.library.fact("generation") == generation


def test_changed_and_deleted_files_follow(index: Index, encoder: Words, docs: Path) -> None:
    """After a run the library says what the folder says; only what changed is embedded."""
    update(index, docs)
    before = encoder.embedded
    write(docs, {"trips.md": "# Trips\n\nNobody approves zeppelins."})
    (docs / "sub" / "leave.txt").unlink()
    report = update(index, docs)
    assert (report.added, report.changed, report.removed) == ([], ["docs/trips.md"], ["docs/sub/leave.txt"])
    assert encoder.embedded == before + 1
    assert found(index, "zeppelins") == ["docs/trips.md"]
    assert index.article("docs/sub/leave.txt", None) is None


def test_categories_of_files(index: Index, docs: Path) -> None:
    """Those of its front matter come with an article, also from a parser's child; another one changes the file."""
    tagged = {"a.md": "", "b.mdx": "", "c.txt": "", "d.md": " Text." * 5000}
    for name, more in tagged.items():
        (docs / name).write_text(f"---\ntags: [Visas, Abroad]\n---\n# Trips\n\nText.{more}")
    sync([str(docs)], index, MOST)
    inside = {one.id: one.categories for one in index.library.articles(ALL) if one.categories}
    assert inside == {f"docs/{name}": ("Abroad", "Visas") for name in tagged}
    (docs / "a.md").write_text("---\ntags: Home\n---\n# Trips\n\nText.")
    assert sync([str(docs)], index, MOST).changed == ["docs/a.md"]
    assert index.library.ledger.categories(ALL) == {"Abroad": 3, "Home": 1, "Visas": 3}


def test_a_renamed_file_is_another_article(index: Index, docs: Path) -> None:
    """The old name is gone, the new one is there."""
    update(index, docs)
    (docs / "trips.md").rename(docs / "travel.md")
    report = update(index, docs)
    assert (report.added, report.removed) == (["docs/travel.md"], ["docs/trips.md"])


def test_what_cannot_be_read_is_named_with_its_reason_and_the_rest_go_on(index: Index, docs: Path) -> None:
    """Broken, empty, huge, encrypted, binary, no file at all: each is named, none stops the others."""
    write(
        docs,
        {
            "empty.md": b" \n\n ", "nothing.html": b"<html><body></body></html>", "binary.txt": b"\x00\x01\x02" * 50,
            "broken.pdf": b"%PDF-1.4 and then nothing", "locked.pdf": pdf("Secret", trailer=ENCRYPTED),
            "scan.pdf": pdf(""), "broken.docx": b"PK\x03\x04 no zip", "old.docx": b"\xd0\xcf\x11\xe0" + b"\0" * 600,
            "huge.txt": b"word " * (MOST // 5 + 1), "good.pdf": pdf("The pump stands in hall nine."),
        },
    )  # fmt: skip
    os.mkfifo(docs / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(docs / "socket.md"))
        (docs / "folder.md").mkdir()
        report = update(index, docs)
    reasons = {name.removeprefix("docs/"): reason for name, reason in report.failed.items()}
    expected = {
        "empty.md": "is empty", "nothing.html": "no text", "binary.txt": "not text", "broken.pdf": "broken",
        "locked.pdf": "encrypted", "scan.pdf": "no text", "broken.docx": "broken", "old.docx": "encrypted",
        "huge.txt": "more than the 1 MB allowed", "pipe.md": "not a plain file", "socket.md": "cannot be opened",
    }  # fmt: skip
    assert set(reasons) == set(expected)
    for name, part in expected.items():
        assert part in reasons[name], (name, reasons[name])
        assert "\n" not in reasons[name]
    assert ids(index) == ["docs/good.pdf", "docs/sub/leave.txt", "docs/trips.md"]
    assert index.library.ledger.failures() == report.failed
    assert found(index, "Where is the pump?")[0] == "docs/good.pdf"


def test_what_was_wrong_with_an_article_that_is_read_is_named(index: Index, docs: Path) -> None:
    """Broken front matter costs itself: the article is added with a notice, and its text has nothing of it."""
    write(
        docs, {"a.md": "---\ntitle: Pumps\ntags: [a, b\n---\nThe pump is red.", "b.md": "---\ntitle: Keys\n---\nRed."}
    )
    report = update(index, docs)
    assert {"docs/a.md", "docs/b.md"} <= set(report.added)
    assert report.notices == {"docs/a.md": "its front matter is broken (YAML, line 4)"}


def test_a_bomb_costs_one_article(index: Index, docs: Path) -> None:
    """A file that would keep its parser busy for minutes is named; those before and behind it are indexed."""
    write(docs, {"a.html": "<p>Before.", "bomb.pdf": endless(), "c.html": "<p>Behind."})
    report = sync([str(docs)], index, MOST, most_seconds=2)
    assert report.failed == {"docs/bomb.pdf": "parsing took more than 2 s, the most that is allowed"}
    assert ids(index) == ["docs/a.html", "docs/c.html", "docs/sub/leave.txt", "docs/trips.md"]


def test_what_could_not_be_read_costs_its_time_once(index: Index, docs: Path) -> None:
    """A bomb that is what it was is not parsed again, and named with its reason all the same; it is tried again when
    it changed, with another limit, by a newer reader, or when somebody says so."""

    def run(most_seconds: float = 1.0, retry: bool = False) -> tuple[int, list[str]]:
        report = sync([str(docs)], index, MOST, most_seconds=most_seconds, retry=retry)
        assert index.library.ledger.failures() == report.failed
        return report.untried, list(report.failed.values())

    write(docs, {"bomb.pdf": endless()})
    reason = "parsing took more than 1 s, the most that is allowed"
    assert run() == (0, [reason])
    assert run() == run() == (1, [reason])
    assert run(most_seconds=2) == (0, [reason.replace("1 s", "2 s")])
    assert run(most_seconds=2) == (1, [reason.replace("1 s", "2 s")])
    assert run(retry=True) == (0, [reason])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "VERSION", "next")
        assert run() == (0, [reason])
    write(docs, {"bomb.pdf": pdf("Harmless.")})
    assert run() == (0, [])
    assert "docs/bomb.pdf" in ids(index)


def test_small_texts_start_no_process(index: Index, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of Markdown and plain text costs no process; what needs one stops the run where none starts."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert len(update(index, docs).added) == 2
    write(docs, {"a.html": "<p>Page."})
    with pytest.raises(SourceError, match="no process can be started"):
        update(index, docs)
    assert len(ids(index)) == 2


def test_a_file_that_breaks_leaves_the_library(index: Index, docs: Path) -> None:
    """An article whose file can no longer be read isn't answered from; once mended it is back."""
    update(index, docs)
    write(docs, {"trips.md": b"\x00"})
    report = update(index, docs)
    assert list(report.failed) == ["docs/trips.md"]
    assert report.removed == []
    assert ids(index) == ["docs/sub/leave.txt"]
    write(docs, {"trips.md": "# Trips\n\nTobias approves trips."})
    assert update(index, docs).added == ["docs/trips.md"]
    assert index.library.ledger.failures() == {}


def test_a_name_that_is_not_utf8_is_named_and_the_rest_go_on(index: Index, docs: Path) -> None:
    """A file name in an old encoding stops nothing."""
    (Path(os.fsdecode(os.fsencode(docs) + b"/caf\xe9.md"))).write_text("Coffee.")
    report = update(index, docs)
    assert report.failed == {"docs/caf\\xe9.md": "its name is not UTF-8; rename it"}
    assert len(report.added) == 2


def test_characters_that_no_database_holds_stop_nothing(index: Index, docs: Path) -> None:
    """A text with NUL or with half of a character is stored without it."""
    write(docs, {"odd.md": '---\ntitle: "Half \\ud800"\n---\nText.', "nul.txt": "Zero \0 one.".encode("utf-16")})
    assert update(index, docs).failed == {}
    nul = index.article("docs/nul.txt", ALL)
    assert nul
    assert nul.text == "Zero  one."


@pytest.mark.parametrize("target", ["../outside", "{absolute}", "inside/../../outside"])
def test_no_link_leads_out_of_the_source(index: Index, tmp_path: Path, docs: Path, target: str) -> None:
    """Links to a file or folder outside, relative or absolute, are named and never followed."""
    outside = write(tmp_path / "outside", {"secret.md": "The secret is zeppelin.", "deep/more.md": "More zeppelin."})
    target = target.format(absolute=outside)
    (docs / "inside").mkdir()
    (docs / "folder").symlink_to(target)
    (docs / "file.md").symlink_to(f"{target}/secret.md")
    (docs / "sub" / "up.md").symlink_to(outside / "secret.md")
    report = update(index, docs)
    assert set(report.failed) == {"docs/folder", "docs/file.md", "docs/sub/up.md"}
    assert all("link" in reason for reason in report.failed.values())
    assert report.failed["docs/file.md"] == "it is a link that leads out of the source"
    assert ids(index) == ["docs/sub/leave.txt", "docs/trips.md"]
    assert not any("zeppelin" in article.text for article in index.library.articles(None))


def test_links_inside_the_source_give_no_article_twice(index: Index, docs: Path) -> None:
    """A link to a file of the source, to itself, in a circle or to nothing adds nothing and stops nothing."""
    (docs / "again.md").symlink_to("trips.md")
    (docs / "self.md").symlink_to("self.md")
    (docs / "one.md").symlink_to("two.md")
    (docs / "two.md").symlink_to("one.md")
    (docs / "circle").symlink_to(".")
    (docs / "gone.md").symlink_to("nowhere.md")
    (docs / ".hidden").symlink_to("/")
    report = update(index, docs)
    assert ids(index) == ["docs/sub/leave.txt", "docs/trips.md"]
    assert set(report.failed) == {"docs/circle"}


def test_a_file_swapped_for_a_link_while_reading_is_not_followed(tmp_path: Path) -> None:
    """Opening itself refuses a link, so nothing can change between looking and reading."""
    write(tmp_path, {"outside.txt": "secret"})
    (tmp_path / "link.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(ArticleError, match="is a link"):
        files.read_bytes(tmp_path / "link.txt", MOST)


def test_hidden_files_and_other_kinds_are_passed_over(index: Index, docs: Path) -> None:
    """Dot files and dot folders are nobody's articles, nor are pictures or programs."""
    write(docs, {".env.md": "secret", ".git/config.md": "secret", "logo.png": b"\x89PNG", "run.py": "print()"})
    report = update(index, docs)
    assert (len(report.added), report.failed) == (2, {})


def test_a_source_that_cannot_be_read_deletes_nothing(index: Index, tmp_path: Path, docs: Path) -> None:
    """Missing, emptied, without a readable file, an address, another kind: refused, what is there stays."""
    update(index, docs)
    empty = tmp_path / "empty"
    empty.mkdir()
    pictures = write(tmp_path / "pictures", {"a.png": b"\x89PNG"})
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    for address in (tmp_path / "missing", empty, pictures, pictures / "a.png", loop, "https://wiki.example.org"):
        with pytest.raises(SourceError):
            update(index, docs, address)
    shutil.rmtree(docs)
    with pytest.raises(SourceError, match="No such file"):
        update(index, docs)
    docs.mkdir()
    with pytest.raises(SourceError, match="no readable file"):
        update(index, docs)
    assert len(ids(index)) == 2
    assert found(index, "Tobias") == ["docs/trips.md", "docs/sub/leave.txt"]


def test_a_file_of_a_known_folder_updates_just_that_file(index: Index, docs: Path) -> None:
    """Naming one file brings that one up to date: no second source, and nothing else is touched."""
    write(docs, {"trips.htm": "<p>Old page.</p>", "trips.html": "<p>Other page.</p>", "bad.md": b"\0"})
    update(index, docs)
    write(docs, {"trips.md": "New text.", "trips.htm": "<p>New page.</p>", "sub/leave.txt": "New too."})
    (docs / "trips.html").unlink()
    assert update(index, docs / "trips.htm").changed == ["docs/trips.htm"]
    report = update(index, docs / "trips.md")
    assert (report.changed, report.removed) == (["docs/trips.md"], [])
    assert len(index.library.ledger.sources()) == 1
    assert "docs/trips.html" in ids(index)
    assert list(index.library.ledger.failures()) == ["docs/bad.md"]
    assert update(index, docs / "sub").changed == ["docs/sub/leave.txt"]
    assert update(index, docs).removed == ["docs/trips.html"]


def test_sources_do_not_hold_one_another(index: Index, docs: Path) -> None:
    """A folder around a source is refused, so that no article is there twice."""
    update(index, docs / "sub")
    with pytest.raises(SourceError, match="is a source already"):
        update(index, docs)
    assert len(index.library.ledger.sources()) == 1


def test_two_folders_of_one_name_keep_their_articles_apart(index: Index, tmp_path: Path) -> None:
    """The second gets a label of its own; updating or forgetting one leaves the other."""
    one = write(tmp_path / "one" / "docs", {"a.md": "Apple."})
    two = write(tmp_path / "two" / "docs", {"a.md": "Pear."})
    update(index, one, two)
    assert ids(index) == ["docs/a.md", "docs~2/a.md"]
    write(one, {"b.md": "More."})
    (one / "a.md").unlink()
    assert update(index, one).removed == ["docs/a.md"]
    assert ids(index) == ["docs/b.md", "docs~2/a.md"]
    assert forget(str(one), index) == 1
    assert ids(index) == ["docs~2/a.md"]


def test_forget_drops_a_source_by_address_or_label(index: Index, docs: Path) -> None:
    """Articles, failures and hits go; an unknown name is refused and says what there is."""
    write(docs, {"bad.md": b"\0"})
    update(index, docs)
    with pytest.raises(SourceError, match=str(docs)):
        forget("elsewhere", index)
    assert forget("docs", index) == 2
    assert index.library.counts() == {"sources": 0, "articles": 0, "chunks": 0}
    assert index.library.ledger.failures() == {}
    assert found(index, "Tobias") == []


def test_files_are_shown_to_everyone(index: Index, docs: Path) -> None:
    """A file carries the group `everyone`, its path as id, and no date that only the disk knows."""
    update(index, docs)
    trips = index.article("docs/trips.md", ALL)
    assert trips
    assert (trips.groups, trips.url, trips.updated, trips.title) == (ALL, "", None, "Trips")


def test_an_interruption_loses_nothing(tmp_path: Path) -> None:
    """Ctrl-C between two files: what was committed stays, the next run goes on and ends like any other."""
    folder = write(tmp_path / "docs", {f"{number:03}.md": f"Article {number}. " * 400 for number in range(60)})

    def stop(run: Progress) -> None:
        if run.doing == "docs/050.md":
            raise KeyboardInterrupt

    encoder = Words()
    opened = Index.open(tmp_path / "home", encoder)
    with pytest.raises(KeyboardInterrupt):
        sync([str(folder)], opened, MOST, stop)
    kept = opened.library.counts()["articles"]
    assert 0 < kept < 60
    opened.ready()
    assert opened.find("Article 3", ALL, 5)
    embedded = encoder.embedded
    report = update(opened, folder)
    assert (report.unchanged, len(report.added)) == (kept, 60 - kept)
    assert encoder.embedded - embedded == report.chunks
    assert state(opened) == fresh(folder, tmp_path / "fresh")
    opened.close()


def test_a_long_run_publishes_again_and_again(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader beside a first run gets generations while it goes on, a few for all of it, and finds every article that
    is stored, once, before, between and after them; what it holds in memory stays a share of the library."""
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 20)
    monkeypatch.setattr("article_assistant.index.sync.LEAST", 100)
    folder = write(tmp_path / "docs", {f"{n:04}.md": f"Number{n} stands alone." for n in range(1500)})
    reader = Index.open(index.library.home, Words())
    seen = dict[int, int]()  # numbers of generations, with how many articles there were

    def ask(run: Progress | None = None) -> None:
        if run and run.doing:  # it says nothing when articles were stored
            return
        stored = sorted(article.id for article in reader.library.articles(None))
        for name in stored[:: len(stored) // 5 + 1]:
            number = int(Path(name).stem)
            assert found(reader, f"number{number}").count(name) == 1
        reader.generations.join()
        with reader.generations.reading() as (generation, beside):
            assert len(beside) <= max(100, 0.25 * (generation.count if generation else 0)) + 3 * 20
            if generation:
                seen.setdefault(generation.number, generation.count)

    assert len(sync([str(folder)], index, MOST, ask).added) == 1500
    ask()
    assert 5 <= len(seen) <= 14
    assert sorted(seen.values()) == list(seen.values())
    assert (reader.library.changed(), reader.library.state().generation) == (0, max(seen))
    reader.close()


def test_a_run_says_how_far_it_is(index: Index, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files and bytes of all sources are known from the beginning, what is done only grows, and a file is done when
    it is stored; each file is named, and what a build of the search index does."""
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 2)
    other = write(docs.parent / "other", {f"{n}.md": f"Number{n}." * n for n in range(1, 8)} | {"bad.md": b"\0"})
    said = list[Progress]()

    def note(run: Progress) -> None:
        said.append(run)
        chunks = index.library.counts()["chunks"]
        assert run.chunks <= chunks <= run.chunks + 4

    sync([str(docs), str(other)], index, MOST, note)
    size = sum(path.stat().st_size for folder in (docs, other) for path in folder.rglob("*.*"))
    assert {(run.of_files, run.of_bytes) for run in said} == {(10, size)}
    assert said == sorted(said, key=lambda run: (run.files, run.bytes, run.chunks))
    assert (said[0].files, said[0].bytes, said[-1].files, said[-1].bytes, said[-1].chunks) == (0, 0, 10, size, 9)
    assert {"docs/trips.md", "other/bad.md", "other/7.md"} <= {run.doing for run in said}
    assert "building the search index: vectors, 0 of 9 chunks" in {run.doing for run in said}
    said.clear()
    sync([str(docs), str(other)], index, MOST, said.append)
    assert (said[-1].files, said[-1].bytes, said[-1].chunks) == (10, size, 0)


def test_a_run_goes_on_when_it_cannot_publish(index: Index, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no search index can be built, all articles are stored and found, one attempt was made amid the run, and
    its end says so."""
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 1)
    monkeypatch.setattr("article_assistant.index.sync.LEAST", 1)
    write(docs, {f"{n}.md": f"Number{n}." for n in range(20)})
    tried = []

    def refuse(*_: object, **__: object) -> None:
        tried.append(len(ids(index)))
        raise Damaged("no")

    monkeypatch.setattr("article_assistant.index.build.Builder.build", refuse)
    with pytest.raises(LibraryError, match="no search index could be built"):
        update(index, docs)
    assert len(tried) == 2
    assert tried[0] < tried[1] == 22
    assert found(index, "number7")[0] == "docs/7.md"


def test_one_writer(index: Index, docs: Path) -> None:
    """While a process writes, a second one is turned away at once, with the number of the first; readers go on."""
    update(index, docs)
    code = """
        import sys
        from pathlib import Path
        from article_assistant.index.library import Library
        with Library.open(Path(sys.argv[1])).writing():
            print("writing", flush=True)
            sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(index.library.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == b"writing\n"
        with pytest.raises(LibraryBusy, match=f"process {other.pid} is writing"):
            update(index, docs)
        assert found(index, "Tobias")
    finally:
        other.communicate()
    assert update(index, docs).unchanged == 2


def test_another_encoder_makes_all_vectors_anew(index: Index, tmp_path: Path, docs: Path) -> None:
    """Every source is indexed again, not only the one named; until then a question is refused in one line."""
    more = write(tmp_path / "more", {"b.md": "Pear."})
    update(index, docs, more)
    index.close()
    other = Words("words/2")
    opened = Index.open(index.library.home, other)
    with pytest.raises(LibraryError, match=r"words/1.*words/2"):
        opened.ready()
    assert update(opened, more).chunks == 3
    opened.ready()
    assert len(found(opened, "Tobias approves")) == 3
    opened.close()


def test_another_encoder_changes_nothing_while_a_source_is_away(index: Index, tmp_path: Path, docs: Path) -> None:
    """A source that cannot be read again keeps its articles: the run is refused before anything goes."""
    more = write(tmp_path / "more", {"b.md": "Pear."})
    update(index, docs, more)
    shutil.rmtree(more)
    opened = Index.open(index.library.home, Words("words/2"))
    with pytest.raises(SourceError, match="more"):
        update(opened, docs)
    assert opened.library.counts()["articles"] == 3
    assert opened.library.fact("encoder") == "words/1"
    opened.close()


def test_a_newer_reader_or_splitter_reads_again(index: Index, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint covers the versions of what read and split the file, not its bytes alone."""
    update(index, docs)
    for version in ("index.reading.files.VERSION", "index.chunk.SPLIT_VERSION"):
        monkeypatch.setattr(f"article_assistant.{version}", "next")
        assert len(update(index, docs).changed) == 2


def test_what_an_older_reader_read_is_read_anew_and_answers_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer reader's run is stopped midway: what it has read anew stays, the rest answers with the old text, and the
    next run reads that alone. It ends as if the older reader had never been."""
    folder = write(tmp_path / "docs", {f"{number:03}.md": f"Article {number}. " * 400 for number in range(40)})
    opened = Index.open(tmp_path / "home", Words())
    update(opened, folder)

    def newer(data: bytes) -> Page:
        page = markdown_page(data)
        return replace(page, text=page.text.replace("Article", "Paper"))

    def stop(run: Progress) -> None:
        if run.doing == "docs/030.md":
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "VERSION", "next")
    monkeypatch.setitem(files.READERS, ".md", newer)
    with pytest.raises(KeyboardInterrupt):
        sync([str(folder)], opened, MOST, stop)
    texts = {article.id: article.text for article in opened.library.articles(ALL)}
    anew = [name for name, text in texts.items() if text.startswith("Paper")]
    assert len(texts) == 40
    assert 0 < len(anew) < 40
    opened.ready()
    assert set(found(opened, "Paper 3")) & set(anew)
    assert set(found(opened, "Article 39")) - set(anew)
    report = update(opened, folder)
    assert (report.unchanged, len(report.changed), report.added) == (len(anew), 40 - len(anew), [])
    assert state(opened) == fresh(folder, tmp_path / "fresh")
    opened.close()


def test_the_sample_articles(tmp_path: Path) -> None:
    """With the real encoder: every sample file is read, found, and quoted at its place; a second run is idle."""
    opened = Index.open(tmp_path / "home", embed.load())
    report = update(opened, SEEDS)
    assert report.failed == {}
    assert len(report.added) == sum(path.suffix in files.READERS for path in SEEDS.rglob("*.*"))
    assert update(opened, SEEDS).chunks == 0
    hits = opened.find("How many assailants were captured in Aktobe?", ALL, 10)
    assert hits[0].article.id.startswith("seeds/news/")
    for hit in hits:
        assert hit.chunk.text == hit.article.text[hit.chunk.start : hit.chunk.end]
        assert len(hit.cosines) == len(hit.chunk.sentences)
    opened.close()


NAMES = st.sampled_from(["a.md", "b.txt", "sub/c.html", "sub/d.md", "a.md.txt"])
CONTENTS = st.sampled_from(
    [
        b"# Apple\n\nApples are red. They fall.",
        b"Pear\n\nPears are green.",
        b"<h1>Fig</h1><p>Figs are blue.</p>",
        b"\0",
        b" ",
        b"<p>",
    ]
)
STEP = st.tuples(st.just("write"), NAMES, CONTENTS) | st.tuples(st.sampled_from(["delete", "rename"]), NAMES, NAMES)


@settings(modest, max_examples=12)
@given(st.lists(st.lists(STEP, max_size=3), min_size=2, max_size=4))
def test_any_way_there_ends_like_a_fresh_start(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[tuple[str, str, object]]]
) -> None:
    """Add, change, break, mend, delete and rename in any order: the library ends as if it had seen only the end."""
    place = tmp_path_factory.mktemp("run")
    folder = write(place / "docs", {"always.md": "Always here."})
    opened = Index.open(place / "home", Words())
    for steps in runs:
        for kind, name, what in steps:
            path = folder / name
            if kind == "write":
                assert isinstance(what, bytes)
                write(folder, {name: what})
            elif kind == "delete":
                path.unlink(missing_ok=True)
            elif path.is_file():
                (folder / str(what)).parent.mkdir(exist_ok=True)
                path.rename(folder / str(what))
        update(opened, folder)
    assert state(opened) == fresh(folder, place / "fresh")
    again = Index.open(place / "fresh", Words())
    for question in ("apples", "What is green?", "Figs are blue"):
        ours = [(hit.article.id, hit.chunk.start, round(hit.score, 5)) for hit in opened.find(question, ALL, 10)]
        assert ours == [(hit.article.id, hit.chunk.start, round(hit.score, 5)) for hit in again.find(question, ALL, 10)]
    again.close()
    opened.close()
    shutil.rmtree(place)
