"""Text in pictures, read by Tesseract where it is installed."""

import ctypes
import io
import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from typing import Any

from article_assistant.index.reading.lines import joined
from article_assistant.index.reading.page import Page, TextBuilder
from article_assistant.index.types import ArticleError


@cache
def installed() -> bool:
    """Whether there is a Tesseract to ask."""
    return shutil.which("tesseract") is not None


def why_unread(what: str, languages: str) -> str:
    """Why the text of a picture was not read, and what to do."""
    if not languages:
        return f"{what}, and text recognition is off; set ASSISTANT_OCR to languages of Tesseract, like eng"
    if not installed():
        return f"{what}, and Tesseract, which could read it, is not installed"
    return f"{what}, in which Tesseract recognised no text"


def recognised(picture: Any, languages: str) -> str:
    """The text of a picture (`PIL.Image`), paragraphs apart by an empty line.

    `languages` are Tesseract's: `eng`, or `deu+eng`. Raises ArticleError where it cannot read with them.
    """
    out = io.BytesIO()
    picture.save(out, "PNG")
    try:
        done = subprocess.run(  # noqa: S603 - its arguments are ours
            ["tesseract", "stdin", "stdout", "-l", languages],  # noqa: S607 - where it is differs by system
            input=out.getvalue(),
            capture_output=True,
            check=False,
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
            preexec_fn=_ends_with_us if sys.platform == "linux" else None,
        )
    except OSError as error:
        raise ArticleError(f"Tesseract cannot be started ({error.strerror})") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ArticleError(f"Tesseract could not read it ({said[-1][:120] if said else done.returncode})")
    return done.stdout.decode("utf-8", "replace").replace("\f", "").strip()


def _ends_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: who parses may be killed by its clock


def picture_page(data: bytes, languages: str = "") -> Page:
    """The text in a picture; of one with several frames, in each, as its pages."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(data)) as picture:
        if not languages or not installed():
            raise ArticleError(why_unread("it is a picture", languages))
        texts = [recognised(frame.convert("L"), languages) for frame in ImageSequence.Iterator(picture)]
    builder, starts = TextBuilder(), []
    for number, text in enumerate(texts, 1):
        written = len(builder.text())
        for part in text.split("\n\n"):
            builder.paragraph(joined(part.split("\n")))
        starts.append((min(written + 2, len(builder.text())) if written else 0, number))
    if not builder.text():
        raise ArticleError(why_unread("it is a picture", languages))
    return Page(None, builder.text(), None, pages=tuple(starts) if len(texts) > 1 else ())
