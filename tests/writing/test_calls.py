"""A careful call: whatever a provider does, there are words, or one plain sentence, in time."""

import json
import logging
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import article_assistant.writing.budget
import article_assistant.writing.hearing
import pytest
from article_assistant.settings import Settings
from article_assistant.writing.budget import BUDGET_FILE
from article_assistant.writing.calls import (
    AWAY,
    BROKEN,
    LATE,
    SILENT,
    SPENT,
    Caller,
    Unavailable,
)
from article_assistant.writing.hearing import CHARACTERS, ENDLESS
from article_assistant.writing.providers import load_llm
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, CompletionResponseGen
from llama_index.core.llms.mock import MockLLM

from tests.provider import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Act,
    Line,
    Provider,
    endless,
    finished,
    flood,
    hang,
    raw,
    redirect,
    say,
    silent,
    status,
    thinking,
)

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
KEY = "sk-a-key-that-nobody-may-read"
TEXT = "What the articles say is for the provider alone."
ASKED = [ChatMessage(role="system", content="Answer from the passages."), ChatMessage(role="user", content=TEXT)]
FIVE = "one two three four five"
SECONDS = 1.0
"""Seconds to wait for a first word that does not come."""
LATER = 2.5
"""Seconds to wait for the next word where some came before."""
LONG = 60.0
"""Seconds that a test would wait where words do come, or an end: a busy machine does not make them late."""

Make = Callable[..., Caller]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings, no keys of one's own, and a server's pause that is not waited for."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ASSISTANT_LLM_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(article_assistant.writing.hearing, "RETRIES", (0.05, 0.1))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def make(provider: Provider) -> Iterator[Make]:
    """Makes a caller of the provider, by the package that its name tells."""
    with ExitStack() as open_callers:

        def made(llm: str = "openai-like/m", **more: Any) -> Caller:
            url = provider.url if llm.startswith("openai") else provider.root
            model = load_llm(Settings.read(llm=llm, llm_url=url, llm_key=KEY))
            caller = Caller(model, **{"seconds": LONG, **more})
            open_callers.callback(caller.close)
            return caller

        yield made


def listen(pieces: Iterator[str]) -> tuple[str, str]:
    """The words that came, and the notice at their end, "" for none. Any other error is one of the test."""
    text = ""
    try:
        for piece in pieces:
            text += piece
    except Unavailable as error:
        return text, error.notice
    return text, ""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it holds within a minute."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
def test_words_come_as_they_are_said(llm: str, provider: Provider, make: Make) -> None:
    """Each protocol: the first words are there before the answer has an end, and the usage is the provider's."""
    more = threading.Event()

    def after_a_while(line: Line) -> None:
        assert more.wait(LONG)
        line.word(" six")
        line.end()

    provider.play(say(FIVE, after_a_while))
    caller = make(llm)
    pieces = caller.stream(ASKED)
    text = ""
    while text != FIVE:
        text += next(pieces)
    more.set()
    assert listen(pieces) == (" six", "")
    assert (caller.usage.prompt_tokens, caller.usage.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert not caller.usage.estimated
    (asked,) = provider.requests
    assert TEXT in asked.text
    assert KEY in str(asked.headers)


def test_usage_that_is_not_told_is_estimated(provider: Provider, make: Make) -> None:
    """A provider that tells no tokens: a quarter of the characters, and it says so."""
    provider.play(say("x" * 80, raw(b"data: [DONE]\n\n")))
    caller = make()
    call = caller.stream(ASKED)
    assert listen(call) == ("x" * 80, "")
    assert call.usage.estimated
    assert call.usage.completion_tokens == 20
    assert call.usage.prompt_tokens == sum(len(message.content or "") for message in ASKED) // 4


def test_several_streams_at_once(provider: Provider, make: Make) -> None:
    """Eight readers at one caller, a slow one among them: each gets the whole answer."""
    provider.play(*[say(FIVE)] * 8)
    caller, heard = make(), list[tuple[str, str]]()
    slow = caller.stream(ASKED)
    next(slow)
    readers = [threading.Thread(target=lambda: heard.append(listen(caller.stream(ASKED)))) for _ in range(7)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert heard == [(FIVE, "")] * 7
    assert FIVE.endswith(listen(slow)[0])


def test_short_answers_come_whole(provider: Provider, make: Make) -> None:
    """`complete` gives the text, or raises within its own seconds."""
    provider.play(say("Who approves a trip?"), say(FIVE, hang))
    caller = make()
    assert caller.complete(ASKED, LONG) == "Who approves a trip?"
    began = time.monotonic()
    with pytest.raises(Unavailable):
        caller.complete(ASKED, 0.5)
    assert time.monotonic() - began < LONG / 2


# --- whatever else a provider does ------------------------------------------------------------------

HTML = f"<html><body><h1>Oops</h1><script>alert(1)</script>{KEY} {'x' * 5000}</body></html>"
BROKEN_JSON = b'data: {"choices": [{"delta": {"content": \n\n'
ODD_JSON = b'data: [1, 2]\n\ndata: {"choices": 5}\n\ndata: null\n\n'
NO_EVENTS = b"\xff\n: \nwhat: is this\n\n\n\n::::\n"
NO_UTF8 = b'data: {"choices": [{"delta": {"content": "\xff\xfe\xc3("}}]}\n\n'
ERROR_WITHIN = f'data: {{"error": {{"message": "the key {KEY} is used up"}}}}\n\n'.encode()

WITHIN: dict[str, Act] = {
    "hang": hang,
    "cut": Line.cut,
    "broken JSON": raw(BROKEN_JSON),
    "odd JSON": raw(ODD_JSON),
    "no events": raw(NO_EVENTS),
    "no UTF-8": raw(NO_UTF8),
    "an error": raw(ERROR_WITHIN),
    "thinking": thinking,
    "endless": endless,
}
INSTEAD: dict[str, Act] = {
    "no answer at all": silent,
    "cut at once": Line.cut,
    "400": status(400),
    "401": status(401, f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}'),
    "403": status(403, HTML),
    "404": status(404),
    "408": status(408),
    "409": status(409),
    "429": status(429),
    "429, later": status(429, headers={"Retry-After": "3600"}),
    "429, whenever": status(429, headers={"Retry-After": "soon; or -1"}),
    "500 in HTML": status(500, HTML, {"Content-Type": "text/html"}),
    "503": status(503, ""),
    "an answer in HTML": status(200, HTML, {"Content-Type": "text/html"}),
    "nothing": status(200, ""),
    "a word that is no stream": status(200, '{"choices": [{"message": {"content": "Five days."}}]}'),
    "empty": say(""),
}


WAITED_FOR = {hang, silent, thinking}
"""Acts that only the clock ends."""


def cases() -> Iterator[Any]:
    for name, act in INSTEAD.items():
        yield pytest.param(act, "", SECONDS if act in WAITED_FOR else LONG, id=name)
    for name, act in WITHIN.items():
        first, later = (SECONDS, LATER) if act in WAITED_FOR else (LONG, LONG)
        yield pytest.param(say("", act), "", first, id=f"{name} before the first word")
        yield pytest.param(say(FIVE, act), FIVE, later, id=f"{name} after five words")
        yield pytest.param(say(FIVE, finished(act)), FIVE, later, id=f"{name} at the end")


@pytest.mark.parametrize(("act", "words", "seconds"), list(cases()))
def test_whatever_a_provider_does(
    act: Act, words: str, seconds: float, provider: Provider, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The words that came, and then their end or one plain sentence, in time; the operator gets one line at most."""
    provider.play(*[act] * 3)
    began = time.monotonic()
    text, notice = listen(make(seconds=seconds).stream(ASKED))
    assert time.monotonic() - began < LONG
    assert text.startswith(words)
    assert len(text) <= CHARACTERS
    assert notice in {AWAY, LATE, SILENT, BROKEN, ENDLESS, ""}
    assert notice or text
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == (1 if notice else 0)
    assert all(len(line) < 300 and line.isprintable() for line in lines)
    assert KEY not in caplog.text + notice
    for asked in provider.requests:
        assert asked.gone.wait(LONG), "the connection was left open"


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
@pytest.mark.parametrize("code", [200, 400])
def test_a_flood_is_not_kept(llm: str, code: int, provider: Provider, make: Make) -> None:
    """A line or an error without an end fills no memory: it ends by its size, long before its time."""
    provider.play(flood(code))
    began = time.monotonic()
    assert listen(make(llm, seconds=LONG).stream(ASKED)) == ("", AWAY)
    assert time.monotonic() - began < 30
    assert provider.requests[0].gone.wait(LONG / 2)


def test_only_a_mark_is_an_answer(provider: Provider, make: Make) -> None:
    """What the words are worth is for others to judge."""
    provider.play(say("[1]"))
    assert listen(make().stream(ASKED)) == ("[1]", "")


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_no_other_server_gets_anything(llm: str, code: int, provider: Provider, make: Make) -> None:
    """A provider that sends us elsewhere is not followed: the other server gets no request at all."""
    with Provider() as other:
        other.play(say("You should not be here."))
        provider.play(redirect(f"{other.root}/v1/chat/completions", code))
        assert listen(make(llm).stream(ASKED)) == ("", AWAY)
        assert other.requests == []
    assert len(provider.requests) == 1


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
def test_a_refused_key_is_not_tried_again(
    llm: str, provider: Provider, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Each protocol: 401 is asked once, then nobody asks for a while; the log says why, without the key."""
    provider.play(status(401, f'{{"error": "the key {KEY} is not known here"}}'), say(FIVE))
    caller = make(llm)
    assert listen(caller.stream(ASKED)) == ("", AWAY)
    assert listen(caller.stream(ASKED)) == ("", AWAY)
    assert len(provider.requests) == 1
    assert "401" in caplog.text
    assert "is not known here" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("llm", ["ollama/m", "anthropic/claude-opus-4-1"])
@pytest.mark.parametrize("words", ["", FIVE])
@pytest.mark.parametrize("trouble", [Line.cut, hang, raw(b"\xff}{\n"), raw(f'{{"error": "{KEY}"}}\n'.encode())])
def test_the_other_protocols_broken(
    llm: str, words: str, trouble: Act, provider: Provider, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """As with the first one: the words that came, then at most one plain sentence, and no key in the log."""
    provider.play(*[say(words, trouble)] * 3)
    seconds = LONG if trouble is not hang else LATER if words else SECONDS
    text, notice = listen(make(llm, seconds=seconds).stream(ASKED))
    assert text == words
    assert notice in {AWAY, LATE, SILENT, BROKEN, ""}
    assert KEY not in caplog.text


# --- stopping ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
@pytest.mark.parametrize("act", [silent, say("", hang), say(FIVE, hang), say(FIVE, endless)])
def test_a_stop_closes_the_connection(llm: str, act: Act, provider: Provider, make: Make) -> None:
    """Whoever reads stops, also while nothing comes: the server sees its client go, long before the call's time;
    how soon is what `python -m tests.durability.stop` says."""
    provider.play(act)
    pieces = make(llm, seconds=LONG).stream(ASKED)
    next(pieces)
    assert eventually(lambda: bool(provider.requests))
    stopped = time.monotonic()
    pieces.close()
    assert provider.requests[0].gone.wait(LONG / 2)
    assert provider.requests[0].went - stopped < LONG / 2
    assert list(pieces) == []


def test_a_call_that_is_dropped_is_stopped(provider: Provider, make: Make) -> None:
    """A generator around the words is closed: so are they, without a word of it."""
    provider.play(say(FIVE, hang))
    caller = make(seconds=LONG)

    def around() -> Iterator[str]:
        for piece in caller.stream(ASKED):
            yield piece.upper()

    words = around()
    next(words)
    assert eventually(lambda: bool(provider.requests))
    words.close()  # type: ignore[attr-defined]
    assert provider.requests[0].gone.wait(LONG / 2)


def test_a_stop_from_another_thread(provider: Provider, make: Make) -> None:
    """Somebody else stops what is being waited for: it ends quietly, long before the call's time."""
    provider.play(silent)
    call = make(seconds=LONG).stream(ASKED)
    heard = list[tuple[str, str]]()
    reader = threading.Thread(target=lambda: heard.append(listen(call)))
    reader.start()
    assert eventually(lambda: bool(provider.requests))
    call.close()
    reader.join(LONG / 2)
    assert heard == [("", "")]
    assert provider.requests[0].gone.wait(LONG / 2)


def test_stops_at_any_moment(provider: Provider, make: Make) -> None:
    """Thirty calls, each stopped by another thread a little later than the one before: all end, none keeps anything."""
    caller = make(seconds=LONG)
    for number in range(30):
        provider.play(say(FIVE, hang))
        call = caller.stream(ASKED)
        stop = threading.Timer(number / 1000, call.close)
        stop.start()
        assert FIVE.startswith(listen(call)[0])
        stop.join()
    assert all(asked.gone.wait(LONG) for asked in provider.requests)


CRASH = """
import queue, random, threading
from article_assistant.writing.calls import Call, Usage

def pieces(stopped, arriving):
    while not stopped.is_set():
        try:
            yield arriving.get(timeout=0.01)
        except queue.Empty:
            yield ""

for _ in range(200):
    stopped = threading.Event()
    call = Call(pieces(stopped, queue.SimpleQueue()), Usage(), stopped)
    stop = threading.Timer(random.random() / 50, call.close)
    stop.start()
    for _ in call:
        pass
    stop.join()
"""


def test_a_stop_from_another_thread_ends_no_process() -> None:
    """CPython 3.11 dies where a generator that runs is closed by another thread; two hundred times it is not."""
    done = subprocess.run([sys.executable, "-c", CRASH], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_while_nothing_comes_the_reader_is_asked(provider: Provider, make: Make) -> None:
    """Empty pieces while a provider hangs, several a second: a chain of generators can be stopped between them."""
    provider.play(silent)
    pieces = make(seconds=SECONDS).stream(ASKED)
    assert [next(pieces), next(pieces), next(pieces)] == ["", "", ""]


def test_a_closed_caller_ends_its_calls(provider: Provider, make: Make) -> None:
    """The server is to end: whoever waits is let go, the connections are closed, and no call is made any more."""
    provider.play(say(FIVE, hang))
    caller = make(seconds=LONG)
    pieces = caller.stream(ASKED)
    while next(pieces) != " five":
        pass
    caller.close()
    assert listen(pieces)[0] == ""
    assert provider.requests[0].gone.wait(LONG / 2)
    threads = threading.active_count()
    assert listen(caller.stream(ASKED)) == ("", "")
    assert (len(provider.requests), threading.active_count()) == (1, threads)


class Typist(MockLLM):
    """An LLM that has no asynchronous stream of its own; `said` counts its pieces."""

    said: int = 0

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ARG002
        for _ in range(1000):
            self.said += 1
            yield CompletionResponse(text="", delta="word ")
            time.sleep(0.01)


def test_an_llm_that_cannot_be_awaited() -> None:
    """It streams, others are not held up by it, and it ends between two pieces."""
    typist = Typist(max_tokens=None)
    caller = Caller(typist, 5)
    one, two = caller.stream(ASKED), caller.stream(ASKED)
    assert {next(one), next(two), next(one)} <= {"word ", ""}
    one.close()
    two.close()
    said = typist.said
    time.sleep(0.5)
    assert typist.said <= said + 2
    caller.close()


# --- trying again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [408, 409, 429, 500, 502, 529])
def test_a_busy_provider_is_asked_again(code: int, provider: Provider, make: Make) -> None:
    """What passes is tried three times in all, and then there are words."""
    provider.play(status(code), Line.cut, say(FIVE))
    assert listen(make().stream(ASKED)) == (FIVE, "")
    assert len(provider.requests) == 3


def test_three_times_is_enough(provider: Provider, make: Make) -> None:
    """Who is busy three times is let alone."""
    provider.play(*[status(503)] * 3, say(FIVE))
    assert listen(make().stream(ASKED)) == ("", AWAY)
    assert len(provider.requests) == 3


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
def test_what_does_not_pass_is_not_tried_again(code: int, provider: Provider, make: Make) -> None:
    """A request that was understood and refused would be refused again."""
    provider.play(status(code), say(FIVE))
    assert listen(make().stream(ASKED)) == ("", AWAY)
    assert len(provider.requests) == 1


def test_after_a_word_nothing_is_said_twice(provider: Provider, make: Make) -> None:
    """A stream that broke off is not begun anew."""
    provider.play(say(FIVE, Line.cut), say(FIVE))
    assert listen(make().stream(ASKED)) == (FIVE, BROKEN)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("llm", ["openai-like/m", "ollama/m", "anthropic/claude-opus-4-1"])
@pytest.mark.parametrize(
    "later", [lambda: "1", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)]
)
def test_a_provider_says_when_to_come_back(llm: str, later: Callable[[], str], provider: Provider, make: Make) -> None:
    """Retry-After is kept, as a number and as a date, by each package's error."""
    provider.play(lambda line: status(429, headers={"Retry-After": later()})(line), say(FIVE))
    assert listen(make(llm).stream(ASKED)) == (FIVE, "")
    first, second = provider.requests
    assert 0.9 < second.came - first.came < LONG / 2


def test_a_provider_that_wants_too_long_a_wait_is_left(provider: Provider, make: Make) -> None:
    """Longer than the reader waits: the notice comes at once."""
    provider.play(status(429, headers={"Retry-After": "100"}), say(FIVE))
    began = time.monotonic()
    assert listen(make(seconds=90).stream(ASKED)) == ("", AWAY)
    assert time.monotonic() - began < LONG
    assert len(provider.requests) == 1


def test_a_machine_that_is_not_there(make: Make, provider: Provider) -> None:
    """Nobody listens at the address: a notice, after tries that cost next to nothing."""
    caller = make()
    provider._server.server_close()
    assert listen(caller.stream(ASKED)) == ("", AWAY)


# --- the breaker ------------------------------------------------------------------------------------


def test_after_three_failures_nobody_waits(provider: Provider, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """The fourth call does not reach the provider; after the pause one does, and when it works all do."""
    caller = make()
    provider.play(*[status(400)] * 3)
    for _ in range(5):
        assert listen(caller.stream(ASKED)) == ("", AWAY)
    assert len(provider.requests) == 3
    assert "no further calls for 30 s" in caplog.text
    caller.breaker.again = 0.0
    provider.play(say(FIVE), say(FIVE))
    assert listen(caller.stream(ASKED)) == (FIVE, "")
    assert listen(caller.stream(ASKED)) == (FIVE, "")


def test_while_one_tries_the_others_go_on(provider: Provider, make: Make) -> None:
    """When the pause is over one call is made; the others do not wait with it."""
    caller = make()
    provider.play(status(401), say(FIVE, hang))
    assert listen(caller.stream(ASKED)) == ("", AWAY)
    caller.breaker.again = 0.0
    trying = caller.stream(ASKED)
    next(trying)
    assert listen(caller.stream(ASKED)) == ("", AWAY)
    while next(trying) != " five":
        pass
    trying.close()
    assert len(provider.requests) == 2
    provider.play(say(FIVE))
    assert listen(caller.stream(ASKED)) == (FIVE, ""), "one that gave words has worked, though it was stopped"


def test_a_call_that_works_forgets_the_failures_before(provider: Provider, make: Make) -> None:
    """Only failures in a row count."""
    caller = make()
    for act in (status(400), status(400), say(FIVE), status(400), status(400), say(FIVE)):
        provider.play(act)
        listen(caller.stream(ASKED))
    assert len(provider.requests) == 6


# --- the budget -------------------------------------------------------------------------------------


def test_a_day_has_its_tokens(provider: Provider, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When they are used no call is made, also after a restart, until the next day (UTC)."""
    provider.play(*[say(FIVE)] * 3)
    cost = PROMPT_TOKENS + COMPLETION_TOKENS
    caller = make(tokens_a_day=2 * cost, home=tmp_path)
    assert listen(caller.stream(ASKED)) == (FIVE, "")
    again = make(tokens_a_day=2 * cost, home=tmp_path)
    assert listen(again.stream(ASKED)) == (FIVE, "")
    assert listen(again.stream(ASKED)) == ("", SPENT)
    assert listen(caller.stream(ASKED)) == ("", SPENT)
    assert len(provider.requests) == 2
    assert stat.S_IMODE((tmp_path / BUDGET_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [BUDGET_FILE]
    monkeypatch.setattr(article_assistant.writing.budget, "_today", lambda: "2999-01-01")
    assert listen(again.stream(ASKED)) == (FIVE, "")


def test_many_threads_count_together(tmp_path: Path) -> None:
    """No token is lost between eight threads and two callers of one home."""
    budgets = [article_assistant.writing.budget.Budget(10_000, tmp_path) for _ in range(2)]

    def count(budget: article_assistant.writing.budget.Budget) -> None:
        for _ in range(50):
            budget.add(1)

    for budget in budgets:
        threads = [threading.Thread(target=count, args=(budget,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert json.loads((tmp_path / BUDGET_FILE).read_text())["tokens"] == 800


@pytest.mark.parametrize("content", ["", "{", "[]", '{"day": 5}', '{"day": "2026-01-01", "tokens": "x"}', "\xff"])
def test_a_damaged_count_is_none(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew; nobody is kept from asking."""
    monkeypatch.setattr(article_assistant.writing.budget, "_today", lambda: "2026-01-01")
    (tmp_path / BUDGET_FILE).write_text(content, encoding="latin-1")
    budget = article_assistant.writing.budget.Budget(10, tmp_path)
    assert not budget.is_spent
    budget.add(10)
    assert budget.is_spent
    assert article_assistant.writing.budget.Budget(10, tmp_path).is_spent


def test_a_count_that_cannot_be_kept_still_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A home that cannot be written to costs a warning, and the limit holds until the restart."""
    budget = article_assistant.writing.budget.Budget(10, tmp_path / "gone")
    budget.add(10)
    assert budget.is_spent
    assert "cannot be written" in caplog.text


def test_what_was_stopped_or_broken_counts_too(provider: Provider, make: Make, tmp_path: Path) -> None:
    """The provider has read the question, whatever became of the answer; who was never reached has not."""
    caller = make(tokens_a_day=1_000_000, home=tmp_path)
    provider.play(status(400), say(FIVE, Line.cut), say(FIVE, hang))
    listen(caller.stream(ASKED))
    assert json.loads((tmp_path / BUDGET_FILE).read_text())["tokens"] == 0
    listen(caller.stream(ASKED))
    after_one = json.loads((tmp_path / BUDGET_FILE).read_text())["tokens"]
    assert after_one == sum(len(message.content or "") for message in ASKED) // 4 + len(FIVE) // 4
    pieces = caller.stream(ASKED)
    while next(pieces) != " five":
        pass
    pieces.close()
    assert json.loads((tmp_path / BUDGET_FILE).read_text())["tokens"] == 2 * after_one


def test_notices_are_for_readers() -> None:
    """Each is one sentence in plain words."""
    for notice in (AWAY, LATE, SILENT, BROKEN, ENDLESS, SPENT):
        assert re.fullmatch(r"[A-Z][\w', ;]+\.", notice)
