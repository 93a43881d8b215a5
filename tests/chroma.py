"""A real server of vectors on loopback."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from article_assistant.index.remote import Server

from tests.ports import free_port

Backend = Callable[[], Server | None]
"""Makes what an index is opened with: nothing for a store in its folder, or a server."""
START = 60.0
"""Seconds that a server may take to start."""


class Chroma:
    """A server started by the command that comes with Chroma, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        command = Path(sys.executable).with_name("chroma")
        found = str(command) if command.is_file() else shutil.which("chroma")
        if found is None:
            pytest.skip("the command chroma, which comes with chromadb, is not there")
        port = free_port()
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self._command = [found, "run", "--path", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None

    def server(self) -> Server:
        return Server(self.address)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self.folder, stdout=log, stderr=log)
        end = time.monotonic() + START
        while time.monotonic() < end and self._process.poll() is None:
            try:
                httpx.get(f"{self.address}/api/v2/heartbeat", trust_env=False, timeout=60).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"the server did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
