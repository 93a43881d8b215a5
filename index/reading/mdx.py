"""MDX becomes text: Markdown, without the code and the components that are woven into it."""

import re

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.markdown import markdown_page
from article_assistant.index.reading.page import Page

_COMPONENT = re.compile(r"</?(?:[A-Z][\w.]*)?(?:\s+(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^<>\"'{}])*)?/?>")
_NAMED = re.compile(r"\b(?:title|label|summary|header|caption)=(?:\"([^\"]*)\"|'([^']*)')")
_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_CODE_PARTS = re.compile(r"(^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ *\2[`~]*[ ]*$|\Z)|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_SHOWN_CODE = re.compile(r"^(```+)mdx-code-block *\n(.*?)^\1 *$", re.MULTILINE | re.DOTALL)
"""What Docusaurus shows as MDX, while other programs take it for code."""
_MODULE_CODE = re.compile(r"^(?:import|export)\b.*?(?:\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)


def mdx_page(data: bytes) -> Page:
    """An MDX file; of a component, its title and what stands inside are shown."""
    text = decode(data)
    front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    begin = front.end() if front else 0
    pieces = _CODE_PARTS.split(_SHOWN_CODE.sub(r"\2", text[begin:]))
    # Every third piece is prose; between two of them stand code and its fence.
    shown = [_prose(piece) if i % 3 == 0 else piece if i % 3 == 1 else "" for i, piece in enumerate(pieces)]
    return markdown_page((text[:begin] + "".join(shown)).encode())


def _prose(text: str) -> str:
    text = _COMMENT.sub("", _MODULE_CODE.sub("\n", text))
    within = 0
    lines = []
    for line in text.split("\n"):
        within += len(re.findall(r"<[A-Z][^<>]*[^/<>]>|<[A-Z][\w.]*>", line)) - len(re.findall(r"</[A-Z]", line))
        bare = line.lstrip() if within > 0 or line.lstrip().startswith("<") else line
        lines.append(_COMPONENT.sub(_titles, bare))
    return "\n".join(lines)


def _titles(tag: re.Match[str]) -> str:
    if not re.match(r"</?(?:[A-Z]|>|\s)", tag[0]):
        return tag[0]  # HTML, which Markdown knows
    names = [one or other for one, other in _NAMED.findall(tag[0])]
    return "".join(f"\n\n**{name}**\n\n" for name in names if name)
