"""`assistant serve` as a process of its own, with the shipped networks."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx

from tests.parts import write
from tests.ports import free_port

COMMAND = [sys.executable, "-c", "from article_assistant.cli.main import main; main()"]


def test_a_server_that_is_reading_ends_cleanly(tmp_path: Path) -> None:
    """Told to end while it answers, with questions in line and examples being tried: exit code 0, no word of it.

    A thread inside a network while Python ends would abort the process.
    """
    articles: dict[str, str | bytes] = {
        f"{n}.md": f"# Ship {n}\n\n" + f"The Tern {n} left Oslo at noon with salt. " * 60 for n in range(6)
    }
    folder, port = write(tmp_path / "docs", articles), free_port()
    environment = os.environ | {"ASSISTANT_HOME": str(tmp_path / "home"), "ASSISTANT_PORT": str(port)}
    subprocess.run([*COMMAND, "index", str(folder)], check=True, capture_output=True, env=environment)

    def ask(number: int) -> None:
        with suppress(httpx.HTTPError):
            question = {"question": f"When did the Tern {number} leave Oslo?"}
            httpx.post(f"http://127.0.0.1:{port}/v1/ask", json=question, timeout=120)

    with subprocess.Popen(
        [*COMMAND, "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout
            assert str(port) in server.stdout.readline()
            with ThreadPoolExecutor(8) as people:
                asked = [people.submit(ask, number) for number in range(8)]
                asked[0].add_done_callback(lambda _: server.send_signal(signal.SIGTERM))
                _, errors = server.communicate(timeout=300)
            assert (server.returncode, errors) == (0, "")
        finally:
            server.kill()
