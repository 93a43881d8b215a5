"""The writer: a language model words a longer answer beneath the offline one, and every sentence is checked.

The model sees numbered passages that the asking person may read, and nothing else; it can call nothing. What
it writes counts only as far as quotes carry it, whatever marks it sets.
"""

import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from article_assistant import prompts
from article_assistant.answering.cite import Quote, day, resolve
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit
from article_assistant.types import Answer, Answerer, Citation, Context, Event, Ready, Sentence, Turn, Waiting
from article_assistant.writing.calls import Caller, Unavailable
from article_assistant.writing.entailment import Checker
from article_assistant.writing.stream import Worded, Wording
from llama_index.core.base.llms.types import ChatMessage, MessageRole

SENT = 8
"""Passages that the model is sent."""
RECALLED = 3
"""Turns that it is sent to restate a question."""
RESTATED = 400
"""Characters that a restated question may have."""
TURN = 600
"""Characters of each answer of the turns that it is sent."""
NONE = "NO ANSWER"
"""What it writes where the passages do not answer."""

NOTHING_FOUND = "The language model found no answer in the passages."
LEFT_OUT = "The language model’s text is left out: nothing in the articles supports it."
EMPTY = "The language model wrote nothing."
STOPPED = "You stopped the language model."


class Writer:
    """Answers offline first, then lets a language model write; stands in wherever that fails."""

    def __init__(
        self, offline: Answerer, caller: Caller, checker: Checker, remove: bool = False, folder: Path | None = None
    ) -> None:
        """With `remove`, sentences without support are left out instead of marked. `folder` has prompts of one's own.

        Raises prompts.PromptError.
        """
        self._offline = offline
        self._caller = caller
        self._checker = checker
        self._remove = remove
        if folder:
            prompts.check(folder)
        self._prompts = {
            name: prompts.load(name, folder) for name in ("write", "passages", "passage", "restate", "turn")
        }

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question with what it leaves to the turns before it, at once and offline; the model's own comes later."""
        return self._offline.standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:
        """The offline answer's events, Ready, then Sentences as they come and are judged, last the Answer."""
        extract: Answer | None = None
        for event in self._offline.answer(question, hits, context):
            if isinstance(event, Answer):
                extract = event
            else:
                yield event
        assert extract
        yield Ready(extract)
        draft, used = Draft(extract, self._checker, self._remove), Counter[str]()
        stop = context.stop if context else threading.Event()
        try:
            if context and context.turns:
                restated = yield from self._restated(context, question, used)
                if restated != question:
                    question, hits = restated, context.find(restated)
            draft.hits = hits[:SENT]
            yield from self._written(question, draft, stop, used)
            notice = ""
        except Unavailable as why:
            notice = why.notice
        yield replace(draft.answer(notice), standalone=question, usage={"passages": len(draft.hits), **used})

    def _spoken(self, messages: Sequence[ChatMessage], stop: threading.Event, used: Counter[str]) -> Generator[str]:
        """What the model says, in pieces; an empty one when there is nothing new. Raises Unavailable."""
        with closing(self._caller.stream(messages)) as call:
            try:
                for piece in call:
                    if stop.is_set():
                        raise Unavailable(STOPPED)
                    yield piece
            finally:
                call.close()  # only then the tokens are known
                used.update(asdict(call.usage))

    def _written(self, question: str, draft: "Draft", stop: threading.Event, used: Counter[str]) -> Iterator[Event]:
        """What the model writes, sentence by sentence. Raises Unavailable."""
        wording = Wording()
        with closing(self._spoken(self._messages(question, draft.hits), stop, used)) as pieces:
            for piece in pieces:
                if not piece:
                    yield Waiting()
                    continue
                for worded in wording.feed(piece):
                    yield from draft.add(worded)
                if wording.open and not draft.over:
                    yield draft.begun(wording.open)
                if draft.over:
                    return
        for worded in wording.rest():
            yield from draft.add(worded)

    def _messages(self, question: str, hits: Sequence[Hit]) -> list[ChatMessage]:
        shown = [
            self._prompts["passage"].format(
                number=number,
                title=hit.article.title,
                heading=hit.chunk.heading or "-",
                updated=day(hit.article.updated) or "-",
                text=hit.chunk.text,
            )
            for number, hit in enumerate(hits, start=1)
        ]
        asked = self._prompts["passages"].format(passages="\n\n".join(shown), question=question)
        return [
            ChatMessage(role=MessageRole.SYSTEM, content=self._prompts["write"]),
            ChatMessage(role=MessageRole.USER, content=asked),
        ]

    def _restated(self, context: Context, offline: str, used: Counter[str]) -> Generator[Event, None, str]:
        """The question as the model words it without the turns before; the offline one where that does not fit."""
        turns = [
            self._prompts["turn"].format(question=turn.question, answer=turn.answer[:TURN])
            for turn in context.turns[-RECALLED:]
        ]
        asked = self._prompts["restate"].format(turns="\n\n".join(turns), question=context.question)
        text = ""
        with closing(self._spoken([ChatMessage(role=MessageRole.USER, content=asked)], context.stop, used)) as pieces:
            for piece in pieces:
                text += piece
                yield Waiting()
                if len(text) > 4 * RESTATED:
                    break
        found = " ".join(Wording.plain(text).split())
        return found if keeps(found, context) else offline


def keeps(restated: str, context: Context) -> bool:
    """Whether a restated question holds the words of the one that was asked, and no others than those of the turns.

    So neither an answer nor a topic of its own can take the question's place.
    """
    if not 0 < len(restated) <= RESTATED:
        return False
    asked, words = set(stems(context.question)) - _LEANING, set(stems(restated))
    before = [f"{turn.question} {turn.standalone} {turn.answer}" for turn in context.turns[-RECALLED:]]
    titles = [article.title for turn in context.turns for article in turn.cited]
    known = set(stems(" ".join([context.question, *before, *titles]))) | UNASKED
    return asked <= words | UNASKED and words <= known


_LEANING = frozenset(
    stems("and but so then what about how it its he she they them his her their this that these those there one ones")
)


@dataclass(slots=True)
class Draft:
    """What a writer has written so far over an offline answer, and what of it holds."""

    extract: Answer
    checker: Checker
    remove: bool
    hits: Sequence[Hit] = ()
    sentences: list[Sentence] = field(default_factory=list)
    citations: dict[Quote, Citation] = field(default_factory=dict)
    over: bool = False
    refused: bool = False

    def begun(self, text: str) -> Sentence:
        """The sentence that is on its way."""
        return Sentence(len(self.sentences), "" if NONE.startswith(text.strip(" .").upper()) else text)

    def add(self, worded: Worded) -> Iterator[Event]:
        """Take a sentence, judge it, and yield what is new."""
        if self.over:
            return
        if worded.text.strip(" .*\"'").upper() == NONE:
            self.over = self.refused = True
            return
        number, after = len(self.sentences), worded.after
        yield Sentence(number, worded.text + after)
        quotes = self._support(worded)
        known = len(self.citations)
        numbers = [self._cited(quote) for quote in quotes]
        yield from list(self.citations.values())[known:]
        marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
        if marks:
            judged = Sentence(number, f"{worded.text} {marks}{after}", "supported")
        else:
            judged = Sentence(number, worded.text + after, "unsupported")
        self.sentences.append(judged)
        yield replace(judged, text="") if self.remove and not marks else judged

    def _support(self, worded: Worded) -> tuple[Quote, ...]:
        """The quotes that carry a sentence: of the passages that it names, else of any other."""
        named = [self.hits[mark - 1] for mark in worded.marks if 0 < mark <= len(self.hits)]
        found = [quote for hit in named for quote in self.checker.carries(worded.text, hit)]
        if found:
            return tuple(dict.fromkeys(found))
        for hit in self.hits:
            if hit not in named and (quotes := self.checker.carries(worded.text, hit)):
                return quotes
        return ()

    def _cited(self, quote: Quote) -> int:
        """The number of a quote's citation; one that the offline answer has keeps its number."""
        if quote not in self.citations:
            there = (quote.article.id, quote.start, quote.end)
            own = next((c for c in self.extract.citations if (c.article, c.start, c.end) == there), None)
            if own:
                return own.number
            (made,) = resolve([quote], first=len(self.extract.citations) + len(self.citations) + 1)
            self.citations[quote] = made
        return self.citations[quote].number

    def answer(self, notice: str) -> Answer:
        """The answer as it stands: of the writer where some of it holds, else the offline one; with a notice."""
        kept = [sentence for sentence in self.sentences if sentence.state == "supported"]
        if not kept:
            if not notice:
                notice = NOTHING_FOUND if self.refused else LEFT_OUT if self.sentences else EMPTY
            return replace(self.extract, notice=notice)
        return replace(
            self.extract,
            answered=True,
            answer="".join(sentence.text for sentence in kept).strip(),
            mode="generative",
            confidence=None,
            citations=(*self.extract.citations, *self.citations.values()),
            nearest=(),
            extract=self.extract.answer if self.extract.answered else "",
            sentences=tuple(kept if self.remove else self.sentences),
            notice=notice,
        )
