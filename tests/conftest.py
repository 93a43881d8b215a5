"""What every test may rely on: where the shared things are, a browser, a server of vectors, no network but loopback."""

import ipaddress
import os
import shutil
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from article_assistant.memory import Memory
from hypothesis import HealthCheck, settings

from tests import browsers
from tests.chroma import Backend, Chroma

# A shell that starts the suite with an `&` makes it deaf to Ctrl-C, which some tests send and wait for.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine that does other work too is no reason for a test to fail.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

SHARED = Path(os.environ.get("ASSISTANT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
"""The folder with what tests share between checkouts; the one setting that says where it is."""

BROWSER_FLAGS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` plays whole what the suite plays a sample of."""
    parser.addoption("--long", action="store_true", help="all injected articles and hostile texts, not a sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What starts a browser or a server of vectors is marked as that; see the markers in pyproject.toml.

    What reads pictures with Tesseract is left out where there is none: it is an extra that the product lives without.
    """
    if shutil.which("tesseract") is None and (left := [one for one in items if one.get_closest_marker("tesseract")]):
        config.hook.pytest_deselected(items=left)
        items[:] = [one for one in items if one not in left]
    if os.environ.get("CI") == "true" and not (SHARED / "wikilab").is_dir():  # elsewhere they are skipped, and say why
        left = [one for one in items if one.get_closest_marker("lab")]
        config.hook.pytest_deselected(items=left)
        items[:] = [one for one in items if one not in left]
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if fixtures & {"browser", "browser_path", "playwright", "chroma"} or "server" in [str(one) for one in given]:
            item.add_marker("once")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, None]:
    """On CI a test that is skipped has not shown its promise, so it fails, with the reason."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure on CI: {report.longrepr[2]}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared folder, or the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared folder at {SHARED}; ASSISTANT_SHARED says where it is")
    return SHARED


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A memory of conversations that ends with the test."""
    with closing(Memory()) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser_path() -> str:
    """A Chromium or Chrome on the PATH, or the test is skipped."""
    if found := browsers.installed():
        return found
    pytest.skip("no chromium or google-chrome on the PATH")


@pytest.fixture(scope="session")
def browser_flags() -> list[str]:
    """How the browser starts: quiet, and without its sandbox only where root could not have one."""
    return [*BROWSER_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """Playwright, without browsers of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Any, browser_path: str, browser_flags: list[str]) -> Iterator[Any]:
    """One running browser; tests open contexts of their own in it.

    Names under `lab.test` lead to loopback, so that pages can stand on different sites.
    """
    running = playwright.chromium.launch(
        executable_path=browser_path,
        args=[*browser_flags, "--host-resolver-rules=MAP *.lab.test 127.0.0.1, MAP *.other.test 127.0.0.1"],
    )
    yield running
    running.close()


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    """A server of vectors that runs for all tests; nobody kills it."""
    running = Chroma(tmp_path_factory.mktemp("chroma"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="session", params=["folder", "server"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Where vectors are: in a folder, or at a server. What is promised of one is promised of the other."""
    if request.param == "folder":
        return lambda: None
    running: Chroma = request.getfixturevalue("chroma")
    return running.server


def _is_loopback(address: object) -> bool:
    """Whether a socket address stays on this machine: a path, or a loopback host."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that looks up or contacts anything but this machine, also when the code caught the error."""
    tried: list[object] = []

    def guarded(real: Callable[..., Any], place: int) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            address = arguments[place] if len(arguments) > place else None
            # getaddrinfo(None, …) asks for this machine's own addresses
            if address is not None and not _is_loopback(address if place else (address,)):
                tried.append(address)
                raise OSError(f"tests stay on this machine, not {address!r}")
            return real(*arguments, **named)

        return call

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect, 1))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex, 1))
    monkeypatch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, 0))
    yield
    assert not tried, f"something outside this machine was contacted: {tried}"
