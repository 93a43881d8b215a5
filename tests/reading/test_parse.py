"""Whatever a file does to its parser, it costs that file alone: time, memory, a crash, and nothing left behind."""

import fcntl
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import pytest
from article_assistant.index.reading import files, parse
from article_assistant.index.reading.parse import Parser
from article_assistant.index.types import ArticleError, SourceError

from tests.parts import SEEDS, check_reason, pdf

GOOD = (Path("good.html"), b"<title>Good</title><p>The pump stands in hall nine.")


def packed(content: bytes, pages: int = 1) -> bytes:
    """A PDF whose pages all hold `content`, compressed."""
    stream = zlib.compress(content, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % (k + 4) for k in range(pages)), pages),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 3 0 R /Resources << >> >>"] * pages,
    ]
    numbered = (b"%d 0 obj\n%s\nendobj\n" % pair for pair in enumerate(objects, 1))
    return b"%PDF-1.4\n" + b"".join(numbered) + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (len(objects) + 1)


def endless() -> bytes:
    """A PDF of 50 KB that takes minutes: on each of its 400 pages lie 200,000 letters, one on another."""
    return packed(b"BT /F1 9 Tf 9 9 Td " + (b"(%s) Tj " % (b"a" * 20_000)) * 10 + b"ET", 400)


def swollen() -> bytes:
    """A DOCX of 40 KB whose two million empty paragraphs take hundreds of megabytes."""
    made, out = io.BytesIO(), io.BytesIO()
    docx.Document().save(made)
    with zipfile.ZipFile(made) as plain, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            content = plain.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 2_000_000)
            archive.writestr(name, content)
    return out.getvalue()


def child(parser: Parser) -> int | None:
    return parser._child.pid if parser._child else None


def state(process: int) -> tuple[str, int] | None:
    """What a process does (`R` runs, `Z` has ended) and its time on the processor in ticks; None: it is gone."""
    try:
        parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return parts[0], int(parts[11]) + int(parts[12])


def wait_for_work(process: int) -> None:
    """Until a child that had nothing to do is in the middle of a file."""
    began = state(process)
    while began and (now := state(process)) and now[1] < began[1] + 20:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def shared_parser() -> Iterator[Parser]:
    with Parser() as opened:
        yield opened


@pytest.fixture
def parser(shared_parser: Parser) -> Parser:
    """A parser, perhaps with the child of an earlier test: a start takes longer than most of what is tested."""
    shared_parser.seconds, shared_parser.memory = parse.SECONDS, parse.MEMORY
    return shared_parser


@pytest.fixture
def fresh(parser: Parser) -> Iterator[Parser]:
    """A parser without a child, and none is left of what the test made of it."""
    parser.close()
    yield parser
    parser.close()


def test_every_page_is_as_without_a_child(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sample files, of every kind: the same title, text and date, or the same reason, from one child."""
    monkeypatch.setattr(parse, "SMALL", 0)
    seen = set()
    for path, _ in files.files_below(SEEDS):
        assert parser.read(path, path.read_bytes()) == files.read_page(path, path.read_bytes())
        seen.add(child(parser))
    assert len(seen) == 1
    assert None not in seen
    for path, data in [
        (Path("odd \udcff\n“name”.txt"), b"Text \xff"), (Path("nul.txt"), "Zero \0 one.".encode("utf-16")),
        (Path("a.md"), b'---\ntitle: "Half \\ud800"\ntags: [b, "\\ud800"]\n---\nText.'),
        (Path("a.html"), b"<pre>\r\n\xe2\x80\xa8 x</pre>"),
    ]:  # fmt: skip
        assert parser.read(path, data) == files.read_page(path, data)
    for path, data in [
        (Path("a.pdf"), pdf("")),
        (Path("a.docx"), b"PK\x03\x04"),
        (Path("a.md"), b" "),
        (Path("a.md"), b"\0"),
    ]:
        with pytest.raises(ArticleError) as here:
            files.read_page(path, data)
        with pytest.raises(ArticleError) as there:
            parser.read(path, data)
        assert str(there.value) == str(here.value)
    assert seen == {child(parser)}


def test_small_texts_want_no_child(fresh: Parser) -> None:
    """Markdown and plain text are parsed here while they are small; longer ones, and all other kinds, are not."""
    for name in ("a.md", "a.MARKDOWN", "a.txt"):
        assert fresh.read(Path(name), b"x" * parse.SMALL).text
        assert child(fresh) is None
    for name in ("a.md", "a.txt", "a.html"):
        assert fresh.read(Path(name), b"x" * (parse.SMALL + (name != "a.html"))).text
        assert child(fresh)
        fresh.close()


def test_a_file_that_takes_too_long_is_given_up(parser: Parser) -> None:
    """After the time allowed its child is gone, the reason says so, and the next file has a child of its own."""
    for name, bomb in [("a.pdf", endless()), ("a.md", b"[a" * 2_000_000)]:
        parser.seconds = 60
        assert parser.read(*GOOD).title == "Good"
        before = child(parser)
        assert before
        parser.seconds = 0.5
        with pytest.raises(ArticleError, match=r"^parsing took more than 0\.5 s, the most that is allowed$"):
            parser.read(Path(name), bomb)
        assert state(before) is None
    parser.seconds = 60
    assert parser.read(*GOOD).title == "Good"


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("a.pdf", lambda: packed(b" " * 200_000_000)), ("a.docx", swollen), ("a.html", lambda: b"<b>x</b>" * 1_000_000),
        ("a.html", lambda: b"<table><tr><th colspan=98>" + b"x" * 20_000 + b"<th>z" + (b"<tr>" + b"<td>y" * 99) * 99),
    ],
)  # fmt: skip
def test_a_file_that_takes_too_much_memory_is_given_up(parser: Parser, name: str, bomb: Callable[[], bytes]) -> None:
    """What unpacks to gigabytes fails at the limit, whatever its parser says then; the next file goes on."""
    parser.memory = 50_000_000
    with pytest.raises(ArticleError, match=r"^parsing took more than 0\.05 GB of memory, the most that is allowed$"):
        parser.read(Path(name), bomb())
    assert parser.read(*GOOD).title == "Good"


def test_a_crash_costs_one_file(fresh: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that takes its process down: the reason says how it died, and the next file goes on."""
    monkeypatch.syspath_prepend(tmp_path)
    for crash, reason in [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"), ("import os; os.abort()", "SIGABRT"),
        ("import os; os._exit(0)", "exit status 0"), ("import os; os.closerange(3, 9); os._exit(9)", "exit status 9"),
    ]:  # fmt: skip
        (tmp_path / "pypdfium2.py").write_text(crash)
        with pytest.raises(ArticleError) as caught:
            fresh.read(Path("a.pdf"), b"%PDF-1.4")
        check_reason(caught.value)
        assert str(caught.value) == f"the parser died ({reason})"
        assert fresh.read(*GOOD).title == "Good"


def test_what_a_parser_prints_is_no_answer(
    fresh: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Output of parsers is neither taken for a page nor shown, and their input is not the next question."""
    (tmp_path / "docx.py").write_text('import os; print("{}", flush=True); os.write(1, b"{}"); os.write(2, b"no")')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ArticleError, match="broken"):
        fresh.read(Path("a.docx"), b"PK\x03\x04")
    assert fresh.read(*GOOD).title == "Good"
    fresh.close()
    assert capfd.readouterr() == ("", "")


def test_a_child_that_ended_between_two_files_is_replaced(parser: Parser) -> None:
    """Killed while it had nothing to do: no file is blamed."""
    parser.read(*GOOD)
    assert parser._child
    parser._child.kill()
    parser._child.wait()
    assert parser.read(*GOOD).title == "Good"


def test_a_child_that_keeps_memory_is_replaced(fresh: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file leaves behind in its child does not add up over a run."""
    fresh.read(*GOOD)
    before = child(fresh)
    monkeypatch.setattr(parse, "GROWN", 0)
    assert fresh.read(Path("a.pdf"), pdf("One")).text == "One"
    monkeypatch.undo()
    assert child(fresh) is None
    assert fresh.read(*GOOD).title == "Good"
    assert child(fresh) not in {None, before}


def test_an_interruption_leaves_no_answer_for_the_next_file(parser: Parser) -> None:
    """Ctrl-C while a file is parsed: its child ends, and the next file gets its own page."""
    parser.read(*GOOD)
    first, bomb = child(parser), endless()
    assert first

    def interrupt() -> None:
        wait_for_work(first)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        parser.read(Path("a.pdf"), bomb)
    thread.join()
    assert state(first) is None
    assert parser.read(*GOOD).title == "Good"


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process in a session of its own that runs `code` with `GOOD` and a parser, and can be talked to."""
    begin = "import sys\nfrom pathlib import Path\nfrom article_assistant.index.reading.parse import Parser\n"
    begin += f"GOOD = Path('good.html'), {GOOD[1]!r}\n"
    return subprocess.Popen(
        [sys.executable, "-c", begin + textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=SEEDS.parent,
    )  # fmt: skip


def test_an_interruption_while_the_clock_starts_keeps_no_thread(fresh: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C just as the time of a file begins to run: no thread is left that would hold the process's end up."""
    started = threading.Timer.start

    def interrupted(timer: threading.Timer) -> None:
        started(timer)
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Timer, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fresh.read(Path("a.html"), b"<p>One.")
    assert set(threading.enumerate()) <= before
    assert fresh.read(Path("b.html"), b"<p>Two.").text == "Two."


@pytest.mark.parametrize("busy", [True, False])
def test_the_child_ends_with_its_parent(tmp_path: Path, busy: bool) -> None:
    """Also when that is killed at once, also in the middle of a file."""
    (tmp_path / "a.pdf").write_bytes(endless())
    parent = started(
        """
        with Parser() as parser:
            parser.read(*GOOD)
            print(parser._child.pid, flush=True)
            if sys.argv[2] == "True":
                parser.read(Path("a.pdf"), Path(sys.argv[1]).read_bytes())
            sys.stdin.read()
        """,
        str(tmp_path / "a.pdf"),
        str(busy),
    )
    with parent:
        assert parent.stdout
        number = int(parent.stdout.readline())
        if busy:
            wait_for_work(number)
        parent.kill()
    for _ in range(2_000):  # a kill takes its time to arrive
        if (now := state(number)) is None or now[0] == "Z":
            break
        time.sleep(0.01)
    else:
        os.kill(number, signal.SIGKILL)
        pytest.fail("the child outlives its parent")


def test_ctrl_c_is_the_parents_to_decide() -> None:
    """The signal that a terminal sends to all processes of a command does not end the child."""
    code = """
        with Parser() as parser:
            parser.read(*GOOD)
            before = parser._child.pid
            try:
                print("ready", flush=True)
                sys.stdin.read()
            except KeyboardInterrupt:
                print(parser.read(*GOOD).title, parser._child.pid == before, flush=True)
    """
    with started(code) as command:
        assert command.stdout
        assert command.stdout.readline() == "ready\n"
        os.killpg(command.pid, signal.SIGINT)
        assert command.stdout.readline() == "Good True\n"
        assert command.wait() == 0


def test_the_child_holds_nothing_that_is_ours(fresh: Parser, tmp_path: Path) -> None:
    """A lock that was held when the child started is free when we let it go, while the child lives on."""
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh.read(*GOOD)
    assert child(fresh)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert fresh.read(*GOOD).title == "Good"


def test_nothing_is_imported_from_the_current_folder(
    fresh: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone stands in the folder of articles, and a file there has the name of a module: it does not run."""
    for name in ("json", "yaml", "lxml", "index"):
        (tmp_path / f"{name}.py").write_text("import os; os._exit(1)")
    monkeypatch.chdir(tmp_path)
    assert fresh.read(*GOOD).title == "Good"


def test_the_child_imports_only_what_parsing_needs() -> None:
    """No model and no index is loaded for it, so that its start is short and its memory small."""
    with started("print(*{name.split('.')[0] for name in sys.modules})") as process:
        imported = set(process.communicate()[0].split())
    assert {"article_assistant", "lxml", "markdown_it"} <= imported
    heavy = "torch onnxruntime chromadb llama_index tokenizers tantivy pydantic pdfplumber docx sqlite3".split()
    assert not imported & set(heavy)


def test_many_threads_are_no_trap(fresh: Parser) -> None:
    """A child starts beside threads that hold locks, and beside other parsers."""
    end = threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(50)]
    for thread in threads:
        thread.start()
    with Parser() as other:
        assert fresh.read(*GOOD) == other.read(*GOOD)
        assert child(fresh) != child(other)
    end.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_no_file_is_blamed_where_no_child_starts(fresh: Parser, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """It ends the run in one line; an article that could be read stays in the library."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(SourceError, match="process") as caught:
        fresh.read(*GOOD)
    assert "\n" not in str(caught.value)


def test_no_core_is_dumped_and_no_thread_is_left(parser: Parser) -> None:
    """A crash writes no copy of the child's memory; a file leaves no timer behind."""
    before = threading.active_count()
    parser.read(*GOOD)
    assert threading.active_count() == before
    limits = Path(f"/proc/{child(parser)}/limits").read_text()
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]
