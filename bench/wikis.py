"""A real DokuWiki of generated pages: whether all of it is read as a browser shows it, and how soon changes are found.

It is booted by the lab of wikis (`LAB/dokuwiki-up`). Pages are compared with Chromium's `innerText` of the wiki's own
page: the share of the browser's words that our text has in the same order, without the table of contents, buttons and
the names of columns, which our rows repeat. Changes are made one by one while sources are kept in step, and each has to
be in, or out of, what a guest finds before the interval is over.
"""

import json
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import urlsplit

from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sources.dokuwiki import DokuWiki
from article_assistant.index.sources.source import Access, Place
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE, UserFacingError
from article_assistant.opening import kept_in_step
from article_assistant.settings import Settings

from bench import report

MOST = 50_000_000
GUEST = frozenset({EVERYONE})
KINDS = ("edit", "move", "delete", "withdraw")
WORDS = (
    "storage badge parking invoice ladder kitchen server meeting travel budget window printer 東京 бюджет überall "
    "café naïve Ελλάδα orders are kept in the room behind every second door and nobody may take them home"
).split()
SHOWN = """() => {
    const page = document.querySelector('#dokuwiki__content .page') || document.querySelector('#dokuwiki__content');
    page.querySelectorAll('#dw__toc, .secedit, thead, .docInfo').forEach(one => one.remove());
    return page.innerText;
}"""


def written(chance: random.Random, number: int) -> str:
    """A page in DokuWiki's marks: headings, paragraphs, a list, a table, code and links."""

    def line() -> str:
        return " ".join(chance.choice(WORDS) for _ in range(chance.randint(6, 14))) + "."

    parts = [
        f"====== Page {number} ======",
        line(),
        f"===== {chance.choice(WORDS)} =====",
        f"**{line()}** //{line()}//",
    ]
    parts.append("\n".join(f"  * {line()}" for _ in range(chance.randint(2, 5))))
    parts.append(
        "^ Room ^ Seats ^\n" + "\n".join(f"| B {chance.randrange(99)} | {chance.randrange(9, 60)} |" for _ in "abc")
    )
    parts.append(f"See [[page{chance.randrange(number + 1)}|the page before]] and [[missing]].")
    parts.append("==== Steps ====\n" + "\n".join(f"  - {line()}" for _ in range(3)))
    parts.append("<code>\nsudo restart " + chance.choice(WORDS) + "\n</code>")
    return "\n\n".join(parts) + "\n"


def words(text: str) -> list[str]:
    """The words of a text, in order, without the marks of ours and the names of columns."""
    text = re.sub(r"(?m)^(?:#{1,6} |\s*- |\s*\d+\. )", "", text)
    rows = [re.sub(r"(^|\| )(?:Room|Seats): ", r"\1", row) for row in text.splitlines()]
    return re.findall(r"\w+", "\n".join(rows))


def in_order(shown: list[str], ours: list[str]) -> int:
    """How many of a browser's words stand in ours, in the same order."""
    return sum(block.size for block in SequenceMatcher(None, shown, ours, autojunk=False).get_matching_blocks())


def browser_words(addresses: list[str]) -> Iterator[list[str]]:
    """The words that Chromium shows of each page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for address in addresses:
            page.goto(address)
            yield words(page.evaluate(SHOWN))
        browser.close()


class Changes:
    """Changes of one wiki, made as its administrator; each says what a guest finds afterwards and what no more."""

    def __init__(self, url: str, folder: Path, user: str, password: str) -> None:
        parts = urlsplit(url)
        self._wiki = xmlrpc.client.ServerProxy(f"http://{user}:{password}@{parts.netloc}/lib/exe/xmlrpc.php")
        self._rules = folder / "conf" / "acl.auth.php"

    def put(self, page: str, text: str) -> None:
        """Write a page; an empty text deletes it."""
        self._wiki.wiki.putPage(page, text, {"sum": "bench"})

    def make(self, kind: str, page: str, word: str, before: str) -> tuple[str, str]:
        """Change a page that says `before`: the word that is then found, and the one that is not; "" for none."""
        if kind == "edit":
            self.put(page, f"====== {page} ======\n\nThe password of the month is {word}.")
            return word, before
        if kind == "move":
            self.put(f"moved{page}", f"====== {page} ======\n\nThe word of this page is {before}.")
            self.put(page, "")
            return before, ""
        if kind == "delete":
            self.put(page, "")
        else:
            with self._rules.open("a") as rules:
                rules.write(f"\n{page} @ALL 0\n{page} @user 0\n")
        return "", before


def main() -> None:
    """Run the command."""
    parser = report.options((__doc__ or "").split("\n\n")[0], "minutes")
    parser.add_argument("lab", type=Path, metavar="LAB", help="the folder with dokuwiki-up")
    parser.add_argument("--pages", type=report.positive, default=300, metavar="N", help="pages of the wiki")
    parser.add_argument("--compared", type=report.positive, default=50, metavar="N", help="pages that a browser shows")
    parser.add_argument("--changes", type=report.positive, default=100, metavar="N", help="changes, of all kinds")
    parser.add_argument("--interval", type=report.positive, default=60, metavar="S", help="seconds to follow within")
    parser.add_argument("--seed", type=int, default=0, help="what the pages say")
    given = parser.parse_args()
    report.offline()
    if not (given.lab / "dokuwiki-up").is_file():
        raise UserFacingError(f"{given.lab} holds no dokuwiki-up; name the folder of the lab of wikis")
    facts, embedder, chance = report.machine(), embed.load(), random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary, ExitStack() as ends:
        folder = Path(temporary)
        pages = {f"page{number}": written(chance, number) for number in range(given.pages)}
        told = {f"told{number}": f"unseen{number}zq" for number in range(given.changes)}
        (folder / "pages").mkdir()
        for name, text in pages.items():
            (folder / "pages" / f"{name}.txt").write_text(text)
        for name, word in told.items():
            (folder / "pages" / f"{name}.txt").write_text(f"====== {name} ======\n\nThe word of this page is {word}.\n")
        (folder / "rules").write_text("* @ALL 1\n* @user 8\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        up = [
            given.lab / "dokuwiki-up",
            str(port),
            folder / "wiki",
            "--pages",
            folder / "pages",
            "--acl",
            folder / "rules",
        ]
        subprocess.run(up, check=True, capture_output=True)
        ends.callback(subprocess.run, ["bash", given.lab / "dokuwiki-down", folder / "wiki"], capture_output=True)
        url = (folder / "wiki" / "url").read_text().strip()
        admin = json.loads((folder / "wiki" / "credentials.json").read_text())["admin"]
        access = Access(user=admin["user"], password=admin["password"])
        index = ends.enter_context(closing(Index.open(folder / "home", embedder)))

        report.say(f"reading {len(pages) + len(told)} pages")
        wiki, began = DokuWiki(Place.of(f"dokuwiki+{url}"), access), time.perf_counter()
        run = sync([wiki], index, MOST)
        took, asked = time.perf_counter() - began, wiki.web.requests
        missed = [name for name in pages if index.article(f"{wiki.label}/{name}", GUEST) is None]
        again = DokuWiki(Place.of(f"dokuwiki+{url}"), access)
        sync([again], index, MOST)

        chosen = chance.sample(sorted(pages), min(given.compared, len(pages)))
        shown = held = 0
        for name, browser in zip(chosen, browser_words([f"{url}/doku.php?id={name}" for name in chosen]), strict=True):
            article = index.article(f"{wiki.label}/{name}", GUEST)
            held += in_order(browser, words(article.text)) if article else 0
            shown += len(browser)

        report.say(f"{given.changes} changes")
        results = followed(
            index, wiki, access, Changes(url, folder / "wiki", admin["user"], admin["password"]), told, given.interval
        )
        late = Counter(kind for kind, seconds in results if seconds is None)
        times = sorted(seconds for _, seconds in results if seconds is not None)
        rows = [
            ["pages in the library", f"{len(pages) - len(missed)} of {len(pages)}, {len(run.failed)} failed"],
            ["pages a minute", f"{60 * len(run.added) / took:,.0f}"],
            ["requests a page", f"{asked / len(run.added):.2f}"],
            ["requests of a second run", str(again.web.requests)],
            [f"words in order, of {shown:,} on {len(chosen)} pages", f"{held / shown:.2%}"],
            [f"changes found within {given.interval} s", f"{len(times)} of {len(results)}"],
            ["seconds until found", f"median {times[len(times) // 2]:.1f}, longest {times[-1]:.1f}" if times else "-"],
        ]  # fmt: skip
        figures = {"rows": rows, "late": late, "missed": missed}
        report.write(given.out, "wikis", "A wiki, followed", facts, [report.table(["what", "figure"], rows)], figures)


def followed(
    index: Index, wiki: DokuWiki, access: Access, changes: Changes, told: dict[str, str], interval: int
) -> list[tuple[str, float | None]]:
    """Each change by its kind, with the seconds until a guest was told; None where that took longer than `interval`."""

    def seen(word: str) -> bool:
        return any(word in hit.article.text for hit in reader.find(f"the word {word}", GUEST, 5))

    results = list[tuple[str, float | None]]()
    settings = Settings(home=index.library.home, follow_seconds=interval, sources={wiki.address: access})
    with closing(Index.open(settings.home, index.embedder)) as reader, kept_in_step(settings, reader.library):
        waiting = list[tuple[str, float, str, str]]()
        for number, (page, before) in enumerate(told.items()):
            kind = KINDS[number % len(KINDS)]
            there, gone = changes.make(kind, page, f"fresh{number}zq", before)
            waiting.append((kind, time.monotonic(), there, gone))
            time.sleep(interval / 20)
            results += _settled(waiting, seen, interval)
        while waiting:
            time.sleep(interval / 40)
            results += _settled(waiting, seen, interval)
    return results


def _settled(
    waiting: list[tuple[str, float, str, str]], seen: Callable[[str], bool], interval: int
) -> list[tuple[str, float | None]]:
    """Take out of `waiting` what is found as it should be, or has waited for too long."""
    found = list[tuple[str, float | None]]()
    for one in list(waiting):
        kind, began, there, gone = one
        passed = time.monotonic() - began
        if (not there or seen(there)) and (not gone or not seen(gone)):
            found.append((kind, passed))
        elif passed > interval:
            found.append((kind, None))
        else:
            continue
        waiting.remove(one)
    return found


if __name__ == "__main__":
    report.run(main)
