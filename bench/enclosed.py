"""A content inside of what holds texts of several kinds: a mail as text and HTML, a notebook of cells."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage

from bench import written
from bench.content import Block, Code, Heading, Paragraph, Table

FACTS = {"From": "Ida Holm <ida@example.org>", "To": "team@example.org", "Date": "Mon, 03 Feb 2025 10:00:00 +0000"}
"""What stands over a mail."""


def told(blocks: Sequence[Block]) -> list[Block]:
    """A content as a mail: its subject, a row of who and when, and the rest."""
    subject = Heading(1, blocks[0].text if isinstance(blocks[0], Heading) else "News")
    rows = (tuple((name, 1, 1) for name in FACTS), tuple((value, 1, 1) for value in FACTS.values()))
    return [subject, Table(rows, 1), *blocks[1:]]


def mail(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A saved mail of a content that was `told`: as text, as HTML or both, each encoded by chance."""
    post = EmailMessage()
    for name, value in FACTS.items():
        post[name] = value
    heading, _, *rest = blocks
    assert isinstance(heading, Heading)
    post["Subject"] = heading.text
    post["X-Report"] = written.UNSEEN
    coded = chance.choice(("quoted-printable", "base64", "8bit"))
    sort = chance.choice(("text", "html", "both", "flowed"))
    plain = written.plain(rest, chance).decode()
    if sort == "html":
        post.set_content(written.page_html(rest, chance).decode(), subtype="html", cte=coded)
    else:
        post.set_content(flowed(plain) if sort == "flowed" else plain, cte=coded)
        if sort == "flowed":
            post.set_param("format", "flowed")
    if sort == "both":
        post.add_alternative(written.page_html(rest, chance).decode(), subtype="html", cte=coded)
    if chance.random() < 0.3:
        post.add_attachment(written.UNSEEN.encode(), maintype="application", subtype="octet-stream")
    return post.as_bytes()


def flowed(text: str) -> str:
    """A text whose paragraphs end their broken lines with a space, one before lines that begin so (RFC 3676)."""
    broken = rf"^(?! |- |\d{{1,2}}\. |.*  )(.{{{written.WIDTH - 20},}})\n(?=[^\n =-])"
    return re.sub("^(?= |>|From )", " ", re.sub(broken, r"\1 \n", text, flags=re.MULTILINE), flags=re.MULTILINE)


def noteless(blocks: Sequence[Block]) -> list[Block]:
    """A content without footnotes, which a notebook does not know."""
    return [replace(block, note="") if isinstance(block, Paragraph) else block for block in blocks]


def notebook(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A notebook: blocks together in cells by chance, code in cells of its own, tables as what a cell printed."""
    cells: list[object] = []
    held: list[Block] = []

    def close() -> None:
        if held:
            lines = written.markdown(held, chance).decode().splitlines(keepends=True)
            cells.append({"cell_type": "markdown", "metadata": {}, "source": lines})
            held.clear()

    for block in blocks:
        if isinstance(block, Code | Table) and chance.random() < 0.6:
            close()
            source, outputs = "", list[object]()
            if isinstance(block, Code):
                source = "\n".join(block.lines)
            else:
                shown = f"<div>\n<style scoped>td {{ top: 0 }}</style>\n{written.table_html(block, chance)}\n</div>"
                data: dict[str, list[str]] = {
                    "text/html": shown.splitlines(keepends=True),
                    "text/plain": [written.UNSEEN],
                }
                outputs.append({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1})
            cells.append({"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs})
        else:
            if chance.random() < 0.3:
                close()
            held.append(block)
    close()
    about = {"kernelspec": {"name": "python3", "display_name": written.UNSEEN}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}).encode()
