"""Generated pages of a wiki, in the marks of MediaWiki or DokuWiki.

Each has headings, paragraphs with bold, italic and code words and inner links, lists inside lists, a table with names
of columns and one with names of rows, a sentence that stands on it three times, one of fifty words, sentences of other
scripts, numbered steps, terms, code and, in MediaWiki, a template.
"""

import random
from dataclasses import dataclass

WORDS = (
    "storage badge parking invoice ladder kitchen server meeting travel budget window printer 東京 бюджет überall "
    "café naïve Ελλάδα orders are kept in the room behind every second door and nobody may take them home"
).split()
SCRIPTS = (
    "東京の事務所は{}階です。", "新しい规定从{}号开始生效。", "회의실은 {}층에 있습니다.",
    "Склад открыт до {} часов вечера.", "Ο προϋπολογισμός φτάνει για {} ταξίδια.",
    "המחסן נמצא בקומה {} ליד המעלית.", "المخزن مفتوح حتى الساعة {} مساء.",
    "कार्यालय {} बजे खुलता है।", "สำนักงานเปิดเวลา {} นาฬิกา", "Über {} Größen müssen geprüft werden.",
)  # fmt: skip
COLUMNS = ("Hall", "Seats")
"""Names of columns that are no words of the text: what compares the two leaves them out."""
NOTE = "<div style='border: 1px solid'>'''Note:''' {{{1}}}</div>"
"""MediaWiki's template that the pages use."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a wiki writes before and behind bold, italic and code words; its headings, items and tables."""

    bold: str
    italic: str
    code: tuple[str, str]

    def heading(self, level: int, words: str) -> str:
        """A heading of level 2 to 4."""
        raise NotImplementedError

    def items(self, lines: list[str], *, numbered: bool = False, depth: int = 1) -> str:
        """A list, or the lines of one inside another."""
        raise NotImplementedError

    def table(self, rows: list[tuple[str, str]]) -> str:
        """A table with the names of its columns above."""
        raise NotImplementedError

    def facts(self, rows: list[tuple[str, str]]) -> str:
        """A table with the names of its rows in front."""
        raise NotImplementedError

    def terms(self, rows: list[tuple[str, str]]) -> str:
        """Terms and what they mean; as items where a wiki has no other way."""
        raise NotImplementedError

    def lines_of_code(self, code: str) -> str:
        """A block of code."""
        raise NotImplementedError

    def note(self, words: str) -> str:
        """A note, framed where the wiki has templates."""
        raise NotImplementedError


class _MediaWiki(Marks):
    def heading(self, level: int, words: str) -> str:
        return f"{'=' * level} {words} {'=' * level}"

    def items(self, lines: list[str], *, numbered: bool = False, depth: int = 1) -> str:
        return "\n".join(f"{('#' if numbered else '*') * depth} {line}" for line in lines)

    def table(self, rows: list[tuple[str, str]]) -> str:
        body = "\n".join(f"|-\n| {' || '.join(row)}" for row in rows)
        return f'{{| class="wikitable"\n! {" !! ".join(COLUMNS)}\n{body}\n|}}'

    def facts(self, rows: list[tuple[str, str]]) -> str:
        body = "\n".join(f"|-\n! {name}\n| {value}" for name, value in rows)
        return f'{{| class="wikitable"\n{body}\n|}}'

    def terms(self, rows: list[tuple[str, str]]) -> str:
        return "\n".join(f"; {term}\n: {meaning}" for term, meaning in rows)

    def lines_of_code(self, code: str) -> str:
        return f"<pre>\n{code}\n</pre>"

    def note(self, words: str) -> str:
        return f"{{{{Note|{words}}}}}"


class _DokuWiki(Marks):
    def heading(self, level: int, words: str) -> str:
        return f"{'=' * (7 - level)} {words} {'=' * (7 - level)}"

    def items(self, lines: list[str], *, numbered: bool = False, depth: int = 1) -> str:
        return "\n".join(f"{'  ' * depth}{'-' if numbered else '*'} {line}" for line in lines)

    def table(self, rows: list[tuple[str, str]]) -> str:
        return "\n".join([f"^ {' ^ '.join(COLUMNS)} ^", *(f"| {' | '.join(row)} |" for row in rows)])

    def facts(self, rows: list[tuple[str, str]]) -> str:
        return "\n".join(f"^ {name} | {value} |" for name, value in rows)

    def terms(self, rows: list[tuple[str, str]]) -> str:
        return self.items([f"{term}: {meaning}" for term, meaning in rows])

    def lines_of_code(self, code: str) -> str:
        return f"<code>\n{code}\n</code>"

    def note(self, words: str) -> str:
        return f"**Note:** {words}"


MARKS = {
    "mediawiki": _MediaWiki("'''", "''", ("<code>", "</code>")),
    "dokuwiki": _DokuWiki("**", "//", ("''", "''")),
}


def written(marks: Marks, chance: random.Random, number: int) -> str:
    """The text of the page with this number; it links to one before it and to one that is missing."""

    def sentence(least: int = 6, most: int = 14) -> str:
        words = [chance.choice(WORDS) for _ in range(chance.randint(least, most))]
        return f"{words[0][:1].upper()}{words[0][1:]} {' '.join(words[1:])}."

    def marked() -> str:
        """A sentence with something in it that a wiki shows in its own way."""
        words = sentence().split()
        at = chance.randrange(1, len(words) - 2)
        inner = " ".join(words[at : at + 2])
        inner = chance.choice([
            f"{marks.bold}{inner}{marks.bold}",
            f"{marks.italic}{inner}{marks.italic}",
            inner.join(marks.code),
            f"[[Page{chance.randrange(number + 1)}|{inner}]]",
        ])  # fmt: skip
        return " ".join([*words[:at], inner, *words[at + 2 :]])

    again = sentence()
    parts = [
        f"{sentence()} {marked()} {again}",
        marks.heading(2, f"{sentence(1, 3)[:-1]} {number}"),
        f"{marks.bold}{sentence()}{marks.bold} {marks.italic}{sentence()}{marks.italic}",
        "\n".join([
            marks.items([marked(), sentence()]),
            marks.items([sentence(), f"{sentence()} {marked()}"], depth=2),
            marks.items([sentence()]),
        ]),
        marks.table([(f"B {chance.randrange(99)} {chance.choice(WORDS)}", str(chance.randrange(60))) for _ in "abcd"]),
        marks.heading(3, f"{chance.choice(WORDS)} & more".capitalize()),
        f"{sentence(45, 55)} {again}",
        f"See [[Page{chance.randrange(number + 1)}|the page before]] and [[missing]].",
        marks.heading(2, chance.choice(("東京", "Бюджет", "Größe", "Ελλάδα"))),
        " ".join(chance.choice(SCRIPTS).format(chance.randrange(2, 30)) for _ in "ab"),
        marks.items([chance.choice(SCRIPTS).format(chance.randrange(2, 30)) for _ in "abc"]),
        marks.facts([(chance.choice(WORDS).capitalize(), sentence(2, 6)) for _ in "abc"]),
        marks.heading(2, "Steps"),
        f"{again} {sentence()}",
        marks.items([marked() for _ in "abc"], numbered=True),
        marks.terms([(chance.choice(WORDS).capitalize(), marked()) for _ in "ab"]),
        marks.lines_of_code(f"sudo restart {chance.choice(WORDS)}"),
        marks.note(f"{marked()} {sentence()}"),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
