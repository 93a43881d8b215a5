"""A saved mail: who wrote to whom and when, and what; attachments are named."""

import email
import email.policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.page import Page, TextBuilder, squeeze
from article_assistant.index.reading.text import text_page
from article_assistant.index.types import ArticleError

_NAMES = ("From", "To", "Cc", "Date")


def mail_page(data: bytes) -> Page:
    """A mail, from its plain text where it has one. Raises ArticleError where the file is none."""
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    if not any(name in mail for name in ("From", "Subject", "Date")):
        raise ArticleError("the file is no mail")
    builder = TextBuilder()
    subject = squeeze(str(mail.get("Subject", "")))
    builder.heading(1, subject)
    builder.row(_NAMES, [squeeze(str(mail.get(name, ""))) for name in _NAMES])
    texts = [builder.text()]
    body = mail.get_body(("plain", "html"))
    content = body.get_content() if body is not None else ""
    if isinstance(content, str) and content.strip():
        html = body is not None and body.get_content_subtype() == "html"
        texts.append(html_page(content).text if html else text_page(content.encode("utf-8", "replace")).text)
    files = [squeeze(name) for part in mail.iter_attachments() if (name := part.get_filename())]
    if files:
        texts.append(f"Attachments: {', '.join(files)}")
    return Page(subject or None, "\n\n".join(text for text in texts if text.strip()), _day(mail))


def _day(mail: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(mail["Date"])).date().isoformat() if mail["Date"] else None
    except (ValueError, TypeError):
        return None
