"""Bytes become text."""

import re
from dataclasses import dataclass

from article_assistant.index.types import ArticleError

SAMPLE = 100_000
"""Bytes that the encoding of a file is told from."""
FEWEST = 8
"""Bytes beyond ASCII from which on more than Windows-1252 is thought of."""
COHERENT = 0.4
"""From which coherence on (0 to 1: how much the letters come as often as in a language) a guess needs no notice."""

_CHARSET = re.compile(rb"""<(?:meta[^>]*?charset|\?xml[^>]*?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_NUMBERED = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,9})|([0-9]{1,9}));?")


@dataclass(frozen=True, slots=True)
class Decoding:
    """A text, and a notice where its encoding is a guess."""

    text: str
    notice: str = ""


def decode(data: bytes) -> str:
    """Text from bytes; see `decoded`."""
    return decoded(data).text


def decoded(data: bytes) -> Decoding:
    """Text from bytes: UTF-8 or UTF-16 by their marks, UTF-8 without one, else what charset-normalizer finds.

    Few bytes beyond ASCII, and what may as well be Windows-1252, are that. Raises ArticleError where the bytes are no
    text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Decoding(_newlines(data.decode("utf-16")))
    if b"\0" in data:
        raise ArticleError("the file is not text")
    try:
        return Decoding(_newlines(data.decode("utf-8-sig")))
    except UnicodeDecodeError:
        encoding, notice = _guess(data)
    try:
        return Decoding(_newlines(data.decode(encoding)), notice)
    except UnicodeDecodeError as error:
        raise ArticleError(f"the file is neither UTF-8 nor {encoding} text; save it as UTF-8") from error


def utf8_of(data: bytes) -> bytes:
    """An HTML page in UTF-8: from what it declares, else from what its bytes are."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = declared[1].decode("ascii").lower()
        if name not in {"utf-8", "utf8"}:
            try:
                return data.decode("windows-1252" if name in {"iso-8859-1", "latin1"} else name).encode()
            except (LookupError, UnicodeDecodeError):
                pass  # a page may declare what it is not
    try:
        data.decode("utf-8")
        return data.removeprefix(b"\xef\xbb\xbf")
    except UnicodeDecodeError:
        return decode(data).encode()


def _guess(data: bytes) -> tuple[str, str]:
    """The encoding that the bytes are most likely in, and a notice where that is not sure."""
    usual = "Windows-1252"
    if sum(byte > 127 for byte in data[:SAMPLE]) < FEWEST:
        return usual, ""
    from charset_normalizer import from_bytes

    found = from_bytes(data[:SAMPLE])
    best = found.best()
    if best is None or "cp1252" in best.could_be_from_charset:
        return usual, ""
    if best.multi_byte_usage or best.coherence >= COHERENT:
        return best.encoding, ""
    return best.encoding, f"its encoding is a guess: {best.encoding}, {best.coherence:.0%} sure; save it as UTF-8"


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def without_controls(data: bytes) -> bytes:
    """UTF-8 of a page with a space for each character that lxml gives but does not take, as itself or by number.

    >>> without_controls(b"a\x1fb&#31;c&#x1F;d&#39;")
    b'a b c d&#39;'
    """
    return _NUMBERED.sub(_without_control, _CONTROLS.sub(b" ", data))


def _without_control(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] else int(found[2])
    controls = number < 32 and number not in (9, 10, 13)
    return b" " if controls or 0xD800 <= number < 0xE000 or number in (0xFFFE, 0xFFFF) else found[0]
