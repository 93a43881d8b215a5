"""The writer: a language model adds a longer answer below the offline one, and every sentence is checked.

The model sees only numbered passages that the user may read, and has no tools. A sentence counts only if quotes
support it, whatever the model cites.
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

PASSAGES_SENT = 8
"""Passages sent to the model."""
RECALLED = 3
"""Turns sent to the model to restate a question."""
RESTATED = 400
"""Maximum characters of a restated question."""
TURN = 600
"""Characters sent of each turn's answer."""
NONE = "NO ANSWER"
"""What the model writes when the passages do not answer."""

NOTHING_FOUND = "The language model found no answer in the passages."
LEFT_OUT = "The language model’s text is left out: nothing in the articles supports it."
EMPTY = "The language model wrote nothing."
STOPPED = "You stopped the language model."


class Writer:
    """Answers offline, then with a language model; if that fails, the offline answer stands."""

    def __init__(
        self, offline: Answerer, caller: Caller, checker: Checker, remove: bool = False, folder: Path | None = None
    ) -> None:
        """`remove` drops unsupported sentences instead of marking them; `folder` holds custom prompts.

        Raises prompts.PromptError.
        """
        self._offline = offline
        self._caller = caller
        self._checker = checker
        self._remove = remove
        if folder:
            prompts.check(folder)
        self._prompts = {
            name: prompts.load_prompt(name, folder) for name in ("write", "passages", "passage", "restate", "turn")
        }

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question restated offline, at once; the model restates it later."""
        return self._offline.standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:
        """The offline answer's events, Ready, each Sentence as it is written and again as judged, then the Answer."""
        extract: Answer | None = None
        for event in self._offline.answer(question, hits, context):
            if isinstance(event, Answer):
                extract = event
            else:
                yield event
        assert extract
        if extract.remark:
            yield extract
            return
        yield Ready(extract)
        draft, used = Draft(extract, self._checker, self._remove), Counter[str]()
        stop = context.stop if context else threading.Event()
        try:
            if context and context.turns:
                restated = yield from self._restated(context, question, used)
                if restated != question:
                    question, hits = restated, context.find(restated)
            draft.hits = hits[:PASSAGES_SENT]
            yield from self._written(question, draft, stop, used)
            notice = ""
        except Unavailable as why:
            notice = why.notice
        if context and context.explanation:
            unsupported = [sentence.text.strip() for sentence in draft.sentences if sentence.state == "unsupported"]
            context.explanation.unsupported = unsupported
        yield replace(draft.answer(notice), standalone=question, usage={"passages": len(draft.hits), **used})

    def _spoken(self, messages: Sequence[ChatMessage], stop: threading.Event, used: Counter[str]) -> Generator[str]:
        """The model's text in pieces, empty ones while nothing new arrives. Raises Unavailable."""
        with closing(self._caller.stream(messages)) as call:
            try:
                for piece in call:
                    if stop.is_set():
                        raise Unavailable(STOPPED)
                    yield piece
            finally:
                call.close()  # the tokens are known only now
                used.update(asdict(call.usage))

    def _written(self, question: str, draft: "Draft", stop: threading.Event, used: Counter[str]) -> Iterator[Event]:
        """The model's sentences as events. Raises Unavailable."""
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
        """The question as the model restates it, or `offline` if that fails `keeps`."""
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
    """Whether a restated question has all content words of the question asked, and no words from outside the turns.

    This rules out an answer, or a topic of the model's own, in place of the question.
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
    """The sentences written so far below an offline answer, and their citations."""

    extract: Answer
    checker: Checker
    remove: bool
    hits: Sequence[Hit] = ()
    sentences: list[Sentence] = field(default_factory=list)
    citations: dict[Quote, Citation] = field(default_factory=dict)
    over: bool = False
    refused: bool = False

    def begun(self, text: str) -> Sentence:
        """The sentence being written."""
        return Sentence(len(self.sentences), "" if NONE.startswith(text.strip(" .").upper()) else text)

    def add(self, worded: Worded) -> Iterator[Event]:
        """Add a sentence: yield it as written, new citations, then the sentence as judged."""
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
        """The quotes that support a sentence, from the passages it cites, else from any other."""
        named = [self.hits[mark - 1] for mark in worded.marks if 0 < mark <= len(self.hits)]
        found = [quote for hit in named for quote in self.checker.carries(worded.text, hit)]
        if found:
            return tuple(dict.fromkeys(found))
        for hit in self.hits:
            if hit not in named and (quotes := self.checker.carries(worded.text, hit)):
                return quotes
        return ()

    def _cited(self, quote: Quote) -> int:
        """The number of a quote's citation; a citation of the offline answer keeps its number."""
        if quote not in self.citations:
            there = (quote.article.id, quote.start, quote.end)
            own = next((c for c in self.extract.citations if (c.article, c.start, c.end) == there), None)
            if own:
                return own.number
            (made,) = resolve([quote], first=len(self.extract.citations) + len(self.citations) + 1)
            self.citations[quote] = made
        return self.citations[quote].number

    def answer(self, notice: str) -> Answer:
        """The model's answer if any sentence is supported, else the offline one; with a notice."""
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
