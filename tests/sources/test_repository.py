"""A Git repository is followed: its files, who changed them last, and where they are on the web."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources.kinds import remote
from article_assistant.index.sources.repository import Repository
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import SourceError
from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

from tests.parts import MOST, Words, write
from tests.sources.shelf import ALL
from tests.sources.test_web import Server, say

FILES = {
    "Home.md": "# Welcome\n\nAll of it begins here.",
    "guides/Travel-policy.md": "Trips are paid by finance.",
    "_Sidebar.md": "[[Home]]",
    ".github/notes.md": "Nobody's business.",
    "logo.svg": "<svg/>",
}


def commit(repo: Repo, message: str, author: str, day: int) -> None:
    paths = [path for path in Path(repo.path).rglob("*") if path.is_file() and ".git" not in path.parts]
    porcelain.add(repo, [str(path) for path in paths])
    stamp = 1_790_000_000 + day * 86_400  # 21 September 2026 and so many days
    said, by = message.encode(), author.encode()
    porcelain.commit(repo, said, author=by, committer=b"Lab <l@x>", author_timestamp=stamp, commit_timestamp=stamp)


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repo]:
    """Three commits: Ann's, Mia's to one file, and Tom's to a file that is not read."""
    made = porcelain.init(str(write(tmp_path / "handbook", dict(FILES))))
    commit(made, "Begin", "Ann Berg <a@x>", 0)
    (tmp_path / "handbook/guides/Travel-policy.md").write_text("Trips are paid by Oslo.")
    commit(made, "Who pays", "Mia <m@x>", 5)
    (tmp_path / "handbook/logo.svg").write_text("<svg></svg>")
    commit(made, "Logo", "Tom <t@x>", 9)
    yield made
    made.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def http_backend(repo: Repo, environ: dict[str, Any], start: Any) -> list[bytes]:
    """What Git's own program for servers answers, run as CGI; what it is sent may be packed."""
    program = Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
    place = environ["PATH_INFO"].removeprefix("/mia/handbook.wiki.git")
    given = {name: value for name, value in environ.items() if name.isupper() and isinstance(value, str)}
    given |= {"GIT_HTTP_EXPORT_ALL": "1", "PATH_TRANSLATED": f"{repo.path}/.git{place}", "REMOTE_USER": ""}
    sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = subprocess.run([program / "git-http-backend"], input=sent, env=given, capture_output=True, check=True)
    head, _, body = answer.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().splitlines()]
    status = next((value for name, value in lines if name == "Status"), "200 OK")
    start(status, [(name, value) for name, value in lines if name != "Status"])
    return [body]


@pytest.fixture(params=["Dulwich", "Git"])
def served(request: pytest.FixtureRequest, repo: Repo) -> Iterator[str]:
    """The repository by HTTP, as a server of Git shows it: Dulwich's, and Git's own where it is installed."""
    if request.param == "Git" and shutil.which("git") is None:
        pytest.skip("no git on the PATH")

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    shown: dict[str, BackendRepo] = {"/mia/handbook.wiki.git": repo}
    app = partial(http_backend, repo) if request.param == "Git" else make_wsgi_chain(DictBackend(shown))
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"git+http://127.0.0.1:{server.server_port}/mia/handbook.wiki.git"
    server.shutdown()
    server.server_close()
    thread.join()


def update(index: Index, address: str, access: Access | None = None) -> SyncReport:
    return sync([address], index, MOST, access={address: access} if access else {})


def test_on_this_machine(index: Index, repo: Repo) -> None:
    """Each file with its last change, not what is hidden or around the pages; then only what a commit changed."""
    address, access = f"git+file://{repo.path}", Access(link="https://wiki.example/handbook/")
    report = update(index, address, access)
    assert sorted(report.added) == ["handbook/Home.md", "handbook/guides/Travel-policy.md"]
    assert report.left_out == {"left out by name": 1, "files of kinds that are not read": 1}
    home, travel = (index.article(name, ALL) for name in sorted(report.added))
    assert home
    assert travel
    assert (home.title, home.editor, home.updated) == ("Welcome", "Ann Berg", "2026-09-21")
    assert (travel.title, travel.text) == ("Travel policy", "Trips are paid by Oslo.")
    assert (travel.editor, travel.updated, len(travel.revision)) == ("Mia", "2026-09-26", 12)
    assert travel.url == "https://wiki.example/handbook/guides/Travel-policy"
    assert not update(index, address, access).anything
    folder = Path(repo.path)
    write(folder, {"New.md": "Fresh.", "Home.md": "# Welcome\n\nIt begins anew."})
    porcelain.remove(repo, [str(folder / "guides/Travel-policy.md")])
    commit(repo, "More", "Tom <t@x>", 20)
    report = update(index, address, access)
    assert (report.added, report.changed) == (["handbook/New.md"], ["handbook/Home.md"])
    assert report.removed == ["handbook/guides/Travel-policy.md"]
    assert index.article("handbook/Home.md", ALL).editor == "Tom"  # type: ignore[union-attr]


def test_over_the_network(index: Index, repo: Repo, served: str) -> None:
    """It is fetched once, and again only after a commit; a wiki's pages are linked as GitHub shows them."""
    report = update(index, served)
    assert len(report.added) == 2
    travel = next(one for one in index.library.articles(ALL) if one.title == "Travel policy")
    assert (travel.url.partition("/mia/")[2], travel.editor) == ("handbook/wiki/Travel-policy", "Mia")
    again = remote(served, Access())
    assert isinstance(again, Repository)
    assert not sync([again], index, MOST).anything
    assert again._repo is None  # what its server says of its HEAD was enough
    write(Path(repo.path), {"Home.md": "Nothing begins."})
    commit(repo, "Less", "Tom <t@x>", 30)
    assert [name.rpartition("/")[2] for name in update(index, served).changed] == ["Home.md"]


def test_what_is_none(tmp_path: Path, index: Index) -> None:
    """A folder without one, an empty one, another server, one that leads elsewhere, one that wants a password."""
    porcelain.init(str(tmp_path / "empty")).close()
    (tmp_path / "plain").mkdir()
    server = Server()
    try:
        for name in ("empty", "plain", "missing"):
            with pytest.raises(SourceError, match="is no Git repository with a commit in it; name another"):
                update(index, f"git+file://{tmp_path / name}")
        elsewhere = Server()
        elsewhere.acts = [say(b"", 404)]
        for act, said in (
            (say(b"<html>"), "does not answer as a Git server does"),
            (say(b"", 404), "is no Git repository"),
            (say(b"", 401), "refuses; check the user, the password"),
            (say(b"", 302, Location=f"{elsewhere.url}/x/info/refs?service=git-upload-pack"), "does not answer as"),
        ):
            server.acts = [act]
            with pytest.raises(SourceError, match=said):
                update(index, f"git+{server.url}/x.git")
        assert elsewhere.asked == []
        elsewhere.close()
        with pytest.raises(SourceError, match=r"does not tell who may read it; say it: --group NAME"):
            update(index, "git+https://mia@git.example/x.git", Access(password="secret"))
    finally:
        server.close()
