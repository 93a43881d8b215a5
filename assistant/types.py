"""What passes between the modules of `assistant`: citations, answers, turns, users and events."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from article_assistant.index.types import EVERYTHING, Article, Groups, Hit, Scope

Mode = Literal["extractive", "generative", "refused"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered quote: characters `[start, end)` of an article's text, verbatim; in a PDF on a `page`, from 1."""

    number: int
    article: str
    title: str
    url: str
    heading: str
    quote: str
    start: int
    end: int
    revision: str
    updated: str | None
    page: int | None = None

    @property
    def headings(self) -> list[str]:
        """The headings above the quote, outermost first, without one that only repeats the title."""
        path = [part for part in self.heading.split(" › ") if part]
        return path[1:] if path[:1] == [self.title] else path


State = Literal["unchecked", "supported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that a writer worded, with the marks of the citations that support it; also an event.

    `number` is its place in the text, from 0: the same number again replaces what came before. `text` ends
    with a line break where a paragraph or an item of a list ends.
    """

    number: int
    text: str
    state: State = "unchecked"


Verdict = Literal[
    "not read", "in another language", "without what was named", "of another kind", "less likely", "too unsure", "cited"
]
"""What became of a passage that was found."""


@dataclass(slots=True)
class Considered:
    """A passage that was found for a question, and what became of it.

    Characters `[start, end)` of the article's text. `meaning` is the cosine of its best sentence (-1 to 1), `keywords`
    its BM25 score (0 or more), each with its place among all passages that this search put forward (from 1; 0: none).
    `sentence` is its likeliest, `words` are what would answer in it, `reader` the logits of these words against "not
    in this passage", `verifier` those with the judge's (None: not looked at), `chance` how likely they answer (0 to 1).
    """

    article: str
    title: str
    heading: str
    start: int
    end: int
    revision: str
    score: float
    meaning: float
    by_meaning: int
    keywords: float
    by_words: int
    sentence: str = ""
    words: str = ""
    reader: float | None = None
    verifier: float | None = None
    chance: float | None = None
    verdict: Verdict = "not read"


@dataclass(slots=True)
class Explanation:
    """Why a question was answered as it was, or refused; filled on the way, and never stored.

    `kind` is the kind of answer that was asked for, `way` how it was looked for, `needed` the least confidence that
    an answer may have, `refused` why there is none, and `unsupported` what a language model said that no quote carries.
    """

    kind: str = ""
    way: Literal["sentences", "table", "passage", "courtesy"] = "sentences"
    needed: float | None = None
    refused: str = ""
    passages: list[Considered] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)

    def add(self, hits: Sequence[Hit]) -> None:
        """Put the passages of a search behind those of an earlier one."""
        known = {(one.article, one.start) for one in self.passages}
        for hit in hits:
            of, chunk = hit.article, hit.chunk
            if (of.id, chunk.start) not in known:
                meaning = max(hit.cosines, default=0.0)
                found = (round(hit.score, 3), round(meaning, 3), hit.by_meaning, round(hit.bm25, 3), hit.by_words)
                self.passages.append(
                    Considered(of.id, of.title, chunk.heading, chunk.start, chunk.end, of.revision, *found)
                )

    def judge(self, hits: Sequence[Hit], verdict: Verdict) -> None:
        """Say what became of these passages."""
        meant = {(hit.article.id, hit.chunk.start) for hit in hits}
        for passage in self.passages:
            if (passage.article, passage.start) in meant:
                passage.verdict = verdict

    def settle(self, answer: "Answer") -> None:
        """Say what is cited now that the answer is known, and put that first."""
        for passage in self.passages:
            for citation in answer.citations:
                if citation.article == passage.article and passage.start <= citation.start < passage.end:
                    self.way = "passage" if passage.verdict == "in another language" else self.way
                    passage.verdict = "cited"
        self.passages.sort(key=lambda one: one.verdict != "cited")
        if answer.answered:
            self.refused = ""
        if answer.remark:
            self.way = "courtesy"


@dataclass(frozen=True, slots=True)
class Recourse:
    """What a refusal offers: a few words, and the http, https or mailto address that they lead to, "" for none."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - for settings, where a misspelt word is an error

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Text whose every sentence carries a citation, or a refusal that names what is nearest.

    `answer` is plain text with marks like `[1]`; `short` the exact words, None where there are none;
    `confidence` is 0 to 1, or None until it is calibrated; `seconds` how long each stage took.

    Where a writer worded it, `extract` is the offline answer that stands above its text, with marks of the same
    citations, and `sentences` are all that the writer wrote: `answer` holds those of them that are supported.
    `standalone` is the question as it was searched, `notice` one plain sentence about what did not work,
    `usage` what the writer was sent and said: passages, prompt_tokens, completion_tokens. A `remark` is no answer: it
    replies to a greeting, to thanks or to a question about the assistant. `offers` are what a refusal offers instead.
    Only articles in the `scope` were looked at.
    """

    question: str
    answered: bool
    short: str | None
    answer: str
    mode: Mode
    confidence: float | None
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    standalone: str = ""
    extract: str = ""
    sentences: tuple[Sentence, ...] = ()
    notice: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    remark: bool = False
    explanation: Explanation | None = None
    offers: tuple[Recourse, ...] = ()
    scope: Scope = EVERYTHING

    def as_json(self) -> dict[str, Any]:
        """The answer as it leaves the house, the same from every door; explanation and scope where asked for."""
        unasked = {"explanation": None, "scope": asdict(EVERYTHING)}
        return {name: value for name, value in asdict(self).items() if name not in unasked or value != unasked[name]}


Thumb = Literal["", "up", "down"]
"""What somebody thinks of an answer; "" says nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation, what was answered, and the ids of the articles that were cited.

    `standalone` is the question as it was searched, "" in turns of older versions. `cited`, which the last of
    several turns has and which is not stored, are the articles as whoever asks now may read them.
    """

    question: str
    answer: str
    articles: tuple[str, ...]
    standalone: str = ""
    cited: tuple[Article, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. `groups` is None for the operator at the command line, who sees every article."""

    name: str
    groups: Groups


@dataclass(frozen=True, slots=True)
class Found:
    """Event: the search is done; the passages in their order."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Event: the next piece of the answer's text, to be put behind what came before."""

    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Event: the offline answer is complete, and a writer goes on beneath it, in Sentences."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: nothing new. Comes at least once a second while a writer is waited for, so that it can be stopped."""


Event = Found | Words | Citation | Ready | Sentence | Waiting | Answer
"""What `Assistant.ask` yields: Found, then Words and Citations as they come, last one Answer.

Between them, where there is a writer: Ready, then Sentences, first unchecked, later as judged, after their Citations.
"""


@dataclass(frozen=True, slots=True)
class Context:
    """What an answerer may look back on: the question as it was typed, and the turns before it, oldest first.

    `find` searches once more, with the rights of whoever asks; `titles` are those of some articles to be named. When
    `stop` is set, the answer as it is then is enough. An `explanation`, where one is asked for, is to be filled.
    """

    question: str
    turns: Sequence[Turn]
    find: Callable[[str], Sequence[Hit]]
    stop: threading.Event = field(default_factory=threading.Event)
    titles: Callable[[], Sequence[str]] = tuple
    explanation: Explanation | None = None


class Answerer(Protocol):
    """Turns a question and its hits into an answer: the offline one, or a writer with an LLM."""

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it would be asked without the turns before it."""

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:
        """Words, Citations and the like as they come, last one Answer (its `seconds` still without the search).

        To close the iterator ends the work, within a second.
        """


class Answering(Protocol):
    """What answers questions, as every door sees it: `pipeline.Assistant`, which says what each of these does."""

    def ask(
        self,
        question: str,
        user: User,
        conversation: str | None = None,
        stop: threading.Event | None = None,
        before: Sequence[Turn] = (),
        explain: bool = False,
        scope: Scope = EVERYTHING,
    ) -> Iterator[Event]: ...

    def passages(self, question: str, user: User, k: int) -> list[Hit]: ...

    def article(self, identifier: str, user: User) -> Article | None: ...

    def titles(self, user: User) -> list[tuple[str, str, str | None]]: ...

    def categories(self, user: User) -> dict[str, int]: ...

    def conversation(self, user: User, name: str, most: int) -> list[Answer]: ...
    def conversations(self, user: User, most: int) -> list[tuple[str, str, float]]: ...

    def judge(self, user: User, conversation: str, question: str, thumb: Thumb, word: str) -> bool: ...
    def forget(self, user: User, conversation: str) -> None: ...
