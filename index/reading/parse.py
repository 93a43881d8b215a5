"""Files become pages in a process of their own, so that a crafted file costs one article and not the run.

A few kilobytes can keep a parser busy for hours, fill all memory, or crash it. A child that has a clock, a
limit of memory and nothing to lose bears that. It is no sandbox: code that takes a parser over can do all
that the user can.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import lxml.etree
from article_assistant.index.reading import files
from article_assistant.index.reading.page import Page
from article_assistant.index.types import ArticleError, SourceError

SECONDS = 60.0
"""Time by the clock that parsing a file may take: about 400 pages of a PDF on one slow core."""
MEMORY = 1_000_000_000
"""Bytes of address space that parsing a file may take on top of the child's own, which are 110 MB."""
MEMORY_FOR_EACH_BYTE = 20
"""What a file may take on top for each of its bytes: an honest page of 44 MB takes 12, Markdown 37."""
SMALL = 16_000
"""Bytes of text or Markdown that are parsed without a child; the worst that was found takes 1.2 s."""
GROWN = 250_000_000
"""Bytes by which a child may grow for good; one that kept more is replaced."""

SHORT_OF_MEMORY = 0.25
"""Share of the memory allowed that a child which aborts has taken where it does for want of more.

It may have asked for twice as much as it had, and for that to be beside it.
"""

_TEXT = {".md", ".markdown", ".txt"}
_RAN_OUT = 77
"""The child's exit status when memory ran out; to say more could take memory."""
_CHILD = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from article_assistant.index.reading.parse import _serve; _serve(int(sys.argv[1]))"
)


class Parser:
    """Reads files like `index.reading.files.read_page`, with at most `seconds` and about `memory` bytes for each.

    Text in pictures is recognised where `languages` of Tesseract are named, like `eng` or `deu+eng`.

    A child starts with the first file that wants one and stays for the next: a start takes 0.2 s of a core
    (0.1 s more with the first PDF), a file 1 ms more than without a child. It ends with the context, and
    with the process or thread that started it, however that ends. The limit of memory, and the end while
    it parses, need Linux. One file at a time: who wants to parse several at once takes several of these.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, languages: str = "") -> None:
        self.seconds = seconds
        self.memory = memory
        self.languages = languages
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it does; the next file gets another."""
        child, self._child = self._child, None
        if child:
            child.kill()
            with suppress(BrokenPipeError), child:  # closes its pipes and waits for its end
                pass

    def read(self, path: Path, data: bytes) -> Page:
        """The page that `data`, the content of the file `path`, holds.

        Raises ArticleError, whose text is the reason, also where parsing took too long or too much memory, or
        crashed; SourceError where no child can be started, which is no fault of the file.
        """
        if path.suffix.lower() in _TEXT and len(data) <= SMALL:
            return files.read_page(path, data)
        answer = self._ask(path, data)
        if "reason" in answer:
            raise ArticleError(answer["reason"])
        pages = tuple((start, number) for start, number in answer["page"]["pages"])
        lists = {name: tuple(answer["page"][name]) for name in ("anchors", "categories")}
        return Page(**answer["page"] | lists | {"pages": pages})

    def _ask(self, path: Path, data: bytes) -> dict[str, Any]:
        if self._child and self._child.poll() is not None:
            self.close()  # it ended between two files, which is not the fault of this one
        child = self._child = self._child or _start()
        assert child.stdin
        assert child.stdout
        memory = self.memory + MEMORY_FOR_EACH_BYTE * len(data)
        question = {"name": path.name, "bytes": len(data), "memory": memory, "grown": GROWN}
        question["languages"] = self.languages
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            child.kill()

        # A timer, not a wait for the answer: the child may hang before it has taken the whole question.
        timer = threading.Timer(self.seconds, expire)
        timer.daemon = True
        line = b""
        try:
            timer.start()  # in here, as a Ctrl-C may come while it starts: it would keep the process for its time
            with suppress(BrokenPipeError):
                child.stdin.write(json.dumps(question).encode() + b"\n")
                child.stdin.write(data)
                child.stdin.flush()
                line = child.stdout.readline()
            if not line.endswith(b"\n"):
                child.wait()
        finally:  # also at a Ctrl-C: the next line would be the answer to an earlier question
            timer.cancel()
            if timer.is_alive():
                timer.join()
            if expired.is_set() or not line.endswith(b"\n"):
                self.close()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            if answer["last"]:
                self.close()
            return answer
        if expired.is_set():
            raise ArticleError(f"parsing took more than {self.seconds:g} s, the most that is allowed")
        if child.returncode == _RAN_OUT:
            raise ArticleError(f"parsing took more than {self.memory / 1e9:g} GB of memory, the most that is allowed")
        signals = {-number.value: number.name for number in signal.Signals}
        raise ArticleError(f"the parser died ({signals.get(child.returncode, f'exit status {child.returncode}')})")


def _start() -> subprocess.Popen[bytes]:
    """A child that is ready: a fresh interpreter, for a fork would copy threads' locks and open files.

    It has a session of its own, where no Ctrl-C comes, and no descriptor but its pipes: with that of the
    library's writer lock it would hold the lock. It imports what we would import, with our `sys.path`: the
    current folder may be the articles'.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-c", _CHILD, str(os.getpid()), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # numpy comes along, and would start a thread a core
            start_new_session=True,
        )
    except OSError as error:
        raise SourceError(f"no process can be started to parse files in ({error.strerror}); try again") from error
    assert child.stdout
    if child.stdout.readline() != b"ready\n":
        with suppress(BrokenPipeError), child:
            child.kill()
        raise SourceError("the process that parses files ended at its start; is memory short, or a package missing?")
    return child


def _serve(parent: int) -> None:
    """What the child does: answer questions, a line of JSON each, until there are no more."""
    if sys.platform == "linux":
        import ctypes

        # PR_SET_PDEATHSIG: while it parses, it would not notice that its pipe has ended.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a parser prints is no answer
    answers.write(b"ready\n")
    answers.flush()
    began = _size()
    kept = _tell_want_of_memory(began)  # noqa: F841 - a handler must live as long as it may be called
    try:
        for line in iter(sys.stdin.buffer.readline, b""):
            question = json.loads(line)
            _limit(_size() + question["memory"])
            data = sys.stdin.buffer.read(question["bytes"])
            answer = _answer(Path(question["name"]), data, question["languages"])
            answers.write(json.dumps(answer | {"last": _size() > began + question["grown"]}).encode() + b"\n")
            answers.flush()
    except MemoryError:
        os._exit(_RAN_OUT)


def _tell_want_of_memory(began: int) -> object:
    """Have an abort for want of memory told as such: PDFium does not return when it gets none, it aborts.

    `began` are the bytes of address space that the process had taken then.
    What called abort waits in C while this runs, so it may look around, and let the abort go on.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    def look(_: int) -> None:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY and _size() - began > SHORT_OF_MEMORY * (limit - began):
            os._exit(_RAN_OUT)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(look)
    ctypes.CDLL(None).signal(signal.SIGABRT, handler)
    return handler


def _answer(path: Path, data: bytes, languages: str) -> dict[str, Any]:
    try:
        page = files.read_page(path, data, languages)
    except ArticleError as error:
        if _is_memory(error):
            raise MemoryError from error
        return {"reason": str(error)}
    return {"page": asdict(page)}


def _is_memory(error: object) -> bool:
    """Whether an error comes from one about memory; each parser has its own way to say that."""
    if isinstance(error, MemoryError) or getattr(error, "code", None) == lxml.etree.ErrorTypes.ERR_NO_MEMORY:
        return True
    return isinstance(error, BaseException) and any(map(_is_memory, (*error.args, error.__cause__, error.__context__)))


def _size() -> int:
    """Bytes of address space that this process takes; 0 where there is no Linux to say."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _limit(most: int) -> None:
    """From now on, this process gets no more than `most` bytes of address space."""
    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
