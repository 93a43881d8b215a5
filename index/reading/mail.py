"""A saved mail: who wrote to whom and when, and what; attachments are named."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.page import Page, TextBuilder, squeeze
from article_assistant.index.reading.text import text_page
from article_assistant.index.types import ArticleError

ENCLOSED_DEEPEST = 5
"""Mails inside one another that are read."""
_OWN = ("From", "Subject", "Date")
_NAMES = ("From", "To", "Cc", "Date")
_ONE_OF = ("multipart/alternative", "multipart/related")
_TEXTS = ("text/plain", "text/html")


def mail_page(data: bytes) -> Page:
    """A mail, its plain text where it has one, and what is written between and behind its attachments.

    Raises ArticleError where the file is none.
    """
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    if not any(name in mail for name in _OWN):
        raise ArticleError("the file is no mail")
    return _written(mail, 1)


def _written(mail: EmailMessage, level: int) -> Page:
    """A mail with the mails that it encloses, each under its subject as a heading of a level."""
    builder = TextBuilder()
    subject = squeeze(str(mail.get("Subject", "")))
    builder.heading(level, subject)
    builder.row(_NAMES, [squeeze(str(mail.get(name, ""))) for name in _NAMES])
    shown = list(_legible(mail))
    texts = [builder.text(), *(_wording(part) for part in shown)]
    parts = list(_pieces_of(mail))
    enclosed = [part.get_payload() for part in parts if part.get_content_maintype() == "message"]
    for inner in (one[0] for one in enclosed if isinstance(one, list) and one and level < ENCLOSED_DEEPEST):
        if isinstance(inner, EmailMessage) and any(name in inner for name in _OWN):  # a report of delivery has none
            texts.append(_written(inner, level + 1).text)
    files = [squeeze(name) for part in parts if part not in shown and (name := part.get_filename())]
    if files:
        texts.append(f"Attachments: {', '.join(files)}")
    return Page(subject or None, "\n\n".join(text for text in texts if text.strip()), _day(mail))


def _pieces_of(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that are no containers, in order; those of an enclosed mail are its own."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        yield part
        return
    for one in part.iter_parts():
        yield from _pieces_of(cast(EmailMessage, one))


def _legible(part: EmailMessage) -> Iterator[EmailMessage]:
    """The texts that a mail program shows, one behind the other; of alternatives the plain one.

    A container without parts, as its boundary is nowhere, is a text.
    """
    one = part.get_body(("plain", "html")) if part.get_content_type() in _ONE_OF else None
    if isinstance(one, EmailMessage):
        yield one
    elif part.is_multipart() and part.get_content_maintype() == "multipart":
        for inner in part.iter_parts():
            yield from _legible(cast(EmailMessage, inner))
    elif part.get_content_type() in _TEXTS or part.get_content_maintype() == "multipart":
        yield from () if part.is_attachment() else (part,)


def _wording(part: EmailMessage) -> str:
    """A part's text; in an encoding that nobody knows, as its bytes look."""
    try:
        text = part.get_content()
    except LookupError:  # no such encoding, or a container without parts
        text = decode(cast(bytes, part.get_payload(decode=True)))
    if not text.strip():
        return ""
    if part.get_content_subtype() == "html":
        return html_page(text).text
    if part.get_param("format") == "flowed":
        text = _unflowed(text, delete=part.get_param("delsp") == "yes")
    return text_page(text.encode("utf-8", "replace")).text


def _unflowed(text: str, delete: bool) -> str:
    """A text without the line breaks that its mail program made: behind a space, which `delete` takes out (RFC 3676).

    >>> _unflowed("Both lines are \\n one.\\n> Quoted \\n> too.\\n-- \\nIda", delete=False)
    'Both lines are one.\\n> Quoted too.\\n-- \\nIda'
    """
    lines: list[tuple[str, str]] = []  # the marks of a quotation, and what is quoted
    for line in text.splitlines():
        rest = line.lstrip(">")
        marks, rest = line[: len(line) - len(rest)], rest.removeprefix(" ")
        above, last = lines[-1] if lines else ("", "")
        if last.endswith(" ") and last != "-- " != rest and marks == above:
            lines[-1] = marks, (last[:-1] if delete else last) + rest
        else:
            lines.append((marks, rest))
    return "\n".join(f"{marks} {rest}" if marks else rest for marks, rest in lines)


def _day(mail: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(mail["Date"])).date().isoformat() if mail["Date"] else None
    except (ValueError, TypeError):
        return None
