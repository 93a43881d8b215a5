"""The command line: exit codes, one line for what went wrong, one JSON document for programs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from article_assistant.cli import console as terminal
from article_assistant.cli import main as cli
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.sync import Progress

from tests.index.test_library import entry
from tests.parts import pdf, write
from tests.reading.test_parse import endless

COMMANDS = "chat index forget ask evaluate unanswered serve status backup restore verify key mcp".split()


@dataclass
class Ran:
    """What a command left: exit code and both outputs."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `assistant` in this process, with a home of its own."""
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["assistant", *map(str, arguments)])
        before, mask = signal.getsignal(signal.SIGTERM), os.umask(0o022)
        capsys.readouterr()
        try:
            cli.main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            signal.signal(signal.SIGTERM, before)
            os.umask(mask)
        said = capsys.readouterr()
        assert isinstance(code, int)
        return Ran(code, said.out, said.err)

    return call


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write(
        tmp_path / "docs", {"trips.md": "# Trips\n\nTobias approves trips.", "[b]old[/b].md": "Leave is free."}
    )


def one_line(ran: Ran) -> str:
    """The only line on standard error of a command that could not."""
    assert ran.code == 1, ran
    assert ran.out == ""
    (line,) = ran.err.strip().splitlines()
    assert "Traceback" not in line
    return line


def test_help_loads_nothing_heavy() -> None:
    """`assistant --help` and each command's show at once: no model, store, page or framework is imported."""
    code = """
import sys
sys.argv = ["assistant", *sys.argv[1:], "--help"]
from article_assistant.cli.main import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = {"torch", "chromadb", "llama_index", "gradio", "onnxruntime", "tantivy", "transformers", "lxml"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    for command in ([], ["ask"]):
        ran = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "Usage: assistant" in ran.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    """Help has what the command does and how it is called."""
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"assistant {command}" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["index"],
        ["ask"],
        ["ask", "one", "two"],
        ["status", "--jsn"],
        ["serve", "--port", "many"],
        ["evaluate", "q.jsonl", "--report", "report.txt"],
        ["evaluate", "q.jsonl", "--report", "one.md", "--report", "two.md"],
        ["evaluate", "q.json", "--report", "q.json"],
        ["evaluate", "q.jsonl", "--report", "old.json", "--against", "old.json"],
        ["evaluate", "q.jsonl", "--report", "a.json", "--answers", "./a.json"],
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    """A command that does not exist, a missing or unknown argument, a report that is neither Markdown nor JSON or
    would overwrite what the run needs: exit code 2, said on standard error."""
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


def test_indexing_and_its_status(run: Run, docs: Path, tmp_path: Path) -> None:
    """A run says what it did, `status` what the library holds; odd names are shown as they are."""
    write(docs, {"bad.md": b"\0"})
    first = run("index", docs)
    assert (first.code, first.out) == (0, "")
    assert "2 added, 0 changed, 0 removed" in first.err
    assert "docs/bad.md: the file is not text" in first.err
    ran = run("status")
    assert ran.code == 0
    assert "2 articles in 2 chunks" in ran.out
    assert "docs/bad.md: the file is not text" in ran.out
    status = json.loads(run("status", "--json").out)
    assert (status["articles"], status["chunks"], status["searched_exactly"]) == (2, 2, 0)
    (source,) = status["sources"]
    assert (source["source"], source["articles"], source["failed"]) == (str(docs), 2, 1)
    assert status["home"] == str(tmp_path / "home")
    assert status["failed"] == {"docs/bad.md": "the file is not text"}
    generation = status["generation"]
    assert (generation["number"], generation["chunks"], generation["gone"]) == (1, 2, 0)
    assert generation["bytes"] > 1000
    assert generation["built"] >= status["oldest_sync"] == source["synced"]
    assert "search index: number 1, 2 chunks" in ran.out
    again = run("index", docs, "--json")
    assert json.loads(again.out) == {
        "added": [], "changed": [], "removed": [], "unchanged": 2, "chunks": 0,
        "failed": {"docs/bad.md": "the file is not text"}, "notices": {}, "others": {},
    }  # fmt: skip
    assert "Not tried again because unchanged: 1; to retry, type: assistant index --retry" in run("index", docs).err
    assert "Not tried" not in run("index", docs, "--retry").err
    assert run("index", docs, "--strict").code == 1
    (docs / "bad.md").unlink()
    assert run("index", docs, "--strict").code == 0
    assert "2 articles" in run("forget", docs).out
    assert json.loads(run("status", "--json").out)["articles"] == 0


def test_what_could_not_be_done_is_one_line(run: Run, docs: Path, tmp_path: Path) -> None:
    """Missing source, address, nothing in it, unknown source, bad setting: exit code 1 and one line."""
    (tmp_path / "empty").mkdir()
    assert "missing" in one_line(run("index", tmp_path / "missing"))
    assert "https://wiki.example.org" in one_line(run("index", "https://wiki.example.org"))
    assert "no readable file" in one_line(run("index", tmp_path / "empty"))
    assert "no source" in one_line(run("forget", "nothing"))
    assert "port" in one_line(run("serve", "--port", "99999"))
    assert "cannot be opened" in one_line(run("status", "--home", docs / "trips.md"))
    for arguments in (
        ["ask", "Who?"],
        ["serve"],
        ["evaluate", write(tmp_path, {"q.jsonl": '{"question": "Q", "answers": []}'}) / "q.jsonl"],
    ):
        assert "the library is empty; type: assistant index FOLDER" in one_line(run(*arguments))
    assert "missing.jsonl" in one_line(run("evaluate", "missing.jsonl"))


def test_home_by_option_before_or_after_the_command(run: Run, docs: Path, tmp_path: Path) -> None:
    """`--home` goes before the environment, wherever it stands."""
    assert run("index", docs, "--home", tmp_path / "other").code == 0
    assert json.loads(run("--home", tmp_path / "other", "status", "--json").out)["articles"] == 2
    assert json.loads(run("status", "--json").out)["articles"] == 0


def test_a_newer_library_is_one_line(run: Run, tmp_path: Path) -> None:
    """Whatever the command, a library from the future is refused and not touched."""
    library = Library.open(tmp_path / "home")
    library.all("PRAGMA user_version=99")
    library.close()
    before = (tmp_path / "home" / DATABASE).read_bytes()
    assert "newer version" in one_line(run("status"))
    assert "newer version" in one_line(run("index", tmp_path))
    assert (tmp_path / "home" / DATABASE).read_bytes() == before


def test_files_of_other_kinds_are_counted(run: Run, docs: Path) -> None:
    """In the run, in `status` and in the JSON of both, however deep they lie; hidden ones are none of it."""
    write(docs, {"a.pages": b"x", "sub/b.PAGES": b"x", "NOTES": b"x", ".hidden.zip": b"x", "deep/er/c.zip": b"x"})
    said = "4 files of other kinds left out (.pages 2, no ending 1, .zip 1)."
    assert said in run("index", docs).err
    assert said in run("status").out
    others = {".pages": 2, "": 1, ".zip": 1}
    assert json.loads(run("index", docs, "--json").out)["others"] == others
    status = json.loads(run("status", "--json").out)
    assert status["others"] == others
    assert status["sources"][0]["others"] == others


def test_status_tells_what_is_not_in_the_search_index(run: Run, docs: Path, tmp_path: Path) -> None:
    """Chunks that came since, those that are gone since, and that there is none at all."""
    assert "Nothing is indexed yet" in run("status").out
    assert run("index", docs).code == 0
    library = Library.open(tmp_path / "home")
    library.remove(["docs/trips.md"])
    library.replace(library.ledger.sources()[0], [entry("docs/new.md")])
    library.close()
    status = json.loads(run("status", "--json").out)
    assert (status["chunks"], status["searched_exactly"], status["generation"]["gone"]) == (2, 1, 1)
    assert "1 chunk new, found by exact search; 1 gone" in run("status").out
    shutil.rmtree(tmp_path / "home" / "generations")
    assert json.loads(run("status", "--json").out)["generation"] is None
    assert "none; type: assistant verify" in run("status").out


def test_a_library_is_backed_up_verified_and_restored(run: Run, docs: Path, tmp_path: Path) -> None:
    """Each says in a line or a table what it did; the restored library answers at once, from a search index."""
    assert "no library" in one_line(run("backup", "b.zip"))
    assert "no library" in one_line(run("verify"))
    assert run("index", docs).code == 0
    ran = run("backup", "b.zip")
    assert (ran.code, ran.err.strip()) == (0, "")
    assert ran.out.startswith("2 articles in 2 chunks are in b.zip, ")
    assert "--force" in one_line(run("backup", "b.zip"))
    assert "--force" in one_line(run("restore", "b.zip"))
    assert run("forget", docs).code == 0
    ran = run("restore", "b.zip", "--force")
    assert (ran.code, ran.err.strip()) == (0, "")
    assert "2 articles in 2 chunks, as of 20" in ran.out
    assert str(tmp_path / "home" / "replaced-") in ran.out
    status = json.loads(run("status", "--json").out)
    assert (status["articles"], status["searched_exactly"], status["generation"]["chunks"]) == (2, 0, 2)
    assert "Tobias" in run("ask", "Who approves trips?").out
    report = json.loads(run("verify", "--json").out)
    assert report["well"] is True
    assert {check["state"] for check in report["checks"]} == {"well"}


def test_verify_exits_with_1_when_something_stays_broken(run: Run, docs: Path, tmp_path: Path) -> None:
    """What was mended is no failure; what could not be is one, with what to do in the table and in the document."""
    assert run("index", docs).code == 0
    shutil.rmtree(tmp_path / "home" / "generations" / "gen-1" / "keyword")
    ran = run("verify")
    assert (ran.code, ran.out.count("mended")) == (0, 2)
    (tmp_path / "home" / "memory.sqlite3").write_bytes(b"no database" * 500)
    ran = run("verify")
    assert (ran.code, ran.err.strip()) == (1, "")
    assert "assistant restore FILE --force" in " ".join(ran.out.split())
    ran = run("verify", "--json")
    assert (ran.code, json.loads(ran.out)["well"]) == (1, False)


def test_what_commands_write_is_their_owners_alone(run: Run, docs: Path, tmp_path: Path) -> None:
    """Also where the umask lets everybody read: library, conversations, search indexes, backups."""
    assert run("index", docs).code == 0
    assert run("ask", "Who approves trips?", "--conversation", "c").code == 0
    assert run("backup", "b.zip").code == 0
    paths = [tmp_path / "b.zip", tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert any(path.name == "chroma.sqlite3" for path in paths)
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_two_at_once_is_one_line(run: Run, docs: Path, tmp_path: Path) -> None:
    """While another process writes, `index` ends with its number."""
    library = Library.open(tmp_path / "home")
    with library.writing():
        assert f"process {os.getpid()} is writing" in one_line(run("index", docs))
    library.close()


@pytest.mark.parametrize(("with_signal", "seen"), [(signal.SIGINT, "bar"), (signal.SIGTERM, "lines")])
def test_an_interruption_is_one_line_and_loses_nothing(tmp_path: Path, with_signal: signal.Signals, seen: str) -> None:
    """Ctrl-C or a kill while indexing: exit code 1, one line that says what is kept, no process left behind, the
    terminal as it was, the library whole and free, and the next run does the rest."""
    articles = {f"{n:03}.html": f"<p>Article {n}." for n in range(399)}
    # The last one takes for ever, so that no machine is done before the signal comes.
    folder = write(tmp_path / "docs", articles | {"last.pdf": endless()})
    command = [sys.executable, "-c", "from article_assistant.cli.main import main; main()", "index", str(folder)]
    environment = os.environ | {"ASSISTANT_HOME": str(tmp_path / "home"), "TERM": "xterm", "COLUMNS": "200"}
    environment["ASSISTANT_MAX_PARSE_SECONDS"] = "3600"
    shown, screen = os.openpty()
    going = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=screen if seen == "bar" else subprocess.PIPE,
        env=environment,
    )
    os.close(screen)
    screens = ThreadPoolExecutor(1)  # a terminal that nobody reads makes who writes to it wait
    drawn = screens.submit(drained, shown)
    library = Library.open(tmp_path / "home")
    deadline = time.monotonic() + 600
    while not library.counts()["articles"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert parsers_of(going.pid)
    going.send_signal(with_signal)
    out, err = going.communicate(timeout=600)
    said = drawn.result() if seen == "bar" else err.decode()
    screens.shutdown()
    assert (going.returncode, out) == (1, b"")
    assert parsers_of(going.pid) == []
    assert "Traceback" not in said
    kept = library.counts()["articles"]
    assert 0 < kept < 400
    *before, line = said.strip().splitlines()
    assert f"Stopped. Finished work is kept, {kept} articles in {kept} chunks; the same command continues" in line
    if seen == "bar":
        assert "of 400 articles" in said
        assert said.count("\x1b[?25l") == said.count("\x1b[?25h") == 1  # the cursor is shown again
        assert "\x1b[?25l" not in line
    else:
        assert all(one.startswith("Indexing: ") for one in before)  # a slow run says where it is
    assert library.all("PRAGMA integrity_check") == [("ok",)]
    write(folder, {"last.pdf": pdf("It ends.")})
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, env=environment, check=False)
    report = json.loads(again.stdout)
    assert (again.returncode, report["unchanged"], len(report["added"])) == (0, kept, 400 - kept)
    library.close()


def parsers_of(process: int) -> list[str]:
    """The processes that parse files for a process, or did."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_text().split("\0"))
    return [line[0] for line in lines if f"{process}" in line and any("reading.parse" in part for part in line)]


def drained(terminal: int) -> str:
    """What is written to a terminal until nobody has it open any more."""
    said = b""
    with suppress(OSError):  # a terminal without a writer answers with an error
        while block := os.read(terminal, 65536):
            said += block
    os.close(terminal)
    return said.decode()


def test_a_run_without_a_terminal_says_a_line_now_and_then(
    run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much is done of how much, how fast and how long it takes: at most a line in LINE seconds, none with
    --json; the last line says what was done."""
    write(docs, {f"{n}.md": f"Number{n}." for n in range(20)})
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 4)
    monkeypatch.setattr(terminal, "LINE", 0.0)
    *lines, end = run("index", docs).err.strip().splitlines()
    assert all(line.startswith("Indexing: ") for line in lines)
    assert re.search(r"Indexing: \d+ of 22 articles, [\d,]+ chunks/s, about \d+ s left, docs/\d+\.md", "\n".join(lines))
    assert "building the search index: words, 0 of 22 chunks" in "\n".join(lines)
    assert re.fullmatch(
        r"Indexed: 22 added, 0 changed, 0 removed, 0 unchanged, 0 failed; 22 chunks embedded, in [\d.]+ s "
        r"\([\d,]+ chunks/s\)\.",
        end,
    )
    assert run("index", docs, "--json").err == ""
    monkeypatch.setattr(terminal, "LINE", 10.0)
    (docs / "7.md").unlink()
    (end,) = run("index", docs).err.strip().splitlines()
    assert end.startswith("Indexed: 0 added, 0 changed, 1 removed, 21 unchanged, 0 failed; 0 chunks embedded, in ")


def test_the_pace_is_that_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is weighed by bytes, and files that were passed over in no time are forgotten after a minute."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = terminal.Pace()
    pace.run = Progress(9_000, 10_000, 9_000_000, 19_000_000, 0, "")
    now = 1.0
    assert str(pace) == "9,000 of 10,000 articles, about 1 s left"
    now = 1.9
    assert str(pace) == "9,000 of 10,000 articles, about 1 s left"
    for second in range(2, 100):
        now = second
        pace.run = Progress(9_000 + second, 10_000, 9_000_000 + 10_000 * second, 19_000_000, 20 * second, "docs/a.md")
        said = str(pace)
    assert said == "9,099 of 10,000 articles, 20 chunks/s, about 15 min left, docs/a.md"


def test_an_evaluation_leaves_a_report_that_the_next_one_is_compared_with(run: Run, docs: Path, tmp_path: Path) -> None:
    """Both kinds of report; against itself nothing differs and the exit code is 0; when the articles that answer are
    gone it is 1, with one line that names figure and question, and all is written and printed all the same."""
    asked = [
        {"question": "Who approves trips?", "answers": ["Tobias"], "article": "trips.md"},
        {"question": "Who feeds the 谁 \ud800?", "answers": []},
    ]
    file = write(tmp_path, {"q.jsonl": "\n".join(map(json.dumps, asked))}) / "q.jsonl"
    assert run("index", docs).code == 0
    first = run("evaluate", file, "--report", "old.json", "--report", "old.MD", "--answers", "a.jsonl")
    assert (first.code, first.err.strip()) == (0, "")
    assert "exact match" in first.out
    assert "rightly refused" in first.out
    old = json.loads((tmp_path / "old.json").read_text())
    assert old["report"] == 1
    assert old["questions_file"] == "q.jsonl"
    assert old["causes"]["right"] == 1
    assert len(old["questions"]) == 2
    assert "comparison" not in old
    assert (tmp_path / "old.MD").read_text().startswith("# Evaluation of `q.jsonl`")
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2

    same = run("evaluate", file, "--against", "old.json", "--json")
    document = json.loads(same.out)
    assert (same.code, same.err.strip()) == (0, "")
    assert document["questions"] == 2
    assert document["exact match"] == old["figures"]["exact match"]
    assert document["comparison"]["failed"] == document["comparison"]["worse"] == []

    (docs / "trips.md").write_text("Nothing is said here.")
    assert run("index", docs).code == 0
    worse = run("evaluate", file, "--against", "old.json", "--report", "new.md", "--report", "new.json", "--json")
    assert worse.code == 1
    (line,) = worse.err.strip().splitlines()
    assert "significantly worse" in line
    assert "exact match 1.000 → 0.000" in line
    assert "“Who approves trips?”" in line
    compared = json.loads(worse.out)["comparison"]
    assert [row["question"] for row in compared["worse"]] == ["Who approves trips?"]
    assert json.loads((tmp_path / "new.json").read_text())["comparison"] == compared
    assert (
        "### Questions that got worse (1)\n\n1. `Who approves trips?`: right → not found"
        in (tmp_path / "new.md").read_text()
    )
    shown = run("evaluate", file, "--against", "old.json")
    assert shown.code == 1
    assert "1 question got worse:\n  Who approves trips?: exact match, f1" in shown.out


def test_what_an_evaluation_lacks_is_said_before_a_question_is_asked(run: Run, tmp_path: Path) -> None:
    """With nothing to ask at all, what is said first is that a report is broken or a file cannot be written; the
    look whether it can leaves nothing behind and what stands there alone."""
    file = write(tmp_path, {"q.jsonl": '{"question": "Q", "answers": []}', "broken.json": "{", "kept.md": "kept"})
    asked = file / "q.jsonl"
    assert "broken.json cannot be read" in one_line(run("evaluate", asked, "--against", "broken.json"))
    assert "missing.json cannot be read" in one_line(run("evaluate", asked, "--against", "missing.json"))
    for option, name in (("--report", "none/r.md"), ("--report", "q.jsonl/r.json"), ("--answers", "none/a.jsonl")):
        assert f"{name} cannot be written" in one_line(run("evaluate", asked, option, name))
    (tmp_path / "folder.md").mkdir()
    assert "folder.md cannot be written" in one_line(run("evaluate", asked, "--report", "folder.md"))
    assert "the library is empty" in one_line(run("evaluate", asked, "--report", "new.json", "--report", "kept.md"))
    assert not (tmp_path / "new.json").exists()
    assert (tmp_path / "kept.md").read_text() == "kept"


def test_what_gates_is_in_the_help(run: Run) -> None:
    """Whoever hangs an upgrade on the exit code reads there which figures it follows."""
    from article_assistant.evaluation.comparison import GATES

    said = " ".join(run("evaluate", "--help").out.split())
    assert all(name in said for name in GATES)


def test_a_question_is_kept_to_a_place_and_explained(run: Run, docs: Path) -> None:
    """`--in`, `--category` and `--since` leave out the rest; `--explain` says what was found and what became of it."""
    trips = docs / "trips.md"
    trips.write_text(f"---\ntags: [Journeys]\n---\n{trips.read_text()}")
    assert run("index", docs).code == 0
    ran = run("ask", "Who approves trips?", "--in", "docs", "--category", "journeys", "--explain")
    assert "Tobias" in ran.out
    assert "Trips: cited" in ran.out
    for option, value in (("--in", "docs/elsewhere"), ("--category", "visas"), ("--since", "2999-01-01")):
        assert "Tobias" not in run("ask", "Who approves trips?", option, value).out
    assert run("ask", "Who?", "--since", "soon").code == 2
