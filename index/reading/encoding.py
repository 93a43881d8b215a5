"""Bytes become text."""

from article_assistant.index.types import ArticleError


def decode(data: bytes) -> str:
    """Text from bytes: UTF-8 or UTF-16 by their marks, UTF-8 without one, else Windows-1252.

    Raises ArticleError where the bytes are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    elif b"\0" in data:
        raise ArticleError("the file is not text")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = data.decode("windows-1252")
            except UnicodeDecodeError as error:
                raise ArticleError("the file is neither UTF-8 nor Windows-1252 text; save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
