"""Whether a follow-up question finds what it would find if a person had put it so that it stands alone.

Conversations of `rewriting.jsonl.gz` (CANARD, TREC CAsT, TREC iKAT) whose answers are known: each becomes an article of
its answers, beside the pages of Natural Questions dev. Every follow-up is searched as it was asked, as the assistant
restates it, and as a person rewrote it; told is how often the first passage is the one that the rewrite finds.
"""

import gzip
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from article_assistant.answering.followup import standalone
from article_assistant.evaluation.figures import Figure, wilson
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article
from article_assistant.types import Turn

from bench import data, report

FILE = "rewriting.jsonl.gz"


@dataclass(slots=True)
class FollowUp:
    """A question, what a person made of it, and the questions and answers before it, oldest first."""

    question: str
    rewrite: str
    before: list[tuple[str, str]]


@dataclass(slots=True)
class Conversation:
    """Follow-ups over one article of the conversation's answers."""

    name: str
    title: str
    heading: str
    follow_ups: list[FollowUp] = field(default_factory=list)
    answers: dict[str, None] = field(default_factory=dict)

    @property
    def article(self) -> Article:
        """The article of all answers."""
        text = "\n\n".join([self.heading, *self.answers] if self.heading else self.answers)
        return Article(self.name, self.title, text, "", "", None, frozenset({EVERYONE}))


def conversations(path: Path, half: int | None = None) -> list[Conversation]:
    """The conversations with answers; of one half (0 or 1, by the SHA-256 of the name) or all."""
    found: dict[str, Conversation] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            turns, topic = row["turns"], ("", "")
            if row["set"] == "canard-dev":
                turns, topic = turns[2:], (turns[0], turns[1])
            elif row["set"] in {"cast2019", "cast2020"} or not turns:
                continue  # without answers
            if len(turns) % 2:
                continue
            name = f"{row['set']}/{' '.join(topic) if topic[0] else turns[0]}"
            if half is not None and hashlib.sha256(name.encode()).digest()[0] % 2 != half:
                continue
            own = found.setdefault(name, Conversation(name, topic[0] or f"Notes {len(found) + 1}", topic[1]))
            before = list(zip(turns[::2], turns[1::2], strict=True))
            own.answers |= dict.fromkeys(answer for _, answer in before)
            if before:
                own.follow_ups.append(FollowUp(row["question"], row["rewrite"], before))
    return list(found.values())


Restate = Callable[[str, Sequence[Turn]], str]


def restated(talk: Conversation, restate: Restate = standalone) -> Iterator[tuple[FollowUp, str]]:
    """Every follow-up with its restatement, earlier questions restated in the same way."""
    article, known = talk.article, dict[str, str]()
    for follow_up in talk.follow_ups:
        turns: list[Turn] = []
        for question, answer in follow_up.before:
            if question not in known:
                known[question] = restate(question, turns)
            turns.append(Turn(question, answer, (talk.name,), known[question], (article,)))
        known[follow_up.question] = restate(follow_up.question, turns)
        yield follow_up, known[follow_up.question]


def indexed(talks: Sequence[Conversation], folder: Path, embedder: embed.Embedder) -> Index:
    """An index of the conversations and of the pages of Natural Questions dev."""
    pages: dict[str, list[str]] = {}
    for paragraph in data.paragraphs("nq-dev"):
        pages.setdefault(paragraph.title, []).append(paragraph.text)
    articles = [talk.article for talk in talks] + [
        Article(f"nq/{title}", title, "\n\n".join(texts), "", "", None, frozenset({EVERYONE}))
        for title, texts in pages.items()
    ]
    index = Index.open(folder, embedder)
    with index.library.writing():
        source = index.library.ledger.add("conversations", "bench")
        for start in range(0, len(articles), 100):
            some = articles[start : start + 100]
            index.replace(source, [(article, "", split(article, embedder)) for article in some])
        index.publish()
    return index


def main() -> None:
    """Run the command."""
    given = report.options(__doc__ or "", "3 minutes on two cores").parse_args()
    report.offline()
    facts = report.machine()
    talks = conversations(data.shared() / FILE, half=0)
    same: dict[str, list[tuple[bool, bool, bool]]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        index = indexed(talks, Path(folder), embed.load())

        def first(question: str) -> tuple[str, int] | None:
            return next(((hit.chunk.article, hit.chunk.start) for hit in index.find(question, None, 1)), None)

        for talk in talks:
            for follow_up, question in restated(talk):
                wanted = first(follow_up.rewrite)
                row = (first(follow_up.question) == wanted, first(question) == wanted, follow_up.question == question)
                for name in (talk.name.split("/")[0], "all"):
                    same.setdefault(name, []).append(row)
        index.close()
    shares = {
        name: [
            Figure(sum(part) / len(part), *wilson(sum(part), len(part)), len(part)) for part in zip(*rows, strict=True)
        ]
        for name, rows in sorted(same.items())
    }
    table = [[name, str(parts[0].of), *map(report.shown, parts)] for name, parts in shares.items()]
    body = [report.table(["set", "questions", "as asked", "restated", "left as asked"], table)]
    document = {name: {"as asked": parts[0].value, "restated": parts[1].value} for name, parts in shares.items()}
    report.write(given.out, "followups", "Follow-up questions", facts, body, document)


if __name__ == "__main__":
    report.run(main)
