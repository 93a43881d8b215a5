"""Links that land: whether a browser that opens a citation's link highlights the very words of the quote.

Quotes are sentences of the lab's sample pages and of generated ones, in a real MediaWiki and a real DokuWiki (booted by
the lab of wikis). Where the words of a quote stand on the wiki's page is found by aligning our text with the page's,
word by word; never by the link. The link is then opened in headless Chromium with `::target-text` in a colour of its
own. A quote has landed where the pixels of that colour and the rectangles of its own range cover one another to nine
tenths, both ways, within the window.
"""

import io
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from article_assistant.answering.cite import Quote, resolve
from article_assistant.index import embed
from article_assistant.index.chunk import sentences
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE, Article, UserFacingError
from PIL import Image

from bench import report
from bench.labwikis import generated, running
from bench.wikipages import MARKS
from tests import browsers

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

MOST = 50_000_000
COVERED = 0.9
WINDOW: "ViewportSize" = {"width": 1280, "height": 900}
PAINT = "::target-text { background: rgb(255, 0, 255) !important; color: rgb(255, 0, 255) !important }"
PIECES = """() => {
    const root = document.querySelector('#dokuwiki__content .page, #mw-content-text');
    const apart = '#toc, .mw-editsection, #dw__toc, .secedit, .docInfo, .mw-empty-elt, script, style';
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), blocks = [], pieces = [];
    window.nodes = [];
    while (walk.nextNode()) {
        const node = walk.currentNode;
        let block = node.parentElement;
        if (block.closest(apart)) { continue; }
        while (getComputedStyle(block).display === 'inline') { block = block.parentElement; }
        if (!blocks.includes(block)) { blocks.push(block); }
        window.nodes.push(node);
        const row = node.parentElement.closest('tr');
        pieces.push([blocks.indexOf(block), node.data, row !== null && row.querySelector('td') === null,
                     node.parentElement !== block]);
    }
    return pieces;
}"""
"""The text nodes of a page: the number of the block that each stands in, its text, whether it names a column, and
whether it is within bold, code or a link."""
PLACES = """([first, begin, last, end]) => window.nodes.slice(first, last + 1).flatMap((node, at) => {
    const range = document.createRange();
    range.setStart(node, at === 0 ? begin : 0);
    range.setEnd(node, at === last - first ? end : node.data.length);
    const frame = node.parentElement.closest('pre, .table'), right = frame?.getBoundingClientRect().right ?? Infinity;
    return [...range.getClientRects()].filter(one => one.left < right)
        .map(one => [one.left, one.top, Math.min(one.right, right), one.bottom]);
})"""
"""The rectangles of the text from a place in a node to one in another, as far as the code or table that it stands in
shows it without being moved."""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

Range = tuple[int, int, int, int]
"""Text node and character where a quote begins, text node and character where it ends."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quote, what kind of text it is, its link, and where its words are on the page."""

    kind: str
    words: str
    link: str
    range: Range


def tokens(text: str) -> list[tuple[str, int]]:
    """The words and the signs of a text, with their places."""
    return [(found[0], found.start()) for found in re.finditer(r"\w+|[^\w\s]", text)]


def bare(text: str, columns: Sequence[str]) -> str:
    """Our text with spaces instead of its marks and the names of columns, each character where it was."""
    names = "|".join(map(re.escape, filter(None, columns))) or r"(?!)"
    blank = re.compile(rf"^(?:#{{1,6}} |\s*- |\s*\d+\. )|^(?:{names}): (?=.* \| )| \| (?:(?:{names}): )?", re.MULTILINE)
    return blank.sub(lambda found: " " * len(found[0]), text)


def aligned(text: str, pieces: Sequence[Sequence[Any]]) -> dict[int, tuple[int, int, int]]:
    """For the places of words in our text: the node of the page that has it, and where in that it begins and ends."""
    ours = tokens(bare(text, [piece[1].strip() for piece in pieces if piece[2]]))
    there = list[tuple[str, int, int, int]]()
    whole, places, before = "", list[tuple[int, int]](), None
    for number, (block, words, *_) in enumerate(pieces):
        gap = "\n" if block != before else ""
        whole, before = whole + gap + words, block
        places += [(number, 0)] * len(gap) + [(number, at) for at in range(len(words))]
    for word, at in tokens(whole):
        number, begin = places[at]
        last, end = places[at + len(word) - 1]
        there.append((word, number, begin, end + 1 if last == number else len(pieces[number][1])))
    match = SequenceMatcher(None, [word for word, _ in ours], [one[0] for one in there], autojunk=False)
    return {
        ours[block.a + n][1]: there[block.b + n][1:]
        for block in match.get_matching_blocks()
        for n in range(block.size)
    }  # fmt: skip


def candidates(article: Article, pieces: Sequence[Sequence[Any]]) -> Iterator[Wanted]:
    """The sentences of an article whose words are known to stand on its page."""
    text, found = article.text, aligned(article.text, pieces)
    cited = [sentence for sentence in sentences(text) if not sentence.is_heading]
    said = [text[one.start : one.end] for one in cited]
    for one, words in zip(cited, said, strict=True):
        inside = [found[at] for at in range(one.start, one.end) if at in found]
        if not inside:
            continue
        first, last = inside[0], inside[-1]
        plain = re.sub(r"^(?:- |\d+\. )", "", words)
        kinds = {
            "row of a table": " | " in words,
            "twice on its page": text.count(plain) > 1,
            "long": len(words.split()) > 40,
            "other scripts": any(sign >= "\u0370" and sign.isalpha() for sign in words),
            "bold, code or link inside": any(pieces[node][3] for node, *_ in inside),
            "item of a list": plain != words,
            "plain": True,
        }
        (citation,) = resolve([Quote(article, one.start, one.end)])
        kind = next(kind for kind, holds in kinds.items() if holds)
        yield Wanted(kind, words, citation.url, (first[0], first[1], last[0], last[2]))


def chosen(quotes: Sequence[Wanted], number: int, chance: random.Random) -> list[Wanted]:
    """So many quotes, of each kind as many as there are, or an equal share."""
    kinds = defaultdict(list)
    for one in quotes:
        kinds[one.kind].append(one)
    for some in kinds.values():
        chance.shuffle(some)
    mixed = chain.from_iterable(zip_longest(*kinds.values()))
    return [one for one in mixed if one is not None][:number]


def covered(picture: bytes, places: Sequence[Sequence[float]]) -> tuple[float, float]:
    """What share of the coloured pixels lies in these rectangles, and what share of these is coloured; 0 of nothing."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    painted = (abs(pixels - [255, 0, 255]) < 60).all(axis=2)
    own, area = np.zeros_like(painted), 0.0
    for left, top, right, bottom in places:
        own[max(round(top), 0) : max(round(bottom), 0), max(round(left), 0) : max(round(right), 0)] = True
        area += (right - left) * (bottom - top)
    both = float((painted & own).sum())
    # What is outside the window counts as not coloured.
    return both / max(float(painted.sum()), 1.0), both / max(float(own.sum()), area, 1.0)


def outcome(page: Any, wanted: Wanted) -> tuple[str, tuple[float, float]]:
    """What a browser shows that opens a link: "landed", "in view" of the window at least, or "elsewhere"."""
    page.goto("about:blank")
    page.goto(wanted.link)
    page.add_style_tag(content=PAINT)
    page.evaluate(SETTLED)
    page.evaluate(PIECES)
    places = page.evaluate(PLACES, list(wanted.range))
    shares = covered(page.screenshot(), places)
    if min(shares) >= COVERED:
        return "landed", shares
    seen = any(bottom > 0 and top < WINDOW["height"] for _, top, _, bottom in places)
    return "in view" if seen else "elsewhere", shares


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = browsers.installed()
    if path is None:
        raise UserFacingError("there is no Chromium on the PATH; install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page(viewport=WINDOW)
        browser.close()


def main() -> None:
    """Run the command."""
    parser = report.options((__doc__ or "").split("\n\n")[0], "four minutes")
    parser.add_argument("lab", type=Path, metavar="LAB", help="the folder with mediawiki-up and dokuwiki-up")
    parser.add_argument("--wiki", choices=sorted(MARKS), action="append", help="which wiki; both without it")
    parser.add_argument("--quotes", type=report.positive, default=100, metavar="N", help="quotes of each wiki")
    parser.add_argument("--pages", type=report.positive, default=30, metavar="N", help="generated pages of each wiki")
    parser.add_argument("--seed", type=int, default=0, help="what the pages say, and which quotes")
    given = parser.parse_args()
    report.offline()
    facts, embedder = report.machine(), embed.load()
    rows, failed = [], []
    for kind in given.wiki or sorted(MARKS):
        tried = defaultdict[str, list[str]](list)
        for wanted, (result, shares) in _tried(kind, given.lab, given.pages, given.quotes, given.seed, embedder):
            tried[wanted.kind].append(result)
            if result != "landed":
                failed.append({"wiki": kind, "kind": wanted.kind, "quote": wanted.words, "link": wanted.link,
                               "result": result, "shares": shares})  # fmt: skip
        results = [*tried.items(), ("all", [one for some in tried.values() for one in some])]
        rows += [
            [kind, name, f"{some.count('landed')} of {len(some)}", str(some.count("in view"))]
            for name, some in results
        ]  # fmt: skip
    body = [report.table(["wiki", "quotes", "landed", "others in view"], rows)]
    report.write(given.out, "landing", "Links that land", facts, body, {"rows": rows, "failed": failed})
    for one in failed:
        report.say(json.dumps(one, ensure_ascii=False))


def _tried(
    kind: str, lab: Path, pages: int, quotes: int, seed: int, embedder: embed.Embedder
) -> Iterator[tuple[Wanted, tuple[str, tuple[float, float]]]]:
    """Each quote of a wiki with what came of it."""
    chance = random.Random(seed)
    folder, ending = lab / "samples" / kind, ".wiki" if kind == "mediawiki" else ".txt"
    texts = {path.relative_to(folder).as_posix().removesuffix(ending): path.read_text()
             for path in sorted(folder.rglob(f"*{ending}"))}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        report.say(f"{kind}: writing the pages")
        with (
            running(kind, lab, Path(temporary), texts | generated(kind, chance, pages)) as wiki,
            closing(Index.open(Path(temporary) / "home", embedder)) as index,
            _browser() as page,
        ):
            sync([wiki.source()], index, MOST)
            found = list[Wanted]()
            for article in index.library.articles(frozenset({EVERYONE})):
                page.goto(article.url)
                found += candidates(article, page.evaluate(PIECES))
            report.say(f"{kind}: opening {quotes} of {len(found)} links")
            for one in chosen(found, quotes, chance):
                yield one, outcome(page, one)


if __name__ == "__main__":
    report.run(main)
