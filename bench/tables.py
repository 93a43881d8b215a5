"""Questions over a whole table: which rows, how many, which has the most; a third of them without an answer.

Tables of public facts and of an office stand in `bench/tables-asked/`, all in one library, with `questions.jsonl`;
what answers was made with an eye on these. In the other folders (`--set found`, `drawn`, `kept`, `fresh`, `unseen`) are
tables as they stand in pages of public repositories and packages, and questions that were written before they were
first asked.
Right is an answer with all the values expected and no others, each cited, or a refusal where none is expected.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.meant import alike_by
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import Answer, User

from bench import report
from bench.systems import FILE_LIMIT

SETS = ("asked", "found", "drawn", "kept", "fresh", "unseen")

_MARK = re.compile(r"\.? \[\d+\][.,]?\s*")


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "two minutes on two cores")
    parser.add_argument("--set", choices=SETS, default=SETS[0], help="the tables and their questions")
    given = parser.parse_args()
    folder = folder_of(given.set)
    report.offline()
    facts = report.machine()
    embedder = embed.load()
    extractor = Extractor(Reader(), ACCEPTED_WRONG, kinds_of(embedder), alike_by(embedder))
    rows, document = list[list[str]](), []
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as home,
        closing(Index.open(Path(home), embedder)) as index,
        closing(Memory()) as memory,
    ):
        sync([str(folder)], index, FILE_LIMIT)
        assistant = Assistant(index, extractor, memory)
        for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)
            answer = assistant.answer(asked["question"], User("bench", None))
            said = judged(asked["answers"], answer)
            rows.append([asked["question"], ", ".join(asked["answers"]) or "(refused)", answer.short or "", said])
            document.append({**asked, "verdict": said, "answer": answer.answer, "confidence": answer.confidence})
    many = Counter(row[-1] for row in rows)
    body = [
        report.table(["question", "expected", "answer", ""], rows),
        f"{many['right'] / len(rows):.3f} right, {many['missed'] / len(rows):.3f} missed, "
        f"{many['wrong'] / len(rows):.3f} wrong, of {len(rows)}.",
    ]
    report.write(given.out, "tables", "Tables asked as a whole", facts, body, {"cases": document, **many})


def folder_of(name: str) -> Path:
    """Where the tables of a set stand."""
    return Path(__file__).with_name(f"tables-{name}")


def judged(expected: Sequence[str], answer: Answer) -> str:
    """Whether an answer is `right`, `missed` (refused, though the table answers) or `wrong`.

    Two questions in one have no short answer; what is said are then the pieces of the text, each before its mark.
    """
    if not answer.answered:
        return "missed" if expected else "right"
    said = answer.short.split(", ") if answer.short else [one for one in _MARK.split(answer.answer) if one]
    cited = "\n".join(citation.quote for citation in answer.citations)
    stands = all(value in cited for value in expected) or [*expected] == [str(len(answer.citations))]
    return "right" if sorted(said) == sorted(expected) and stands else "wrong"


if __name__ == "__main__":
    report.run(main)
