"""`web.ask` and `web.completions`: programs get the page's answers in both forms; whoever leaves ends the work."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import article_assistant
import httpx
import openai
import pytest
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.types import LibraryError
from article_assistant.memory import MEMORY_FILE as MEMORY
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings
from article_assistant.types import Event, Found, Ready, Sentence, User, Waiting, Words
from article_assistant.web import completions, keys, replies
from article_assistant.web import page as ui
from article_assistant.web import queue as asking
from article_assistant.web import server as api
from article_assistant.web.completions import MODEL_ID
from article_assistant.web.conversations import ANYONE
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.llms.openai_like import OpenAILike

from tests import parts
from tests import served as web
from tests.parts import SEEDS, update

PAGE = (Path(__file__).parents[2] / "docs" / "programs.md").read_text(encoding="utf-8")
ASSAILANTS = "How many assailants were captured?"
NOWHERE = "What is the melting point of tungsten?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The whole assistant over the sample articles; its memory lies in the home that is served."""
    home = tmp_path_factory.mktemp("home")
    index = Index.open(home, embed.load())
    update(index, SEEDS)
    with article_assistant.open(Settings(home=home), index=index) as opened:
        yield opened
    index.close()


@pytest.fixture(scope="module")
def served(assistant: Assistant) -> Iterator[web.Served]:
    running = web.Served(assistant, home=assistant.index.library.home, password="correct horse")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(served: web.Served) -> str:
    """A key that is made while the server runs."""
    return keys.issue(home_of(served), "bot")


@pytest.fixture
def program(served: web.Served, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {key}"}, timeout=60) as one:
        yield one


def home_of(served: web.Served) -> Path:
    return served._settings.home


def events(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, each its name and its data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if lines:
            found.append((lines.get("event", ""), lines["data"]))
    return [(name, json.loads(data) if data != "[DONE]" else data) for name, data in found]


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "seconds"}


def asked(question: str, *before: tuple[str, str]) -> list[Any]:
    """The messages of a chat: earlier questions with their answers, and the one that is asked."""
    messages = [{"role": "system", "content": "You are a pirate."}]
    for earlier, answer in before:
        messages += [{"role": "user", "content": earlier}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": question}]


@dataclass
class Waits:
    """An assistant that searches, then waits for ever for its writer, and tells when it was ended."""

    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    silent: float = 0.2

    def ask(self, _question: str, _user: User, *_: Any, **_more: Any) -> Iterator[Event]:
        try:
            yield Found(())
            self.begun.set()
            while True:
                time.sleep(self.silent)
                yield Waiting()
        finally:
            self.ended.set()

    def forget(self, user: User, conversation: str) -> None: ...


@dataclass
class Plays:
    """An assistant that yields the same events for every question."""

    events: list[Event]

    def ask(self, _question: str, _user: User, *_: Any, **_more: Any) -> Iterator[Event]:
        yield from self.events

    def forget(self, user: User, conversation: str) -> None: ...


# ---------------------------------------------------------------- /v1/ask


@pytest.mark.parametrize("question", [ASSAILANTS, NOWHERE, "Who approves a trip, and what does the red light mean?"])
def test_an_answer_is_that_of_every_door(program: httpx.Client, assistant: Assistant, question: str) -> None:
    """The JSON is `Answer.as_json()`, as the assistant itself answers somebody with the key's groups."""
    response = program.post("/v1/ask", json={"question": f"  {question} "})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    expected = assistant.answer(question, ANYONE).as_json()
    assert without_times(response.json()) == json.loads(json.dumps(without_times(expected)))


@pytest.mark.parametrize("question", [ASSAILANTS, NOWHERE])
def test_a_stream_tells_the_same_step_by_step(program: httpx.Client, question: str) -> None:
    """`found` comes first and `answer` last; words put together, and the citations, are those of the answer."""
    whole = program.post("/v1/ask", json={"question": question}).json()
    response = program.post("/v1/ask", json={"question": question, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert found[0] == ("found", {"count": 10})
    assert found[-1][0] == "answer"
    assert without_times(found[-1][1]) == without_times(whole)
    if whole["answered"]:
        assert "".join(data["text"] for name, data in found if name == "words") == whole["answer"]
        assert [data for name, data in found if name == "citation"] == whole["citations"]
    accepts = program.post("/v1/ask", json={"question": question}, headers={"accept": "text/event-stream"})
    assert [name for name, _ in events(accepts.text)] == [name for name, _ in found]


def test_a_conversation_goes_on_and_belongs_to_its_key(served: web.Served, program: httpx.Client) -> None:
    """Under a name questions follow one another; the same name of another key is another conversation."""
    first = {"question": "How long is the test tank?", "conversation": "c1"}
    follow = {"question": "When was it built?", "conversation": "c1"}
    assert program.post("/v1/ask", json=first).status_code == 200
    other = keys.issue(home_of(served), "other")
    alone = httpx.post(f"{served.url}/v1/ask", json=follow, headers={"authorization": f"Bearer {other}"}, timeout=60)
    assert alone.json()["standalone"] == "When was it built?"
    assert program.post("/v1/ask", json=follow).json()["standalone"].startswith("When was it built (test tank")


def test_a_removed_key_is_refused_at_once(served: web.Served) -> None:
    """What `assistant key remove` takes away opens nothing from then on."""
    secret = keys.issue(home_of(served), "short-lived")
    headers = {"authorization": f"Bearer {secret}"}
    assert httpx.get(f"{served.url}/v1/models", headers=headers, timeout=60).status_code == 200
    keys.revoke(home_of(served), "short-lived")
    assert httpx.get(f"{served.url}/v1/models", headers=headers, timeout=60).status_code == 401


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"\xff", 400), (b'{"question": "\\ud800"}', 400), (b"[" * 5000, 400),
        (b"[]", 422), (b"3", 422), (b"null", 422), (b"{}", 422), (b'{"question": null}', 422),
        (b'{"question": "?", "conversation": 3, "model": "articles"}', 422),
        (b'{"question": " ", "model": "articles", "messages": [{"role": "user", "content": "\\n"}]}', 422),
        (b'{"question": "%s", "model": "articles", "messages": [{"role": "user", "content": "%s"}]}'
         % (b"x" * 2001, b"x" * 2001), 422),
        (b'{"model": "articles", "messages": []}', 422),
        (b'{"model": "articles", "messages": [{"role": "assistant", "content": "a"}]}', 422),
        (b'{"model": "articles", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', 422),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told_in_a_sentence(
    program: httpx.Client, path: str, body: bytes, status: int
) -> None:
    """No JSON is 400, what is missing or too long in it 422, each with one plain line and none of our insides."""
    response = program.post(path, content=body)
    assert response.status_code == status
    told = response.json()["error"]
    assert told["type"] == "invalid_request_error"
    assert 5 < len(told["message"]) < 200
    assert "\n" not in told["message"]
    assert not re.search(r"pydantic|Traceback|File", response.text)


def test_a_question_may_have_as_many_characters_as_on_the_page(program: httpx.Client) -> None:
    """The longest question is answered, and it is the page's longest."""
    longest = ("Who approves a trip? " * 200)[: asking.MAX_QUESTION - 1] + "?"
    assert program.post("/v1/ask", json={"question": longest}).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": "Why?"}),
        ("/v1/chat/completions", {"model": MODEL_ID, "messages": asked("Why?")}),
    ],
)
def test_what_goes_wrong_inside_stays_inside(
    path: str, body: dict[str, Any], stream: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An error while answering is one plain sentence, also in the middle of a stream; its reason is in the log."""
    steps = (LibraryError("the secret library"), ValueError("the secret reason"))
    running = web.Served(web.scripted(*steps), home=tmp_path)
    try:
        for status, kind in ((503, "server_error"), (500, "server_error")):
            response = httpx.post(f"{running.url}{path}", json={**body, "stream": stream}, timeout=60)
            assert "secret" not in response.text
            if stream:
                name, data = events(response.text)[-1]
                assert (name, data["error"]["type"]) == ("error", kind)
                assert "[DONE]" not in response.text
            else:
                assert (response.status_code, response.json()["error"]["type"]) == (status, kind)
    finally:
        running.stop()
    assert "the secret reason" in caplog.text
    assert "the secret library" in caplog.text


# ---------------------------------------------------------------- time, places and leaving


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": "Why?"}),
        ("/v1/ask", {"question": "Why?", "stream": True}),
        ("/v1/chat/completions", {"model": MODEL_ID, "messages": asked("Why?")}),
        (
            "/v1/chat/completions",
            {"model": MODEL_ID, "messages": asked("Why?", ("Who?", "Me.")), "stream": True},
        ),
    ],
)
def test_who_leaves_ends_the_work(path: str, body: dict[str, Any], tmp_path: Path) -> None:
    """When the client goes away the question is ended, and its place is free."""
    waits = Waits()
    running = web.Served(waits, home=tmp_path)
    try:
        with httpx.Client(base_url=running.url, timeout=httpx.Timeout(60, read=0.5)) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.post(path, json=body)
            assert waits.begun.is_set()
        assert waits.ended.wait(60)
    finally:
        running.stop()


def test_nobody_is_kept_waiting_by_a_question(tmp_path: Path) -> None:
    """While a question blocks its thread the server answers others, and its stream has begun."""
    waits = Waits(silent=20)
    running = web.Served(waits, home=tmp_path)
    try:
        with httpx.stream(
            "POST", f"{running.url}/v1/ask", json={"question": "Why?", "stream": True}, timeout=60
        ) as stream:
            assert stream.status_code == 200
            assert waits.begun.wait(60)
            began = time.monotonic()
            assert httpx.get(f"{running.url}/v1/models", timeout=60).status_code == 200
            assert time.monotonic() - began < 18
    finally:
        running.stop()


def test_a_stream_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is new a comment comes, at least every 15 seconds, so that nobody takes the stream for dead."""
    assert replies.HEARTBEAT + asking.QUIET < 15
    monkeypatch.setattr(replies, "HEARTBEAT", 0.5)
    for waits in (Waits(), Waits(silent=60)):  # what waits tells so, or says nothing at all
        running = web.Served(waits, home=tmp_path)
        try:
            with httpx.stream(
                "POST", f"{running.url}/v1/ask", json={"question": "Why?", "stream": True}, timeout=60
            ) as stream:
                lines = stream.iter_lines()
                seen = [next(lines) for _ in range(9)]
            assert sum(line.startswith(":") for line in seen) >= 2
        finally:
            running.stop()


def test_too_many_at_once_are_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs have as many places as there are; one more waits, then gets 429 with Retry-After, until one is free."""
    monkeypatch.setattr(asking, "LATEST", 0.3)
    waits = Waits()
    running = web.Served(waits, home=tmp_path)
    try:
        with httpx.Client(base_url=running.url, timeout=60) as client:
            question = {"question": "Why?", "stream": True}
            held = [client.stream("POST", "/v1/ask", json=question) for _ in range(api.PROGRAMS_AT_ONCE)]
            for one in held:
                assert one.__enter__().status_code == 200
            refused = client.post("/v1/ask", json=question)
            assert (refused.status_code, refused.json()["error"]["type"]) == (429, "rate_limit_error")
            assert int(refused.headers["retry-after"]) > 0
            assert client.get("/v1/models").status_code == 200
            held.pop().__exit__(None, None, None)
            assert waits.ended.wait(60)
            time.sleep(0.3)
            with client.stream("POST", "/v1/ask", json=question) as again:
                assert again.status_code == 200
            for one in held:
                one.__exit__(None, None, None)
    finally:
        running.stop()
    assert ui.QUESTIONS_AT_ONCE > api.PROGRAMS_AT_ONCE


def test_who_takes_nothing_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question whose events nobody takes is ended after a while, also where nobody ever began to take them."""
    monkeypatch.setattr(asking, "STALLED", 0.3)
    ended = threading.Event()

    def talks() -> Iterator[Event]:
        try:
            while True:
                yield Waiting()
        finally:
            ended.set()

    async def never_taken() -> None:
        places = asking.Asking(1)
        await places.begin(talks)
        assert await asyncio.to_thread(ended.wait, 5)
        again = await places.begin(lambda: (one for one in list[Event]([web.good()])))
        assert [event async for event in again if event is not None] == [web.good()]

    parts.run(never_taken())


# ---------------------------------------------------------------- OpenAI's form


def test_the_official_client_reads_answers(served: web.Served, key: str, program: httpx.Client) -> None:
    """OpenAI's own client, waiting or streaming, at once or in turn, gets the text of /v1/ask and its citations."""
    whole = program.post("/v1/ask", json={"question": ASSAILANTS}).json()
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=key)
    completion = client.chat.completions.create(model=MODEL_ID, messages=asked(ASSAILANTS), temperature=2, seed=1)
    (choice,) = completion.choices
    assert (choice.message.role, choice.message.content) == ("assistant", whole["answer"])
    assert choice.finish_reason == "stop"
    assert completion.usage
    assert completion.usage.total_tokens == 0
    assert choice.message.annotations
    assert choice.message.content
    for annotation, citation in zip(choice.message.annotations, whole["citations"], strict=True):
        cited = annotation.url_citation
        assert choice.message.content[cited.start_index : cited.end_index] == f"[{citation['number']}]"
        assert cited.title == citation["title"]
        page = program.get(cited.url)
        assert page.url.host == "127.0.0.1"
    assert choice.message.model_extra
    assert choice.message.model_extra["citations"] == whole["citations"]

    chunks = list(client.chat.completions.create(
        model=MODEL_ID, messages=asked(ASSAILANTS), stream=True, stream_options={"include_usage": True}
    ))  # fmt: skip
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole["answer"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    last = chunks[-2].choices[0].delta.model_extra
    assert last
    assert last["citations"] == whole["citations"]
    assert [note["url_citation"]["start_index"] for note in last["annotations"]] == [
        note.url_citation.start_index for note in choice.message.annotations
    ]


def test_the_official_client_reads_answers_without_waiting(served: web.Served, key: str) -> None:
    """The asynchronous client gets answers and streams, several at once."""

    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=key) as client:
            made = await asyncio.gather(
                *(client.chat.completions.create(model=MODEL_ID, messages=asked(ASSAILANTS)) for _ in range(6))
            )
            assert {one.choices[0].message.content for one in made} == {"Seven. [1]"}
            stream = await client.chat.completions.create(model=MODEL_ID, messages=asked(ASSAILANTS), stream=True)
            text = [chunk.choices[0].delta.content or "" async for chunk in stream]
            assert "".join(text) == "Seven. [1]"

    parts.run(ask())


def test_the_official_client_understands_refusals(served: web.Served, key: str) -> None:
    """A question that the articles do not answer is an ordinary message; a wrong key or model is the client's error."""
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)
    refused = client.chat.completions.create(model=MODEL_ID, messages=asked(NOWHERE)).choices[0].message
    assert refused.content
    assert refused.annotations == []
    assert [model.id for model in client.models.list()] == [MODEL_ID]
    assert client.models.retrieve(MODEL_ID).id == MODEL_ID
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4'"):
        client.chat.completions.create(model="gpt-4", messages=asked(ASSAILANTS))
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{served.url}/v1", api_key=f"{key}x").models.list()
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model=MODEL_ID, messages=[])


def test_earlier_messages_are_taken_into_account_and_not_kept(served: web.Served, program: httpx.Client) -> None:
    """A follow-up is understood from the messages before it, several steps back, and no turn is left in the memory."""

    def stored() -> list[Any]:
        with closing(sqlite3.connect(home_of(served) / MEMORY)) as memory:
            return memory.execute("SELECT * FROM turn").fetchall()

    def ask(*messages: Any) -> str:
        body = {"model": MODEL_ID, "messages": list(messages)}
        return str(program.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"])

    first, second = ("What does Reach cost per station and month?", "£46. [1]"), ("And Delta?", "£98. [1]")
    before = stored()
    assert "98" not in ask(*asked("And Delta?"))
    assert "98" in ask(*asked("And Delta?", first))
    assert "19" in ask(*asked("And Brook?", first, second))
    pieces = [{"type": "text", "text": "And"}, {"type": "text", "text": "Delta?"}]
    assert "98" in ask(*asked("", first)[:-1], {"role": "user", "content": pieces})
    assert stored() == before


SENTENCES = [
    Sentence(0, "Logs fill disks. [1]\n"),
    Sentence(1, "They are rotated. [1][2] "),
    Sentence(2, "Nobody knows why. "),
]


@pytest.mark.parametrize("states", [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)])
def test_a_stream_holds_what_the_answer_holds(states: tuple[int, ...], tmp_path: Path) -> None:
    """With a writer, what is streamed is the message that is not streamed, whatever becomes of each sentence.

    No sentence is passed on before it was found to be supported, and each is as soon as it was.
    """
    offline = web.good()
    judged = [
        replace(one, state="supported" if held else "unsupported") for one, held in zip(SENTENCES, states, strict=True)
    ]
    text = "".join(one.text for one in judged if one.state == "supported").strip()
    last = replace(offline, answer=text, mode="generative", sentences=tuple(judged)) if text else offline
    last = replace(last, usage={"passages": 8, "prompt_tokens": 700, "completion_tokens": 30})
    played: list[Event] = [Found(()), Words("Logs are now rotated "), Words("every night. [1]"), *offline.citations]
    played.append(Ready(offline))
    for one, after in zip(SENTENCES, judged, strict=True):
        played += [replace(one, text=one.text[:5]), one, Waiting(), after]
    running = web.Served(Plays([*played, last]), home=tmp_path)
    try:
        body = {"model": MODEL_ID, "messages": asked("Why?"), "stream_options": {"include_usage": True}}
        whole = httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=60).json()
        stream = httpx.post(f"{running.url}/v1/chat/completions", json={**body, "stream": True}, timeout=60).text
        ours = events(httpx.post(f"{running.url}/v1/ask", json={"question": "Why?", "stream": True}, timeout=60).text)
    finally:
        running.stop()
    chunks = [data for _, data in events(stream)]
    assert chunks.pop() == "[DONE]"
    assert chunks[-1]["usage"] == whole["usage"] == {"prompt_tokens": 700, "completion_tokens": 30, "total_tokens": 730}
    said = [chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"]]
    assert "".join(said) == whole["choices"][0]["message"]["content"] == last.answer
    assert len([piece for piece in said if piece]) == max(sum(states), 1)
    names = [name for name, _ in ours]
    assert names == ["found", "words", "words", "citation", "ready", *["sentence"] * 9, "answer"]
    assert [data["state"] for name, data in ours if name == "sentence"][2::3] == [one.state for one in judged]
    assert ours[4][1]["answer"] == offline.answer


# ---------------------------------------------------------------- other clients, and the documentation


def test_another_client_reads_answers(served: web.Served, key: str) -> None:
    """The client of huggingface_hub, which speaks HTTP by itself, gets answers and streams, waiting or not."""
    program = f"""
import asyncio
from huggingface_hub import AsyncInferenceClient, InferenceClient
asked = {asked(ASSAILANTS)!r}
here = dict(base_url={served.url + "/v1"!r}, api_key={key!r})
client = InferenceClient(**here)
print(client.chat.completions.create(model="articles", messages=asked).choices[0].message.content)
print("".join(c.choices[0].delta.content or "" for c in client.chat_completion(asked, model="articles", stream=True)))
async def later():
    async with AsyncInferenceClient(**here) as client:
        print((await client.chat_completion(asked, model="articles")).choices[0].message.content)
        stream = await client.chat_completion(asked, model="articles", stream=True)
        print("".join([c.choices[0].delta.content or "" async for c in stream]))
asyncio.run(later())
"""
    # The page tells this package, in its own process, to stay off the network.
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=env)
    assert ran.stdout.splitlines() == ["Seven. [1]"] * 4, ran.stderr


def test_llama_index_reads_answers(served: web.Served, key: str) -> None:
    """As an LLM of llama-index the articles answer a chat, waiting or streaming."""
    llm = OpenAILike(model=MODEL_ID, api_base=f"{served.url}/v1", api_key=key, is_chat_model=True)
    messages = [ChatMessage(role=MessageRole.USER, content=ASSAILANTS)]
    assert llm.chat(messages).message.content == "Seven. [1]"
    assert "".join(piece.delta or "" for piece in llm.stream_chat(messages)) == "Seven. [1]"
    assert str(llm.complete(ASSAILANTS)) == "Seven. [1]"


def test_the_lines_of_the_page_do_what_it_says(served: web.Served, tmp_path: Path) -> None:
    """Each shell line of the page "For programs" runs as it stands, but for the port, and brings an answer."""
    shell = [block for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if "curl" in block]
    lines = "".join(shell).strip().splitlines()
    assert lines[0] == "KEY=$(assistant key new wiki-bot)"
    assert len(lines) == 5
    script = "\n".join(["set -e", lines[0], *(f"{line} -sS -w '\\n===\\n'" for line in lines[1:])])
    script = script.replace("http://127.0.0.1:7860", served.url) + '\necho "$KEY"'
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "ASSISTANT_HOME": str(home_of(served))}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    asked_, streamed, completed, models, key = [part.strip() for part in ran.stdout.split("===\n")]
    assert json.loads(asked_)["answer"] == "Seven. [1]"
    stream = events(streamed)
    assert (stream[0][0], stream[-1][0]) == ("found", "answer")
    assert stream[-1][1]["answer"] == json.loads(completed)["choices"][0]["message"]["content"]
    assert json.loads(models)["data"][0]["id"] == MODEL_ID

    (python,) = re.findall(r"```python\n(from openai.*?)```", PAGE, re.DOTALL)
    python = f"KEY = {key!r}\n" + python.replace("http://127.0.0.1:7860", served.url)
    ran = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == stream[-1][1]["answer"], ran.stderr


def test_an_answer_has_marks_for_its_citations_only() -> None:
    """A number in brackets that is no citation of the answer, as a quote may hold one, is no annotation."""
    answer = replace(web.good(), answer="Page [12] says so. [1]")
    notes = completions.Completion("http://here").whole(answer)["choices"][0]["message"]["annotations"]
    assert [(note["url_citation"]["start_index"], note["url_citation"]["end_index"]) for note in notes] == [(19, 22)]
    assert notes[0]["url_citation"]["url"].startswith("http://here/article/ops/incident.md?start=")
    wiki = replace(answer.citations[0], url="https://wiki.example.org/Logs")
    found = completions.Completion("http://here").whole(replace(answer, citations=(wiki,)))
    assert found["choices"][0]["message"]["annotations"][0]["url_citation"]["url"] == wiki.url
