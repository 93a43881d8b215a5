"""How files as people write them are answered: small folders with the questions that users of other assistants asked.

Each folder of `field` in ASSISTANT_SHARED is a library of its own; `cases.jsonl` beside them names its questions,
and in words what is right: exact words, several of them ("Birch and Cedar"), a title, a date, a heading, a page,
or a refusal.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import article_assistant
from article_assistant.index import embed
from article_assistant.index.chunk import PATH
from article_assistant.index.search import Index
from article_assistant.index.sync import SyncReport, sync
from article_assistant.settings import ACCEPTED_WRONG, Settings
from article_assistant.types import Answer, User

from bench import data, report
from bench.systems import FILE_LIMIT

OPERATOR = User("bench", None)
_ASIDE = re.compile(r"\s*\([^)]*\)$")
_FACT = re.compile(
    r"(?:, )?(?:and )?(?:under the )?(title|heading|updated|page) (?:“([^”]*)”|(\S+?))(?: of the \w+)?(?=,|$)"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A question to the library of one folder, and in words what is right."""

    folder: str
    question: str
    expected: str


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "a minute on two cores")
    parser.add_argument("--only", nargs="+", metavar="CASE", default=[], help="folders whose names begin so, else all")
    given = parser.parse_args()
    report.offline()
    folder = data.shared("field")
    facts = report.machine()
    asked = [case for case in cases(folder) if not given.only or case.folder.startswith(tuple(given.only))]
    embedder = embed.load()
    rows, document = [], []
    for name in dict.fromkeys(case.folder for case in asked):
        with tempfile.TemporaryDirectory(prefix="bench-") as home:
            index = Index.open(Path(home), embedder)
            run = sync([str(folder / name)], index, FILE_LIMIT)
            assistant = article_assistant.open(Settings(home=Path(home), accepted_wrong=ACCEPTED_WRONG), index=index)
            for case in (case for case in asked if case.folder == name):
                answer = assistant.answer(case.question, OPERATOR)
                good = right(case.expected, answer, unnamed(folder / name, run))
                rows.append([case.folder, case.question, case.expected, _shown(answer), "right" if good else "wrong"])
                document.append({"case": case.folder, "question": case.question, "right": good, **answer.as_json()})
            assistant.close()
            index.close()
    many = sum(row[-1] == "right" for row in rows)
    body = [
        report.table(["case", "question", "expected", "answer", ""], rows),
        f"{many} of {len(rows)} right.",
    ]
    report.write(given.out, "field", "Files as people write them", facts, body, {"right": many, "cases": document})


def cases(folder: Path) -> Iterator[Case]:
    """The cases of a folder. Raises DataMissing where it has none."""
    path = folder / "cases.jsonl"
    if not path.is_file():
        raise data.DataMissing(f"no cases in {path}; let ASSISTANT_SHARED name the folder that holds field/")
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Case(row["case"], row["question"], row["expected"])


def unnamed(folder: Path, run: SyncReport) -> list[str]:
    """The files of a folder that were neither read, nor named with a reason, nor counted as of another kind."""
    told = [*run.added, *run.failed]
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() not in run.others]
    names = [path.relative_to(folder).as_posix() for path in files]
    return [name for name in names if not any(one.endswith(f"/{name}") or one == name for one in told)]


def right(expected: str, answer: Answer, silent: Sequence[str] = ()) -> bool:
    """Whether an answer is what was expected, in words; `silent` are files that nothing was said of.

    An alternative begins with "or". Words stand in the text of the answer or in one of its quotes, in their order
    and on one line; short words, where there are some, are among those expected.
    """
    if expected.startswith("the run says"):
        return not silent
    options = [
        option.strip() for option in re.split(r",? or (?=a refusal|the rows|\d|[A-Z])", _ASIDE.sub("", expected))
    ]
    if any(option.startswith("a refusal") for option in options) and not answer.answered:
        return True
    wanted = [option for option in options if not option.startswith(("a refusal", "the rows"))]
    return answer.answered and any(_said(option, answer, exact="not capitalised" in expected) for option in wanted)


def _said(option: str, answer: Answer, exact: bool) -> bool:
    option, _, without = option.partition(", without ")
    facts = {name: quoted or bare for name, quoted, bare in _FACT.findall(option)}
    words = _FACT.sub("", option).strip(", ")
    cited = answer.as_json()["citations"]
    lines = [line for text in (answer.answer, *(one["quote"] for one in cited)) for line in text.splitlines()]
    if exact:
        return words in answer.answer
    if without and any(without in line for line in lines):
        return False
    pieces = re.split(r", | and ", words)
    if answer.short and not any(_short(answer.short, piece) for piece in pieces):
        return False
    named = all(any(_holds(line, piece) for line in lines) for piece in pieces)
    return named and any(
        all(str(one.get(name, "")).rpartition(PATH)[2] == value for name, value in facts.items()) for one in cited
    )


def _short(short: str, words: str) -> bool:
    """Whether short words are some of those expected, or these and at most three more of the same cell."""
    beyond = len(short.split()) - len(words.split()) > 3 or any(sign in short and sign not in words for sign in ":|")
    return _holds(words, short) or (_holds(short, words) and not beyond)


def _holds(line: str, words: str) -> bool:
    """Whether all the words stand in a line, whole and in order, whatever stands between two of them."""
    parts = [re.escape(part.strip(".")) for part in words.split()]
    return bool(
        re.search("(?<![A-Za-z0-9])" + "(?![A-Za-z0-9]).*?(?<![A-Za-z0-9])".join(parts) + "(?![A-Za-z0-9])", line)
    )


def _shown(answer: Answer) -> str:
    said = answer.answer if answer.answered else "(refused)"
    return " ".join(said.replace("|", "¦").split())[:160]


if __name__ == "__main__":
    report.run(main)
