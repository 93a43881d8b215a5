"""What the support head learns from: claims with evidence, by people and made of paragraphs.

People's are the rows marked `open` in `support.jsonl.gz`, without the parts for tests and for calibration. Made ones
are of SQuAD's paragraphs: their sentences as they stand, joined and shortened; with a number, a name or a word
changed, two names swapped, a denial put in or left out, half of them from elsewhere; and their questions as
statements, with the answer, with another answer of the paragraph, or with what only seems to be answered.
"""

import gzip
import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.answering.reader import pair_tokenizer
from article_assistant.index.chunk import passage, split
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import stems
from article_assistant.index.types import Article

from training import contrasts, pairs
from training.pairs import NAMED, OPPOSITE, WORD, paragraphs

LABELS = ("supported", "contradicted", "unsupported")
EITHER = len(LABELS)
"""The label of what is not supported where nobody said whether it is contradicted."""
BOTH = {"fever-dev", "fool-me-twice", "cf-nli", "conjnli-dev", "contract-nli", "negation-nli", "snli-mnli"}
"""Sets that tell contradicted from unsupported."""
TEST, DEV = 0, 1
"""Rows whose evidence's SHA-256 leaves this by ten are for the test, and for calibration."""
SEED = 31
FRAMES = 9_000
"""Texts of `training.contrasts` whose questions become claims."""

NUMBER = re.compile(r"\d+")
AUXILIARY = re.compile(r"\b(?:is|are|was|were|can|could|has|have|had|will|would|should|may|must)\b(?! not)")
DENIAL = re.compile(r"\b(?:not|never|no longer)\s+|n't\b")
ASIDE = re.compile(r"\s*\([^()]{3,80}\)|, (?:which|who)\b[^,.;]{5,80},")
REST = re.compile(r"(?:;|, (?:and|while|but))\s[^.]{15,}(?=[.]$)")
ASKS = re.compile(
    r"^(?P<asks>(?:(?:in|on|at|by|for|from|to|of|with|during|after|under) )?(?:who|whom|what|which|when|where|how many|"
    r"how much|how long|how old)\b)(?P<noun>.*?) ?\b(?P<verb>did|does|do|is|are|was|were|can|could|has|have|had|will|"
    r"would|should)\b (?P<rest>.+?)\?*$",
    re.IGNORECASE,
)
PARTICIPLE = re.compile(
    r"(?<=\s)(?:\w+(?:ed|en|wn|ought)|made|built|held|found|founded|born|left|sent|set|kept|known|done)\b"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, the evidence, the number of the label, and where it is from."""

    claim: str
    evidence: str
    label: int
    set: str


def part_of(evidence: str) -> int:
    """Which tenth of the rows it is in, 0 to 9."""
    return int(hashlib.sha256(evidence.encode()).hexdigest(), 16) % 10


def people(shared: Path, embedder: Embedder) -> Iterator[Claim]:
    """The open rows, but for TEST and DEV; of long evidence the part whose words are most like the claim's."""
    with gzip.open(shared / "support.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            if row["licence"] != "open" or part_of(row["evidence"]) in (TEST, DEV):
                continue
            label = LABELS.index(row["label"])
            label = EITHER if label and row["set"] not in BOTH else label
            yield Claim(row["claim"], nearest(row["claim"], row["evidence"], embedder), label, row["set"])


def nearest(claim: str, evidence: str, embedder: Embedder) -> str:
    """The chunk of the evidence, laid out as the product does, that shares most words with the claim."""
    if len(evidence) < 500:
        return evidence
    asked = set(stems(claim))
    article = Article("", "", evidence, "", "", None, frozenset())
    texts = [passage("", chunk)[0] for chunk in split(article, embedder)]
    return max(texts, key=lambda text: len(asked & set(stems(text))), default=evidence)


def statement(question: str, answer: str) -> str | None:
    """A question and its answer as a statement, clumsy but with all words in order; None where no rule fits.

    >>> statement("Who founded the museum?", "Anna Weber")
    'Anna Weber founded the museum.'
    >>> statement("When was the old bridge built?", "1904")
    'The old bridge was built in 1904.'
    >>> statement("How many people did the ferry carry?", "164")
    'The ferry did carry 164 people.'
    """
    question = question.strip().rstrip("?").strip()
    words = question.split()
    if len(words) < 3 or not answer:
        return None
    if words[0].lower() == "who" and words[1].lower() not in {"did", "does", "do", "else"}:
        return _sentence(f"{answer} {' '.join(words[1:])}")
    found = ASKS.match(question)
    if not found:
        return None
    asks, noun, verb, rest = (part.strip() for part in found.groups())
    lead, kind = " ".join(asks.lower().split()[:-1]), asks.lower().split()[-1]
    if kind in {"many", "much", "long", "old"}:
        lead, told = "", answer if noun.lower() in answer.lower() else f"{answer} {noun}".strip()
    else:
        told = f"the {noun} {answer}" if noun and noun.lower() not in answer.lower() else answer
    if kind == "when" and not re.match(r"(?:in|on|at|since|during|after|before)\b", answer, re.IGNORECASE):
        lead = "in" if re.fullmatch(r"\d{4}|[A-Z][a-z]+ \d{4}", answer) else ""
    if kind == "where" and not re.match(r"(?:in|on|at|near|to|from)\b", answer, re.IGNORECASE):
        lead = "in"
    told = f"{lead} {told}".strip()
    if verb in {"did", "does", "do"}:
        start = re.match(r"((?:the|a|an|his|her|its|their) )?(?:[\w'’-]+ )*?(?=[a-z]+(?: |$))", rest)
        at = start.end() if start and start.end() else 0
        if at and rest[:at].strip().lower() in {"the", "a", "an"}:
            at = rest.find(" ", at) + 1
        moved = f"{rest[:at]}{verb} {rest[at:]}" if at else f"{rest}"
    else:
        participle = PARTICIPLE.search(rest)
        if not participle:
            return _sentence(f"{rest} {verb} {told}")
        moved = f"{rest[: participle.start()]}{verb} {rest[participle.start() :]}"
    return _sentence(f"{moved} {told}")


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def made(shared: Path, embedder: Embedder, frames: int = FRAMES) -> Iterator[Claim]:
    """Claims of the paragraphs of SQuAD, and of the texts of `training.contrasts`."""
    chance = random.Random(SEED)
    missed: dict[str, list[str]] = defaultdict(list)
    kept = set(pairs.kept_of(shared))
    for paragraph in paragraphs(shared / f"{pairs.WRITTEN}.jsonl.gz"):
        if paragraph["article"] not in kept:
            missed[paragraph["context"]] += [asked["question"] for asked in paragraph["questions"]]
    elsewhere = ""
    for paragraph in paragraphs(shared / "squad-train.jsonl.gz"):
        if paragraph["article"] in kept:
            continue
        article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
        told = [(q["question"], q["answers"][0]["text"], q["answers"][0]["start"]) for q in paragraph["questions"]]
        for chunk in split(article, embedder):
            text, spans = passage(article.title, chunk)
            sentences = [text[a:b] for a, b in spans]
            inside = [one for one in told if chunk.start <= one[2] < chunk.end]
            for claim, keep, label in [
                *_told(inside, chance),
                *_near(missed[paragraph["context"]], inside, text, chance),
                *_altered(sentences, elsewhere, text, chance),
            ]:
                yield Claim(claim, _window(text, spans, keep, chance), label, "made")
            elsewhere = chance.choice(sentences)
    for _ in range(frames):
        yield from _framed(contrasts.make_one(chance, chance.choice(contrasts.FRAMES)), chance)


def _window(text: str, spans: Sequence[tuple[int, int]], keep: str, chance: random.Random) -> str:
    """The passage, or often only some sentences of it around the one with the words to keep."""
    if chance.random() < 0.1:
        return text
    at = text.find(keep)
    first = last = next((k for k, (a, b) in enumerate(spans) if a <= at < b), chance.randrange(len(spans)))
    last = max(last, next((k for k, (a, b) in enumerate(spans) if a < at + len(keep) <= b), last))
    first, last = max(0, first - chance.randrange(2)), min(len(spans) - 1, last + chance.randrange(2))
    title = text[: spans[0][0]] if chance.random() < 0.7 else ""
    return title + text[spans[first][0] : spans[last][1]]


def _told(told: Sequence[tuple[str, str, int]], chance: random.Random) -> Iterator[tuple[str, str, int]]:
    """Statements of two questions, with the answer or with that of another question of the same kind."""
    for question, answer, _ in chance.sample(told, min(2, len(told))):
        other = [a for q, a, _ in told if _alike(a, answer) and q != question]
        wrong = bool(other) and chance.random() < 0.5
        if claim := statement(question, chance.choice(other) if wrong else answer):
            yield claim, answer, EITHER if wrong else 0


def _alike(one: str, other: str) -> bool:
    if set(stems(one)) & set(stems(other)):
        return False
    return one[:1].isdigit() == other[:1].isdigit() and one[:1].isupper() == other[:1].isupper()


def _near(
    missed: Sequence[str], told: Sequence[tuple[str, str, int]], text: str, chance: random.Random
) -> Iterator[tuple[str, str, int]]:
    """A question that the paragraph only seems to answer, with an answer of the question most like it."""
    if not missed or not told or chance.random() < 0.3:
        return
    question = chance.choice(missed)
    asked = set(stems(question))
    _, answer, _ = max(told, key=lambda one: len(asked & set(stems(one[0]))))
    if claim := statement(question, answer):
        yield claim, answer if answer in text else "", EITHER


def _altered(
    sentences: Sequence[str], elsewhere: str, text: str, chance: random.Random
) -> Iterator[tuple[str, str, int]]:
    """A sentence or two of a passage as they are, or with one thing that is not so."""
    whole = [s for s in sentences if 30 < len(s) < 260]
    for sentence in chance.sample(whole, min(2, len(whole))):
        fate = chance.random()
        shorter = REST.sub("", ASIDE.sub("", sentence))
        if fate < 0.12:
            yield sentence, sentence, 0
        elif fate < 0.27:
            yield shorter, sentence, 0
        elif fate < 0.37 and (others := [s for s in whole if s != sentence]):
            second = REST.sub("", ASIDE.sub("", chance.choice(others)))
            joined = _joined(shorter, second, chance)
            yield joined, text, 0
            if wrong := _wrong(second, text, chance):
                yield _joined(shorter, wrong, chance), text, EITHER
        elif fate < 0.47 and 20 < len(elsewhere) < 200:
            yield chance.choice([_joined(shorter, elsewhere, chance), _joined(elsewhere, shorter, chance)]), sentence, 2
        elif fate < 0.5 and elsewhere:
            yield elsewhere, sentence, 2
        elif wrong := _wrong(sentence if chance.random() < 0.5 else shorter, text, chance):
            yield wrong, sentence, EITHER
            if chance.random() < 0.4:
                yield shorter, sentence, 0


def _joined(one: str, other: str, chance: random.Random) -> str:
    second = other if NAMED.match(other) and other.split()[0] not in pairs.ASKING else other[:1].lower() + other[1:]
    return f"{one.rstrip(' .')}{chance.choice([', and ', '; ', ', while ', ' and '])}{second}"


def _wrong(sentence: str, text: str, chance: random.Random) -> str | None:
    """The sentence with a denial more or less, a number, name or word changed, or two names swapped."""
    ways = [_denied, _renumbered, _renamed, _renamed, _swapped, _opposed]
    chance.shuffle(ways)
    for way in ways:
        if found := way(sentence, text, chance):
            return found
    return None


def _denied(sentence: str, _: str, chance: random.Random) -> str | None:
    if match := DENIAL.search(sentence):
        return sentence[: match.start()] + sentence[match.end() :]
    match = AUXILIARY.search(sentence)
    if not match:
        return None
    return f"{sentence[: match.end()]} {chance.choice(['not', 'not', 'never', 'no longer'])}{sentence[match.end() :]}"


def _renumbered(sentence: str, text: str, chance: random.Random) -> str | None:
    found = list(NUMBER.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    others = [n for n in NUMBER.findall(text) if len(n) == len(match[0]) and n not in NUMBER.findall(sentence)]
    new = chance.choice(others) if others and chance.random() < 0.6 else str(int(match[0]) + chance.randint(1, 9))
    return sentence[: match.start()] + new + sentence[match.end() :]


def _names(text: str) -> list[re.Match[str]]:
    """Names and the like, but not the first word of a sentence."""
    found = [match for match in NAMED.finditer(text) if not match[0][0].isdigit() and match[0] not in pairs.ASKING]
    return [match for match in found if text[: match.start()].rstrip()[-1:] not in {"", ".", "!", "?", ":"}]


def _renamed(sentence: str, text: str, chance: random.Random) -> str | None:
    mine = _names(sentence)
    others = sorted({m[0] for m in _names(text)} - {m[0] for m in NAMED.finditer(sentence)})
    others = [name for name in others if not set(stems(name)) & set(stems(sentence))]
    if not mine or not others:
        return None
    match = chance.choice(mine)
    return sentence[: match.start()] + chance.choice(others) + sentence[match.end() :]


def _swapped(sentence: str, _: str, chance: random.Random) -> str | None:
    found = _names(sentence)
    if len(found) < 2:
        return None
    one, other = sorted(chance.sample(found, 2), key=lambda match: match.start())
    between = sentence[one.end() : other.start()]
    if one[0] == other[0] or one[0][0].isdigit() != other[0][0].isdigit() or between.strip() in {"and", "or", ",", "&"}:
        return None
    return sentence[: one.start()] + other[0] + between + one[0] + sentence[other.end() :]


def _opposed(sentence: str, _: str, chance: random.Random) -> str | None:
    found = [match for match in WORD.finditer(sentence) if match[0] in OPPOSITE]
    if not found:
        return None
    match = chance.choice(found)
    return sentence[: match.start()] + OPPOSITE[match[0]] + sentence[match.end() :]


def _framed(made: contrasts.Made, chance: random.Random) -> Iterator[Claim]:
    """Statements about a made-up text or table: an answer where it belongs, and where another does."""
    told = [(question, made.text[slice(*place)]) for question, place in made.asked if place]
    for question, answer in chance.sample(told, min(2, len(told))):
        other = [a for _, a in told if a != answer and _alike(a, answer)]
        wrong = bool(other) and chance.random() < 0.5
        given = chance.choice(other) if wrong else answer
        yield Claim(statement(question, given) or f"{question} {given}", made.text, EITHER if wrong else 0, "frames")
    for question, place in made.asked:
        if place is None and told and chance.random() < 0.5:
            given = chance.choice(told)[1]
            yield Claim(statement(question, given) or f"{question} {given}", made.text, EITHER, "frames")


def write(claims: Sequence[Claim], target: Path) -> None:
    """Write the tokens of claims, a number for each set, as `pairs.Tokens` with the label in the place of the span."""
    words = pair_tokenizer()
    ids, types, ends, labels = [], [], [0], []
    for first in range(0, len(claims), 1000):
        batch = claims[first : first + 1000]
        for encoding in words.encode_batch([(" ".join(one.claim.split()[:100]), one.evidence) for one in batch]):
            ids.append(np.array(encoding.ids, np.int32))
            types.append(np.array(encoding.type_ids, np.int8))
            ends.append(ends[-1] + len(encoding.ids))
        labels += [one.label for one in batch]
    spans = np.array(labels, np.int16)[:, None, None]
    np.savez(target, ids=np.concatenate(ids), types=np.concatenate(types), ends=np.array(ends), spans=spans)
    counts = np.bincount(np.array(labels), minlength=EITHER + 1).tolist()
    print(
        f"{target.name}: {len(labels):,} claims, {counts} by label, {ends[-1] / len(labels):.0f} tokens each",
        flush=True,
    )


def data(shared: Path, work: Path, embedder: Embedder) -> None:
    """The tokens of all claims, a file for each set, in WORK/claims."""
    (work / "claims").mkdir(parents=True, exist_ok=True)
    sets: dict[str, list[Claim]] = defaultdict(list)
    for one in people(shared, embedder):
        sets[one.set].append(one)
    for name, found in sets.items():
        write(found, work / "claims" / f"{name}.npz")
    sets.clear()
    for one in made(shared, embedder):
        sets[one.set].append(one)
    for name, found in sets.items():
        write(found, work / "claims" / f"{name}.npz")
