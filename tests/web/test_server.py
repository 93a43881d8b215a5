"""`web.server`: the articles, the widget and the files are served, and the server starts and ends as promised."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from article_assistant.settings import Settings
from article_assistant.web import server as api
from article_assistant.web.listening import ServeError

from tests import served as web
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def served() -> Iterator[web.Served]:
    running = web.Served(web.scripted())
    yield running
    running.stop()


def test_article_is_shown_with_its_quote(served: web.Served) -> None:
    """`/article/<id>?start=&end=` is the article's page with these characters marked; nonsense marks nothing."""
    start = web.TEXT.index(web.QUOTE)
    page = httpx.get(f"{served.url}/article/ops/incident.md?start={start}&end={start + 4}", timeout=60)
    assert page.status_code == 200
    assert '<mark id="quote">Logs</mark>' in page.text
    for query in ("", "?start=x&end=-1", "?start=9&end=1", f"?start={10**30}&end={10**40}", "?start=²&end=³"):
        page = httpx.get(f"{served.url}/article/ops/incident.md{query}", timeout=60)
        assert page.status_code == 200
        assert "<mark" not in page.text


def test_unknown_article_is_a_plain_page(served: web.Served) -> None:
    """An article that is not there, or may not be read, is a page that says so."""
    page = httpx.get(f"{served.url}/article/none.md", timeout=60)
    assert page.status_code == 404
    assert "no such article" in page.text


def test_health_widget_and_files(served: web.Served) -> None:
    """Health is one JSON document; the widget may be loaded by other sites, our other files by our own only."""
    assert httpx.get(f"{served.url}/health", timeout=60).json() == {"status": "ok"}
    widget = httpx.get(f"{served.url}/widget.js", timeout=60)
    assert widget.headers["content-type"].startswith("text/javascript")
    assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
    style = httpx.get(f"{served.url}/files/page.css", timeout=60)
    assert style.headers["cross-origin-resource-policy"] == "same-origin"
    assert httpx.get(f"{served.url}/files/icon.svg", timeout=60).status_code == 404
    assert httpx.get(f"{served.url}/files/none.css", timeout=60).status_code == 404


def test_static_files_name_nothing_outside() -> None:
    """Neither style nor scripts fetch anything from another host."""
    for path in (ROOT / "assistant" / "web" / "static").glob("*.[cj]s*"):
        code = "\n".join(line for line in path.read_text().splitlines() if not line.strip().startswith("//"))
        assert "http://" not in code.replace("http://www.w3.org/2000/svg", "")  # the name of a kind, not an address
        assert "@import" not in code
        assert "url(" not in code


def test_public_address_needs_a_password() -> None:
    """Without a password only this machine is served; the refusal says in one line what to set."""
    for host in ("0.0.0.0", "192.0.2.1", "::", "chat.lab.test"):
        with pytest.raises(ServeError, match="password") as refused:
            api.serve_page(web.scripted(), Settings(host=host), lambda _: None)
        assert "\n" not in str(refused.value)
        assert "ASSISTANT_PASSWORD" in str(refused.value)


def test_port_in_use_says_what_to_type() -> None:
    """A port that is taken is one line with the command that works instead."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError) as refused:
            api.serve_page(web.scripted(), Settings(port=port), lambda _: None)
    assert str(refused.value) == f"port {port} is in use; type: assistant serve --port {port + 1}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_announces_itself_and_ends_cleanly(number: signal.Signals) -> None:
    """The address is announced once it answers; a signal ends the server within seconds, open streams too."""
    port = free_port()
    program = (
        "from article_assistant.web import server as api; from article_assistant.settings import Settings;"
        "from tests import served as web;"
        "slow = web.Scripted(web.scripted().articles, pause=0.4);"
        f"api.serve_page(slow, Settings(port={port}), lambda url: print(url, flush=True))"
    )
    # pieces of an answer come every 0.4 seconds, so that the signal meets one on its way
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert url == f"http://127.0.0.1:{port}/"
            assert httpx.get(f"{url}health", timeout=60).status_code == 200
            with httpx.Client(base_url=url, timeout=60) as person, web.asking(person, "tab1", "Question?") as stream:
                assert any("Reading 6 passages" in text for text in stream.iter_text())
                process.send_signal(number)
                out, errors = process.communicate(timeout=60)
            assert out == ""
            assert "Traceback" not in errors
            assert process.returncode == 0
        finally:
            process.kill()


def test_an_idle_server_rests() -> None:
    """Gradio's queue looks often for questions while the page is used and seldom otherwise, by what it is set to: its
    own 1,000 times a second take a twentieth of a core while nobody asks. Then it gives memory back, once; what a long
    answer held is given back after its end."""
    program = (
        "import asyncio, httpx; from article_assistant.web import attention, routes;"
        "from gradio.queueing import Queue; queue = Queue(False, 1, 1, None, None);"
        "rested = lambda: print('rested');"
        "lasts = [0.01];"
        "app = attention.Attention(lambda *_: asyncio.sleep(lasts[0]), queue, used=0.2, rest=rested);"
        "told = lambda: print(queue.sleep_when_free, queue.progress_update_sleep_when_free);"
        "see = lambda path, method='POST': app({'type': 'http', 'path': path, 'method': method}, None, None)\n"
        "async def used():\n"
        " told(); await see('/health', 'GET'); await asyncio.sleep(0.4); told()\n"
        " await see(routes.EVENT.path); told()\n"
        " await asyncio.sleep(0.4); told()\n"
        " await see(routes.ASK.path); told(); await asyncio.sleep(0.4)\n"
        " lasts[0] = 0.4; await see(routes.ASK.path); print('ended'); await asyncio.sleep(0.4)\n"
        "asyncio.run(used())"
    )
    command, quiet = [sys.executable, "-c", program], {**os.environ, "PYTHONWARNINGS": "ignore"}
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=quiet, check=True).stdout
    lines = said.splitlines()
    rests = [at for at, line in enumerate(lines) if line == "rested"]
    looks = [line.split() for line in lines if line not in ("rested", "ended")]
    assert [float(often) for often, _ in looks] == [0.25, 0.25, 0.02, 0.25, 0.25]
    assert all(float(progress) >= 1.0 for _, progress in looks)
    assert (rests, lines.index("ended")) == ([3, 6, 7, 9], 8)
