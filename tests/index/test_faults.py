"""Whatever a provider does, and whenever: the cited offline answer stands, with one plain notice at most."""

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import article_assistant.writing.hearing
import pytest
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings
from article_assistant.types import Answer, User
from article_assistant.web import render
from article_assistant.writing.calls import Caller
from article_assistant.writing.providers import load_llm
from article_assistant.writing.writer import Writer

from tests import parts
from tests.provider import Act, Line, Provider, endless, finished, hang, raw, redirect, say, silent, status, thinking
from tests.writers import ByWords, Scripted

KEY = "sk-a-key-that-nobody-may-read"
TRIP = "A trip is approved by Tobias."
RAIL = "Trains are booked by the office."
MIA = User("mia", frozenset({EVERYONE}))
SECONDS, LONG = 1.0, 60.0
"""That a model is waited for where only the clock ends what it does, and elsewhere: a busy machine is not late."""
FIVE = "Trains are booked by the"
"""Five words of a sentence that an article carries."""

AFTER = {
    "hang": hang,
    "cut": Line.cut,
    "broken JSON": raw(b"data: {nonsense\n\n"),
    "broken SSE": raw(b"\x00\x01\x02 no event\n\n\n: \n data\n\n"),
    "invalid UTF-8": raw(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'),
    "an error amid the stream": raw(b'data: {"error": {"message": "<html>overloaded sk-xx</html>"}}\n\n'),
    "endless": endless,
    "thinking without end": thinking,
}
"""What may go wrong at any place of a stream."""
INSTEAD = {
    "silent": silent,
    "401": status(401, '{"error": {"message": "bad key sk-xx"}}'),
    "403": status(403, "<html>forbidden</html>"),
    "404": status(404),
    "429 with a pause": status(429, headers={"Retry-After": "60"}),
    "429 without": status(429),
    "500 with HTML": status(500, "<html><script>alert(1)</script> Traceback (most recent call last)</html>"),
    "empty": say(""),
    "no JSON": status(200, "<html>hello</html>"),
}
"""What may come instead of a stream."""
WORDS = {
    "only a mark": say("[1]"),
    "made-up marks": say(f"{RAIL} [0][99][1][1]"),
    "marks alone": say("[0] [99] [1][1]"),
    "nothing supported": say("The moon is made of cheese. [1]"),
    "a refusal": say("NO ANSWER"),
}
"""What may be in the words themselves."""
ACTS: dict[str, Act] = {
    **{f"{name}, first": act for name, act in {**AFTER, **INSTEAD}.items()},
    **{f"{name}, after five words": say(FIVE, then=act) for name, act in AFTER.items()},
    **{f"{name}, at the end": say(f"{RAIL} [1]", then=finished(act)) for name, act in AFTER.items()},
    **WORDS,
}


def patience(fault: str) -> float:
    """Seconds that a model is waited for."""
    return SECONDS if fault.startswith(("hang", "silent", "thinking")) else LONG


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    place = tmp_path_factory.mktemp("faults")
    opened = Index.open(place / "home", parts.Words())
    parts.update(opened, parts.write(place / "docs", {"trips.md": f"# Trips\n\n{TRIP} {RAIL}"}))
    yield opened
    opened.close()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(article_assistant.writing.hearing, "RETRIES", (0.05, 0.1))
    with Provider() as running:
        yield running


def ask(index: Index, provider: Provider, quote: str | None = TRIP, seconds: float = LONG) -> Answer:
    """The answer of an assistant that quotes `quote` offline, None refuses, and has this provider's model."""
    llm = load_llm(Settings.read(llm="openai-like/m", llm_url=provider.url, llm_key=KEY))
    caller = Caller(llm, seconds)
    writer = Writer(Scripted(quote), caller, ByWords())  # type: ignore[arg-type]
    with closing(caller), closing(Memory()) as memory:
        return Assistant(index, writer, memory).answer("Who approves a trip?", MIA)


@pytest.mark.parametrize("fault", ACTS)
def test_the_offline_answer_stands(
    fault: str, index: Index, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """It is cited and whole; at most one plain sentence says what did not work; nothing of the fault is shown."""
    provider.play(*[ACTS[fault]] * 3)
    with caplog.at_level(logging.DEBUG):
        answer = ask(index, provider, seconds=patience(fault))
    assert answer.answered
    assert answer.citations[0].quote == TRIP
    assert (answer.extract or answer.answer) == f"{TRIP} [1]"
    assert set(re.findall(r"\[\d+\]", answer.answer + answer.extract)) <= {f"[{c.number}]" for c in answer.citations}
    if answer.mode == "extractive":
        assert re.fullmatch(r"[A-Z][^<>{}\n]{10,120}\.", answer.notice)
    for secret in (KEY, "sk-xx", "Traceback", "html", "nonsense"):
        assert secret not in str(answer.as_json())
    assert KEY not in caplog.text
    shown = render.conversation([render.Shown("Who?", answer=answer)])
    assert shown.count('class="notice"') == bool(answer.notice)


FATAL = [name for name in ACTS if name not in WORDS and "at the end" not in name and "broken SSE, after" not in name]
"""What ends an answer amid its words; an event that is none is passed over, and the answer then ends as it should."""


@pytest.mark.parametrize("fault", FATAL)
def test_a_refusal_stays_a_refusal(fault: str, index: Index, provider: Provider) -> None:
    """Where the articles do not answer offline and the model fails, nobody reads half a sentence as an answer."""
    provider.play(*[ACTS[fault]] * 3)
    answer = ask(index, provider, None, patience(fault))
    assert (answer.answered, answer.mode, answer.citations) == (False, "refused", ())
    assert answer.notice


def test_a_redirect_gets_neither_key_nor_articles(index: Index, provider: Provider) -> None:
    """A provider that sends the client elsewhere is not followed."""
    with Provider() as other:
        other.play(say("Mine."))
        provider.play(*[redirect(f"{other.url}/chat/completions")] * 3)
        answer = ask(index, provider)
        assert not other.requests
    assert (answer.answer, bool(answer.notice)) == (f"{TRIP} [1]", True)
