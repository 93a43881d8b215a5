"""A real server on loopback that plays the provider of a language model, well or badly, as it is told.

It speaks as OpenAI's, Ollama's and Anthropic's servers do, by the path that is asked for:

    with Provider() as provider:
        provider.play(say("Five days."), status(429, headers={"Retry-After": "1"}), say("Fi", then=hang))
        ...  # whatever calls provider.url; each request gets the next of these
        provider.requests[0].body["messages"]
"""

import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

PROMPT_TOKENS, COMPLETION_TOKENS = 120, 34
"""What it says that every answer took and gave."""


@dataclass(slots=True)
class Asked:
    """A request: `headers` by lower-case name, the `text` of its body, and when it came and its client went."""

    path: str
    headers: dict[str, str]
    text: str
    came: float = field(default_factory=time.monotonic)
    gone: threading.Event = field(default_factory=threading.Event)
    went: float = 0.0

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


class Line:
    """The connection of one request, as an act uses it."""

    def __init__(self, handler: BaseHTTPRequestHandler, asked: Asked, closing: threading.Event) -> None:
        self._handler, self._asked, self._closing = handler, asked, closing
        self._open = False
        self.frames = next(frames for path, frames in FRAMES.items() if asked.path.endswith(path))

    def send(self, content: bytes) -> None:
        """Bytes of a streamed answer, after its head."""
        if not self._open:
            self.head(200, {"Content-Type": self.frames.kind, "Transfer-Encoding": "chunked"})
            self._open = True
            self.send(self.frames.begin())
        if content:
            self._handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self._handler.wfile.flush()

    def head(self, code: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(code)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def whole(self, code: int, content: bytes, headers: Mapping[str, str]) -> None:
        """An answer that is no stream."""
        self.head(code, {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers})
        self._handler.wfile.write(content)

    def pour(self, content: bytes) -> None:
        """Bytes of an answer that is no stream, after its head."""
        self._handler.wfile.write(content)

    def word(self, text: str) -> None:
        self.send(self.frames.word(text))

    def finish(self) -> None:
        """All of an answer's end but its last mark."""
        self.send(self.frames.finish())

    def end(self) -> None:
        self.finish()
        self.send(self.frames.last())
        self._handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close the socket, within the answer."""
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def is_watched(self) -> bool:
        """Whether the client is still there, after a short while."""
        readable, _, _ = select.select([self._handler.connection], [], [], 0.01)
        if self._closing.is_set():
            return False
        try:
            return not readable or bool(self._handler.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False


Act = Callable[[Line], None]
"""What is done with one request."""


def say(text: str, then: Act = Line.end) -> Act:
    """A stream of these words, a piece each, then its end or something else."""

    def act(line: Line) -> None:
        line.send(b"")
        for number, word in enumerate(text.split()):
            line.word(f" {word}" if number else word)
        then(line)

    return act


def hang(line: Line) -> None:
    """Nothing more, until the client goes."""
    while line.is_watched():
        pass


def silent(line: Line) -> None:
    """Not even the head of an answer."""
    hang(line)


def endless(line: Line) -> None:
    """Words without end."""
    while line.is_watched():
        line.word(" and so on" * 20)


def thinking(line: Line) -> None:
    """Pieces without a word, without end."""
    while line.is_watched():
        line.word("")


def raw(content: bytes) -> Act:
    """These bytes within the stream, which then ends as it should."""

    def act(line: Line) -> None:
        line.send(content)
        line.end()

    return act


def finished(then: Act) -> Act:
    """An answer's end, and something else in place of its last mark."""

    def act(line: Line) -> None:
        line.finish()
        then(line)

    return act


def status(code: int, body: str = '{"error": {"message": "no"}}', headers: Mapping[str, str] | None = None) -> Act:
    """An answer with this status."""
    return lambda line: line.whole(code, body.encode(), headers or {})


def flood(code: int) -> Act:
    """An answer with this status and a body of one line without an end."""

    def act(line: Line) -> None:
        line.head(code, {"Content-Type": "text/event-stream"})
        while line.is_watched():
            line.pour(b"x" * 1_000_000)

    return act


def redirect(address: str, code: int = 307) -> Act:
    """Sends the client elsewhere."""
    return status(code, "", {"Location": address})


class Provider:
    """The server. A request for which nothing is left to play gets the status 500."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self._acts: deque[Act] = deque()
        self._closing = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10  # a client that connects and says nothing does not keep the server from its end

            def do_POST(self) -> None:
                provider._answer(self)

            def do_GET(self) -> None:
                provider._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # whoever closes it waits until each act has ended
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        """Its address for Ollama's and Anthropic's clients."""
        self.url = f"{self.root}/v1"
        """Its address for OpenAI's."""

    def __enter__(self) -> "Provider":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def play(self, *acts: Act) -> None:
        """What the next requests get, one each."""
        self._acts.extend(acts)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        text = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        asked = Asked(handler.path, {name.lower(): value for name, value in handler.headers.items()}, text)
        self.requests.append(asked)
        handler.close_connection = True
        act = self._acts.popleft() if self._acts else status(500, "nothing is left to play")
        try:
            act(Line(handler, asked, self._closing))
        except OSError:
            pass  # the client went while it was written to
        finally:
            asked.went = time.monotonic()
            asked.gone.set()


class OpenAI:
    """Server-sent events, closed by [DONE]."""

    kind = "text/event-stream"

    def begin(self) -> bytes:
        return b""

    def word(self, text: str) -> bytes:
        return self._event([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}])

    def finish(self) -> bytes:
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}
        end = self._event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        return end + self._event([], usage={**usage, "total_tokens": sum(usage.values())})

    def last(self) -> bytes:
        return b"data: [DONE]\n\n"

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        said = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices, **more}
        return f"data: {json.dumps(said)}\n\n".encode()


class Ollama:
    """A JSON document a line."""

    kind = "application/x-ndjson"

    def begin(self) -> bytes:
        return b""

    def word(self, text: str) -> bytes:
        return self._line(message={"role": "assistant", "content": text}, done=False)

    def finish(self) -> bytes:
        counts = {"prompt_eval_count": PROMPT_TOKENS, "eval_count": COMPLETION_TOKENS}
        return self._line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", **counts)

    def last(self) -> bytes:
        return b""

    def _line(self, **said: Any) -> bytes:
        return json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z", **said}).encode() + b"\n"


class Anthropic:
    """Named server-sent events."""

    kind = "text/event-stream"

    def begin(self) -> bytes:
        usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}
        message = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
        block = {"type": "text", "text": ""}
        return self._event("message_start", message={**message, "stop_reason": None, "stop_sequence": None}) + (
            self._event("content_block_start", index=0, content_block=block)
        )

    def word(self, text: str) -> bytes:
        return self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def finish(self) -> bytes:
        stopped = {"stop_reason": "end_turn", "stop_sequence": None}
        usage = {"output_tokens": COMPLETION_TOKENS}
        end = self._event("content_block_stop", index=0)
        return end + self._event("message_delta", delta=stopped, usage=usage)

    def last(self) -> bytes:
        return self._event("message_stop")

    def _event(self, kind: str, **said: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **said})}\n\n".encode()


FRAMES: dict[str, OpenAI | Ollama | Anthropic] = {
    "/chat/completions": OpenAI(),
    "/api/chat": Ollama(),
    "/messages": Anthropic(),
    "": OpenAI(),
}
