"""Real wikis on loopback, booted by the shared lab; without it, tests that need one are skipped."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from tests import labs
from tests.labs import DokuWikiLab, MediaWikiLab

PAGES = {
    "Travel policy": "Trips are paid by [[Finance]].\n\n== Approval ==\nTobias approves trips."
    "{{Note|Keep the receipts.}}\n\n{| class=wikitable\n! City !! Limit\n|-\n| Oslo || 180 EUR\n|}\n",
    "Finance": "Finance sits in room 12.",
    "Template:Note": "'''Note:''' {{{1}}} Zephyr.",
    "Travel rules": "#REDIRECT [[Travel policy]]",
    "Help:Printing": "Printers are on floor two.\n\n== Paper ==\nPaper is in the cupboard.",
    "Diary": "Nobody else's business. __NOINDEX__",
    **{f"Page {n}": f"Number{n} stands alone." for n in range(30)},
}


@pytest.fixture(scope="session")
def lab(shared: Path) -> Path:
    """The shared lab of wikis, or the test is skipped."""
    if shutil.which("php") is None:
        pytest.skip("no php on the PATH, which the wikis of the shared lab need")
    return shared / "wikilab"


Wiki = TypeVar("Wiki")


def _running(wiki: AbstractContextManager[Wiki], ends: ExitStack) -> Wiki:
    try:
        return ends.enter_context(wiki)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the lab's wiki does not start: {str(error.stderr).strip()[-200:]}")


@pytest.fixture(scope="module")
def mediawiki(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaWikiLab]:
    """A MediaWiki with the pages above."""
    folder = tmp_path_factory.mktemp("mediawiki")
    pages = folder / "pages"
    pages.mkdir()
    for title, text in PAGES.items():
        (pages / f"{title}.wiki").write_text(text)
    with ExitStack() as ends:
        yield _running(labs.mediawiki(lab, folder / "wiki", pages), ends)


@pytest.fixture(scope="module")
def dokuwiki(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DokuWikiLab]:
    """A DokuWiki with the lab's pages and rules: what is below `hr:` is for the group hr."""
    folder, samples = tmp_path_factory.mktemp("dokuwiki") / "wiki", lab / "samples"
    with ExitStack() as ends:
        yield _running(labs.dokuwiki(lab, folder, samples / "dokuwiki", samples / "dokuwiki.acl"), ends)
