"""Pairs of a question and a passage, with the places of the answer in it: what the reader learns from.

Three kinds. Questions of the training sets with the chunk of their paragraph that answers them, cut and
laid out as the product shows chunks to the reader (`index.chunk`). The same questions with a chunk that
does not answer them: one of the same article that shares the question's words, or one that the
product's own search ranked high. And made-up ones (`training.contrasts`).
"""

import gzip
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.answering.reader import pair_tokenizer
from article_assistant.evaluation.questions import holds
from article_assistant.index import embed
from article_assistant.index.chunk import passage, split
from article_assistant.index.keyword import asked_words, stems
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article
from numpy.typing import NDArray

TIMES = {"squad-train": 1, "nq-train": 2, "tydi-train": 2}
"""How often a pass over the data sees each question of a set."""
NEAR = 1 / 3
"""Share of the questions that are also paired with a passage of their article that does not answer them."""
SEARCHED = {"squad-train": 13_000, "nq-train": 3_000, "tydi-train": 2_000}
"""Questions of each set that also get the two best wrong passages of a search."""
ALTERED = 0.4
"""Share of the questions of which one word is changed, where there is one to change."""
PLACES = 6
"""Occurrences of an answer in its passage that are kept; the true one is not always known."""
WRITTEN = "squad2-train-unanswerable"
KEPT = 10
"""Of the articles that people wrote near misses for, in order of title, every so many is kept for the calibration."""
SEED = 7

NAMED = re.compile(r"\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|\b\d[\d,.]*\d\b")
ASKING = {"What", "Which", "Who", "Where", "When", "How", "Why", "Whose", "The", "In", "On", "At", "Did", "Do"}
WORD = re.compile(r"[\w'-]+")
OPPOSITE = {
    word: other
    for pair in (
        "first/last before/after north/south northern/southern east/west eastern/western largest/smallest most/least "
        "highest/lowest more/fewer oldest/youngest older/younger longest/shortest earliest/latest won/lost began/ended "
        "started/finished increase/decrease increased/decreased above/below maximum/minimum male/female men/women "
        "father/mother son/daughter king/queen brother/sister husband/wife mother/father bought/sold opened/closed "
        "birth/death born/buried arrived/left entered/left inside/outside upper/lower greater/smaller best/worst "
        "biggest/smallest higher/lower common/rare always/never allowed/forbidden accepted/rejected attacked/defended "
        "built/demolished created/destroyed killed/wounded teacher/student winter/summer day/night new/old early/late"
    ).split()
    for word, other in (pair.split("/"), reversed(pair.split("/")))
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, a passage, and the characters `[start, end)` of the answer in it: none, or several that may be it."""

    question: str
    passage: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Pairs as tokens, one after the other: pair i has `ids[ends[i]:ends[i + 1]]`.

    `types` is 1 for the passage, 0 for the question; `spans`, shape `(pairs, PLACES, 2)`, are first and
    last token of the answer, -1 where there is no further place.
    """

    ids: NDArray[np.int32]
    types: NDArray[np.int8]
    ends: NDArray[np.int64]
    spans: NDArray[np.int16]

    @classmethod
    def load(cls, paths: Sequence[Path]) -> "Tokens":
        """Several files as one."""
        parts = [np.load(path) for path in paths]
        ends, at = [np.zeros(1, np.int64)], 0
        for part in parts:
            ends.append(part["ends"][1:] + at)
            at += int(part["ends"][-1])
        return cls(
            np.concatenate([part["ids"] for part in parts]),
            np.concatenate([part["types"] for part in parts]),
            np.concatenate(ends),
            np.concatenate([part["spans"] for part in parts]),
        )


def paragraphs(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of one of the sets."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def told(shared: Path, embedder: embed.Embedder, sets: Iterable[str] = TIMES) -> Iterator[Pair]:
    """Every question with the chunk that answers it, and a share of them with one near by that does not."""
    chance = random.Random(SEED)
    for name in sets:
        times = TIMES[name]
        articles: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
            articles[paragraph["article"]].append(paragraph)
        for title, members in articles.items():
            shown = []  # (number of the paragraph, chunk, passage, spans of its sentences)
            for number, paragraph in enumerate(members):
                article = Article("", title, paragraph["context"], "", "", None, frozenset())
                shown += [(number, chunk, *passage(title, chunk)) for chunk in split(article, embedder)]
            words = [set(stems(text)) for _, _, text, _ in shown]
            known = Counter(word for own in words for word in own)
            for number, paragraph in enumerate(members):
                for asked in paragraph["questions"]:
                    if not asked["answers"]:
                        continue
                    first = asked["answers"][0]
                    for owner, chunk, text, spans in shown:
                        if owner == number and chunk.start <= first["start"] < chunk.end:
                            places = places_of(first, chunk, spans, paragraph["context"])
                            if places:
                                yield from [Pair(asked["question"], text, places)] * times
                    if chance.random() < NEAR:
                        answers = [answer["text"] for answer in asked["answers"]]
                        about = [word for word in asked_words(asked["question"]) if word in known]
                        ranked = sorted(
                            range(len(shown)),
                            key=lambda i: -sum(math.log(1 + len(shown) / known[w]) for w in about if w in words[i]),
                        )
                        wrong = [i for i in ranked[:6] if shown[i][0] != number and not holds(shown[i][2], answers)]
                        if wrong:
                            yield Pair(asked["question"], shown[wrong[0]][2], ())


def places_of(
    answer: dict[str, Any], chunk: Any, spans: Sequence[tuple[int, int]], context: str
) -> tuple[tuple[int, int], ...]:
    """Characters of the answer in the passage of a chunk; all its occurrences where the true one is not known."""
    text, start = answer["text"], answer["start"]
    starts = [start]
    if answer.get("occurrences", 1) > 1:
        at = context.find(text)
        while at >= 0:
            starts.append(at)
            at = context.find(text, at + 1)
    found = []
    for start in dict.fromkeys(starts):
        for (a, b), (_, last) in zip(chunk.sentences, spans, strict=True):
            if a <= start and start + len(text) <= b:
                found.append((last - (b - start), last - (b - start - len(text))))
    return tuple(found[:PLACES])


def searched(shared: Path, embedder: embed.Embedder, home: Path) -> Iterator[Pair]:
    """Questions with the two best passages that do not answer them, of a part of the articles."""
    chance = random.Random(SEED)
    index = Index.open(home, embedder)
    asked: dict[str, list[tuple[str, list[str]]]] = {}
    with index.library.writing():
        source = index.library.ledger.add("training", "training")
        known = index.library.ledger.fingerprints(source)
        for name in SEARCHED:
            texts: dict[str, list[str]] = {}
            for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
                texts.setdefault(paragraph["article"], []).append(paragraph["context"])
                asked.setdefault(name, []).extend(
                    (q["question"], [answer["text"] for answer in q["answers"]])
                    for q in paragraph["questions"]
                    if q["answers"]
                )
            for title in sorted(texts)[:: 5 if name == "squad-train" else 3]:
                text = "\n\n".join(texts[title])
                article = Article(f"{name}/{title}", title, text, "", "", None, frozenset({EVERYONE}))
                if article.id not in known:
                    index.replace(source, [(article, "", split(article, embedder))])
        index.publish()
    for name, most in SEARCHED.items():
        chance.shuffle(asked[name])
        for question, answers in asked[name][:most]:
            wrong = [hit for hit in index.find(question, None, 6) if not holds(hit.chunk.text, answers)]
            for hit in wrong[:2]:
                yield Pair(question, passage(hit.article.title, hit.chunk)[0], ())
    index.close()


def altered(shared: Path, embedder: embed.Embedder) -> Iterator[Pair]:
    """Questions with one word changed so that their paragraph does not answer them any more.

    A name or a number gives way to another one of the same article's questions, or a word to its
    opposite (after Jia & Liang 2017, "Adversarial examples for evaluating reading comprehension").
    Some stay answerable all the same; most don't.
    """
    chance = random.Random(SEED)
    articles: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for paragraph in paragraphs(shared / "squad-train.jsonl.gz"):
        articles[paragraph["article"]].append(paragraph)
    for title, members in articles.items():
        # Not the first word, which is a capital for another reason.
        asked_of = [q["question"] for p in members for q in p["questions"]]
        others = sorted(
            {match[0] for q in asked_of for match in NAMED.finditer(q) if match.start() and match[0] not in ASKING}
        )
        for paragraph in members:
            told = None
            for asked in paragraph["questions"]:
                if not asked["answers"] or chance.random() > ALTERED:
                    continue
                question = _changed(asked["question"], paragraph["context"], others, chance)
                if question is None:
                    continue
                if told is None:
                    article = Article("", title, paragraph["context"], "", "", None, frozenset())
                    told = [(chunk, passage(title, chunk)[0]) for chunk in split(article, embedder)]
                at = asked["answers"][0]["start"]
                yield from (Pair(question, text, ()) for chunk, text in told if chunk.start <= at < chunk.end)


def kept_of(shared: Path) -> list[str]:
    """Titles of the articles whose near misses are not learned from, so that refusals can be calibrated on them."""
    return sorted({paragraph["article"] for paragraph in paragraphs(shared / f"{WRITTEN}.jsonl.gz")})[::KEPT]


def written(shared: Path, embedder: embed.Embedder) -> Iterator[Pair]:
    """Questions of people that their paragraph nearly answers (SQuAD 2.0), then those of the same paragraphs that it
    does answer: what the subject is does not tell them apart."""
    chance = random.Random(SEED)
    kept = set(kept_of(shared))
    missed: dict[str, list[str]] = defaultdict(list)
    for paragraph in paragraphs(shared / f"{WRITTEN}.jsonl.gz"):
        if paragraph["article"] in kept:
            continue
        missed[paragraph["context"]] += [asked["question"] for asked in paragraph["questions"]]
    for paragraph in paragraphs(shared / "squad-train.jsonl.gz"):
        if paragraph["context"] not in missed:
            continue
        article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
        shown = [(chunk, *passage(article.title, chunk)) for chunk in split(article, embedder)]
        for question in missed[paragraph["context"]]:
            yield Pair(question, chance.choice(shown)[1], ())
        for asked in paragraph["questions"]:
            first = asked["answers"][0]
            for chunk, text, spans in shown:
                places = places_of(first, chunk, spans, paragraph["context"])
                if chunk.start <= first["start"] < chunk.end and places:
                    yield Pair(asked["question"], text, places)


def _changed(question: str, context: str, others: Sequence[str], chance: random.Random) -> str | None:
    """The question with an opposite, or a name or number that its paragraph does not hold; None where there is none."""
    opposites = [match for match in WORD.finditer(question) if match[0] in OPPOSITE]
    if opposites and chance.random() < 0.6:
        match = chance.choice(opposites)
        return question[: match.start()] + OPPOSITE[match[0]] + question[match.end() :]
    known = {word.lower() for word in WORD.findall(context)}
    named = [match for match in NAMED.finditer(question) if match.start() > 0 and match[0].lower() in context.lower()]
    if not named:
        return None
    match = chance.choice(named)
    alike = [
        name
        for name in others
        if name[0].isdigit() == match[0][0].isdigit()
        and len(name.split()) == len(match[0].split())
        and not {word.lower() for word in WORD.findall(name)} <= known
    ]
    if not alike:
        return None
    return question[: match.start()] + chance.choice(alike) + question[match.end() :]


def tokens_of(offsets: Sequence[tuple[int, int]], types: Sequence[int], start: int, end: int) -> tuple[int, int] | None:
    """First and last token of the passage's characters `[start, end)`; None where they are not in it.

    >>> tokens_of([(0, 0), (0, 3), (0, 0), (0, 5), (6, 9)], [0, 0, 0, 1, 1], 6, 9)
    (4, 4)
    """
    inside = [
        i
        for i, ((a, b), kind) in enumerate(zip(offsets, types, strict=True))
        if kind == 1 and a < end and b > start and b > a
    ]
    return (inside[0], inside[-1]) if inside else None


def write(pairs: Sequence[Pair], target: Path) -> None:
    """Write the tokens of pairs; a pair whose answer was cut off is left out."""
    words = pair_tokenizer()
    ids, types, ends, spans = [], [], [0], []
    for first in range(0, len(pairs), 1000):
        batch = pairs[first : first + 1000]
        encodings = words.encode_batch([(pair.question, pair.passage) for pair in batch])
        for encoding, pair in zip(encodings, batch, strict=True):
            row = np.full((PLACES, 2), -1, np.int16)
            found = [tokens_of(encoding.offsets, encoding.type_ids, *place) for place in pair.places]
            there = [span for span in found if span]
            if pair.places and not there:
                continue
            for number, span in enumerate(there):
                row[number] = span
            ids.append(np.array(encoding.ids, np.int32))
            types.append(np.array(encoding.type_ids, np.int8))
            ends.append(ends[-1] + len(encoding.ids))
            spans.append(row)
    np.savez(target, ids=np.concatenate(ids), types=np.concatenate(types), ends=np.array(ends), spans=np.array(spans))
    without = sum(row[0, 0] < 0 for row in spans)
    print(f"{target.name}: {len(spans):,} pairs, {without:,} of them without an answer", flush=True)
