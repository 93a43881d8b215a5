"""A real wiki of generated pages: whether all of it is read as a browser shows it, and how soon changes are found.

It is booted by the lab of wikis (`LAB/mediawiki-up`, `LAB/dokuwiki-up`). Pages are compared with Chromium's `innerText`
of the wiki's own page: the share of the browser's words that our text has in the same order, without the table of
contents, buttons and the names of columns, which our rows repeat. Changes are made one by one while sources are kept in
step, and each has to be in, or out of, what a guest finds before the interval is over. A twentieth of a MediaWiki's
pages are redirects; of both wikis, so many more files are attached.
"""

import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE, UserFacingError
from article_assistant.opening import kept_in_step
from article_assistant.settings import Settings

from bench import report, wikireader
from bench.labwikis import SHOWN, LabWiki, generated, requests, running
from bench.wikipages import COLUMNS, MARKS
from tests import browsers

MOST = 50_000_000
GUEST = frozenset({EVERYONE})
SHARE = 20
"""One page of so many is a redirect, or has a file attached."""


def words(text: str) -> list[str]:
    """The words of a text, in order, without the marks of ours and the names of columns."""
    text = re.sub(r"(?m)^(?:#{1,6} |\s*- |\s*\d+\. )", "", text)
    rows = [re.sub(rf"(^|\| )(?:{'|'.join(COLUMNS)}): ", r"\1", row) for row in text.splitlines()]
    return re.findall(r"\w+", "\n".join(rows))


def in_order(shown: list[str], ours: list[str]) -> int:
    """How many of a browser's words stand in ours, in the same order."""
    return sum(block.size for block in SequenceMatcher(None, shown, ours, autojunk=False).get_matching_blocks())


def browser_words(addresses: list[str]) -> Iterator[list[str]]:
    """The words that Chromium shows of each page."""
    from playwright.sync_api import sync_playwright

    path = browsers.installed()
    if path is None:
        raise UserFacingError("there is no Chromium on the PATH; install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        for address in addresses:
            page.goto(address)
            yield words(page.evaluate(SHOWN))
        browser.close()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of this kind, made at a time of `time.monotonic`: what a guest finds afterwards, and what no more.

    Both are a page's key and a word that it says; None for nothing.
    """

    kind: str
    made: float
    there: tuple[str, str] | None
    gone: tuple[str, str] | None


def change(wiki: LabWiki, kind: str, title: str, before: str, after: str) -> Change:
    """Change a page that says the word `before`; where it is edited, it says the other one then."""
    page = wiki.key(title)
    there, gone = None, (page, before)
    if kind == "edit":
        wiki.put(title, f"The password of the month is {after}.")
        there = (page, after)
    elif kind == "move":
        wiki.move(title, f"Moved{title}")
        there = (wiki.key(f"Moved{title}"), before)
    elif kind == "delete":
        wiki.delete(title)
    else:
        wiki.withdraw(title)
    return Change(kind, time.monotonic(), there, gone)


def main() -> None:
    """Run the command."""
    parser = report.options((__doc__ or "").split("\n\n")[0], "two minutes, and --interval / 20 for each change")
    parser.add_argument("lab", type=Path, metavar="LAB", help="the folder with mediawiki-up and dokuwiki-up")
    parser.add_argument("--wiki", choices=sorted(MARKS), default="dokuwiki", help="which wiki")
    parser.add_argument("--pages", type=report.positive, default=300, metavar="N", help="pages of the wiki")
    parser.add_argument("--compared", type=report.positive, default=50, metavar="N", help="pages that a browser shows")
    parser.add_argument("--changes", type=report.positive, default=100, metavar="N", help="changes, of all kinds")
    parser.add_argument("--interval", type=report.positive, default=60, metavar="S", help="seconds to follow within")
    parser.add_argument("--seed", type=int, default=0, help="what the pages say")
    parser.add_argument("--peer", action="store_true", help="beside it llama-index's reader (of a mediawiki only)")
    given = parser.parse_args()
    report.offline()
    facts, embedder, chance = report.machine(), embed.load(), random.Random(given.seed)
    pages = generated(given.wiki, chance, given.pages)
    told = {f"Told{number}": f"unseen{number}zq" for number in range(given.changes)}
    more = {title: f"The word of this page is {word}.\n" for title, word in told.items()}
    redirects = {f"Other{title}": title for title in list(pages)[::SHARE]} if given.wiki == "mediawiki" else {}
    more |= {name: f"#REDIRECT [[{title}]]" for name, title in redirects.items()}
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary, ExitStack() as ends:
        report.say(f"writing {len(pages) + len(more)} pages")
        wiki = ends.enter_context(running(given.wiki, given.lab, Path(temporary), pages | more))
        files = [wiki.attach(f"Plan{n}.csv", f"Desk,Person\n{n},Ada\n".encode()) for n in range(given.pages // SHARE)]
        index = ends.enter_context(closing(Index.open(Path(temporary) / "home", embedder)))

        report.say("reading them")
        source, began = wiki.source(), time.perf_counter()
        run = sync([source], index, MOST)
        took, asked = time.perf_counter() - began, requests(source)
        kept = {key: index.article(f"{source.label}/{key}", GUEST) for key in [*map(wiki.key, pages), *files]}
        lost = [key for key, article in kept.items() if article is None]
        for name, title in redirects.items():
            target = kept[title]
            lost += [] if target and name in target.names else [name]
        again = wiki.source()
        sync([again], index, MOST)

        wanted = len(kept) + len(redirects)
        peer = wikireader.Read()
        if given.peer:
            report.say("reading them by llama-index's reader")
            peer = wikireader.read(wiki.address.partition("+")[2], [*kept, *redirects])

        report.say("comparing them")
        chosen = chance.sample(sorted(pages), min(given.compared, len(pages)))
        shown = held = peers = 0
        for title, browser in zip(chosen, browser_words([wiki.link(title) for title in chosen]), strict=True):
            article = kept[wiki.key(title)]
            held += in_order(browser, words(article.text)) if article else 0
            peers += in_order(browser, words(peer.texts.get(title, "")))
            shown += len(browser)

        report.say(f"making {given.changes} changes")
        results = followed(index, wiki, source.label, told, given.interval)
        late = Counter(kind for kind, seconds in results if seconds is None)
        times = sorted(seconds for _, seconds in results if seconds is not None)
        rows = [
            [f"pages ({len(files)} of them files), and {len(redirects)} redirects, in the library",
             f"{wanted - len(lost):,} of {wanted:,}, {len(run.failed)} failed"],
            ["pages a minute", f"{60 * len(run.added) / took:,.0f}"],
            ["requests a page", f"{asked / len(run.added):.2f}"],
            ["requests of a second run", str(requests(again))],
            [f"words in order, of {shown:,} on {len(chosen)} pages", f"{held / shown:.2%}"],
            [f"changes ({', '.join(wiki.changes)}) found within {given.interval} s", f"{len(times)} of {len(results)}"],
            ["seconds until found", f"median {times[len(times) // 2]:.1f}, longest {times[-1]:.1f}" if times else "-"],
        ]  # fmt: skip
        if given.peer:
            rows += [
                ["llama-index's reader: pages", f"{len(peer.texts):,} of {wanted:,}"],
                ["llama-index's reader: pages a minute", f"{60 * len(peer.texts) / peer.seconds:,.0f}"],
                ["llama-index's reader: requests a page", f"{peer.requests / wanted:.2f}"],
                [f"llama-index's reader: words in order, of {shown:,}", f"{peers / shown:.2%}"],
            ]
        figures = {"wiki": given.wiki, "rows": rows, "late": late, "lost": lost, "peer lost": peer.failed}
        body = [report.table(["what", "figure"], rows)]
        report.write(given.out, f"wikis-{given.wiki}", f"A wiki, followed: {given.wiki}", facts, body, figures)


def followed(
    index: Index, wiki: LabWiki, label: str, told: dict[str, str], interval: int
) -> list[tuple[str, float | None]]:
    """Each change by its kind, with the seconds until a guest was told; None where that took longer than `interval`."""

    def seen(page: str, word: str) -> bool:
        hits = reader.find(f"the word {word}", GUEST, 5)
        return any(hit.article.id == f"{label}/{page}" and word in hit.article.text for hit in hits)

    results = list[tuple[str, float | None]]()
    settings = Settings(home=index.library.home, follow_seconds=interval, sources={wiki.address: wiki.access})
    with closing(Index.open(settings.home, index.embedder)) as reader, kept_in_step(settings, reader.library):
        waiting = list[Change]()
        for number, (title, before) in enumerate(told.items()):
            if not seen(wiki.key(title), before):
                raise UserFacingError(f"nobody finds {title}, which is to be changed")
            kind = wiki.changes[number % len(wiki.changes)]
            waiting.append(change(wiki, kind, title, before, f"fresh{number}zq"))
            time.sleep(interval / 20)
            results += settled(waiting, seen, interval)
        while waiting:
            time.sleep(interval / 40)
            results += settled(waiting, seen, interval)
    return results


def settled(waiting: list[Change], seen: Callable[[str, str], bool], interval: int) -> list[tuple[str, float | None]]:
    """Take out of `waiting` what is found as it should be, or has waited for too long."""
    found = list[tuple[str, float | None]]()
    for one in list(waiting):
        passed = time.monotonic() - one.made
        if (one.there is None or seen(*one.there)) and (one.gone is None or not seen(*one.gone)):
            found.append((one.kind, passed))
        elif passed > interval:
            found.append((one.kind, None))
        else:
            continue
        waiting.remove(one)
    return found


if __name__ == "__main__":
    report.run(main)
