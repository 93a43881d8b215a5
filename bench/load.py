"""A served page under load on this machine: open conversations, a burst, clients that vanish, streams of a writer.

Everything is on loopback, over the articles of seeds/, at `/v1/ask` with nobody bounded (`asks_a_minute` and
`asks_at_once` are 0), so that one machine can play many people. Prints a table of what is wanted and what was
measured, and exits with 1 where something wanted was missed.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from bench import report
from bench.cold import COMMAND, ROOT
from tests.ports import free_port

QUESTIONS = tuple(
    one["question"]
    for one in map(json.loads, (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    if one["answers"]
)
"""What is asked, at random; what was asked before costs less."""
WARM = 5
"""Questions before anything is measured."""
BUSY = 429
SEED = 7
FILES = 8192
"""Open files that the server and this process need, two for each client."""
SETTLES = 120.0
"""Maximum seconds until nothing is held any more for clients that are gone."""
SPARE = 4
"""Threads and open files more that are no leak: pools of the server make some the first time that they are needed."""
CALM, QUIET = 10.0, 0.02
"""Seconds in which a server that has loaded everything takes less than this share of a core."""
GROWS = 32.0
"""Megabytes by which a process may be larger once it rests: what its allocator keeps."""
WRITTEN = "The words of the scripted writer come one by one".split()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its status (0 for none), seconds to the status and to the first `words`, whether it ended whole."""

    status: int = 0
    told: float = 0.0
    first: float = 0.0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    wanted: str
    measured: str
    kept: bool


@dataclass(slots=True)
class Server:
    """A server of the product in a process of its own."""

    port: int
    pid: int
    begun: float = field(default_factory=time.monotonic)

    def cpu(self) -> float:
        """Seconds of a core taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def held(self) -> dict[str, int]:
        """Threads, kilobytes of memory and open files."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        facts = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        files = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
        return {"threads": int(facts["Threads"][0]), "kilobytes": int(facts["VmRSS"][0]), "files": files}


async def asked(port: int, question: str, conversation: str) -> Asked:
    """Ask and read the answer to its end."""
    began, status, told, first, whole = time.perf_counter(), 0, 0.0, 0.0, False
    try:
        async with _connected(port, question, conversation) as reader:
            status = int((await reader.readline()).split()[1])
            told = time.perf_counter() - began
            async for line in reader:
                if line == b"event: words\n" and not first:
                    first = time.perf_counter() - began
                whole = whole or line == b"event: answer\n"
    except (OSError, IndexError, ValueError, asyncio.IncompleteReadError):
        return Asked(0, told, first)
    return Asked(status, told, first, whole)


@asynccontextmanager
async def _connected(port: int, question: str, conversation: str) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which this question has been asked."""
    body = json.dumps({"question": question, "conversation": conversation, "stream": True}).encode()
    head = f"POST /v1/ask HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        yield reader
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def idle(server: Server, seconds: float) -> Row:
    """What a server takes of a core to which nobody speaks, once it has loaded everything."""
    began, before = time.monotonic(), -CALM
    while (now := server.cpu()) - before >= CALM * QUIET and time.monotonic() - began < SETTLES:
        before = now
        await asyncio.sleep(CALM)
    before = server.cpu()
    await asyncio.sleep(seconds)
    share = (server.cpu() - before) / seconds
    return Row("idle server, share of a core", "< 0.5 %", f"{share:.2%} over {seconds:.0f} s", share < 0.005)


async def conversations(server: Server, people: int, every: float, minutes: float) -> list[Row]:
    """One who asks alone, then so many at random, each every so many seconds."""
    chance = random.Random(SEED)
    for _ in range(WARM):
        await asked(server.port, chance.choice(QUESTIONS), "warm")
    alone = [await asked(server.port, chance.choice(QUESTIONS), "alone") for _ in range(people // 2 + 10)]
    until = time.monotonic() + minutes * 60

    async def person(number: int) -> list[Asked]:
        found = []
        await asyncio.sleep(chance.uniform(0, every))
        while time.monotonic() < until:
            found.append(await asked(server.port, chance.choice(QUESTIONS), f"person {number}"))
            await asyncio.sleep(min(chance.uniform(0, 2 * every), max(until - time.monotonic(), 0)))
        return found

    many = [one for each in await asyncio.gather(*map(person, range(people))) for one in each]
    single, crowd = _p95([one.first for one in alone]), _p95([one.first for one in many])
    wrong = sum(not one.whole for one in (*alone, *many))
    what = f"{people} conversations, a question every {every:.0f} s each"
    return [
        Row(f"{what}: errors", "0", f"{wrong} of {len(many) + len(alone)}", not wrong),
        Row(
            f"{what}: first words, p95", "≤ 3 × alone", f"{crowd:.3f} s, alone {single:.3f} s", crowd <= 3 * single
        ),
    ]  # fmt: skip


async def burst(server: Server, size: int) -> list[Row]:
    """So many questions at the same moment."""
    questions = enumerate(islice(cycle(QUESTIONS), size))
    found = await asyncio.gather(*(asked(server.port, question, f"burst {n}") for n, question in questions))
    refused = [one.told for one in found if one.status == BUSY]
    admitted = [one for one in found if one.status == 200]
    other = Counter(one.status for one in found if one.status not in (200, BUSY))
    slowest, first = max(refused, default=0.0), _p95([one.first for one in admitted])
    return [
        Row(
            f"burst of {size}: refused within a second", "all",
            f"{sum(told <= 1 for told in refused)} of {len(refused)}, p95 {_p95(refused):.2f} s, last {slowest:.2f} s",
            slowest <= 1,
        ),
        Row(f"burst of {size}: neither answered nor refused", "0", f"{dict(other) or 0}", not other),
        Row(
            f"burst of {size}: answered whole of those admitted", "all",
            f"{sum(one.whole for one in admitted)} of {len(admitted)}, first words p95 {first:.2f} s",
            bool(admitted) and all(one.whole for one in admitted),
        ),
    ]  # fmt: skip


async def vanished(server: Server, clients: int, seconds: float) -> list[Row]:
    """Clients that send half a request, that leave at the first byte, and that take nothing of what is sent."""

    async def half() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /v1/ask HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")
        await asyncio.sleep(seconds)
        writer.close()

    async def leaves() -> None:
        async with _connected(server.port, QUESTIONS[0], "gone") as reader:
            await reader.read(1)

    async def takes_nothing() -> None:
        async with _connected(server.port, QUESTIONS[1], "slow"):
            await asyncio.sleep(seconds)

    async def come(number: int, over: float) -> None:
        await asyncio.sleep(number * over)
        with suppress(OSError):
            await (half, leaves, takes_nothing)[number % 3]()

    await asyncio.gather(*(come(number, 0.1) for number in range(12)))
    await asyncio.sleep(5)
    before = server.held()
    await asyncio.gather(*(come(number, seconds / clients) for number in range(clients)))
    began, most = time.monotonic(), server.held()
    took = 0.0
    while (now := server.held())["threads"] > before["threads"] + SPARE and took < SETTLES:
        await asyncio.sleep(0.5)
        took = time.monotonic() - began
    rested = took
    while (now["kilobytes"] - before["kilobytes"]) / 1024 > GROWS and rested < SETTLES:
        await asyncio.sleep(5)
        now, rested = server.held(), time.monotonic() - began
    grown = (now["kilobytes"] - before["kilobytes"]) / 1024
    what = f"{clients} slow or vanished clients"
    return [
        Row(
            f"{what}: threads afterwards", f"≤ {before['threads'] + SPARE}",
            f"{now['threads']} after {took:.0f} s ({most['threads']} as the last left)",
            now["threads"] <= before["threads"] + SPARE,
        ),
        Row(f"{what}: open files afterwards", f"≤ {before['files'] + SPARE}", f"{now['files']}",
            now["files"] <= before["files"] + SPARE),
        Row(f"{what}: memory", f"+ ≤ {GROWS:.0f} MB", f"{grown:+.0f} MB after {rested:.0f} s", grown <= GROWS),
    ]  # fmt: skip


async def streams(server: Server, people: int, over: float) -> list[Row]:
    """So many answers that a language model is writing at the same time, begun at random within so many seconds."""
    chance = random.Random(SEED)
    at_once, most = 0, 0

    async def person(number: int) -> Asked:
        nonlocal at_once, most
        await asyncio.sleep(chance.uniform(0, over))
        at_once += 1
        most = max(most, at_once)
        try:
            return await asked(server.port, QUESTIONS[number % len(QUESTIONS)], f"stream {number}")
        finally:
            at_once -= 1

    found = await asyncio.gather(*map(person, range(people)))
    wrong, first = sum(not one.whole for one in found), _p95([one.first for one in found])
    return [
        Row(f"{people} streams of a writer, begun within {over:.0f} s: open at once", f"{people}", f"{most}",
            most == people),
        Row(f"{people} streams of a writer: errors", "0", f"{wrong}", not wrong),
        Row(f"{people} streams of a writer: first words, p95", "≤ 1 s", f"{first:.3f} s", first <= 1),
    ]  # fmt: skip


@asynccontextmanager
async def writer(seconds: float) -> AsyncIterator[int]:
    """The port of a language model that takes so many seconds to write one sentence, a word a second."""

    async def write(reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            out.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            for second in range(int(seconds)):
                out.write(_piece(WRITTEN[second % len(WRITTEN)] + " "))
                await out.drain()
                await asyncio.sleep(1)
            out.write(_piece("indeed.", "stop") + b"data: [DONE]\n\n")
            await out.drain()
        out.close()

    port = free_port()
    async with await asyncio.start_server(write, "127.0.0.1", port, backlog=FILES):
        yield port


def _piece(text: str, ends: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": ends}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


@contextmanager
def served(home: str, **given: str) -> Iterator[Server]:
    """A server of the library in a folder, with these settings."""
    port = free_port()
    given |= {"home": home, "port": str(port), "asks_a_minute": "0", "asks_at_once": "0"}
    environment = os.environ | {f"ASSISTANT_{name.upper()}": value for name, value in given.items()}
    process = subprocess.Popen([sys.executable, "-c", COMMAND, "serve"], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()  # the address, once the page answers
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(SETTLES)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def measured(home: str, size: argparse.Namespace) -> AsyncIterator[Row]:
    """Every row, as it is measured."""
    with served(home) as server:
        yield await idle(server, size.idle)
        for row in await conversations(server, size.people, size.every, size.minutes):
            yield row
        for row in await burst(server, size.burst):
            yield row
    over = size.people * 0.6  # as often as in the conversations
    async with writer(over * 1.5) as port:
        with served(home, llm="openai-like/scripted", llm_url=f"http://127.0.0.1:{port}/v1") as server:
            for row in await vanished(server, size.people * 3 // 2, over):
                yield row
            for row in await streams(server, size.people, over):
                yield row


async def _told(rows: AsyncIterator[Row]) -> list[Row]:
    """The rows, each said on standard error as it comes."""
    found = []
    async for row in rows:
        found.append(row)
        sys.stderr.write(f"{row.what}: {row.measured}\n")
    return found


def _p95(seconds: list[float]) -> float:
    """Of what came: a refusal has no words."""
    came = [one for one in seconds if one]
    return float(np.percentile(came, 95)) if came else 0.0


def main() -> None:
    """Index, serve, measure, print."""
    parser = argparse.ArgumentParser(description=f"{__doc__} Takes about ten minutes beside --minutes.")
    parser.add_argument("--people", type=report.positive, default=200, metavar="N", help="conversations, and streams")
    parser.add_argument("--every", type=float, default=120.0, metavar="S", help="seconds between a person's questions")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M", help="how long the conversations last")
    parser.add_argument("--burst", type=report.positive, default=2000, metavar="N", help="questions at one moment")
    parser.add_argument("--idle", type=float, default=60.0, metavar="S", help="seconds in which nobody speaks")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    size = parser.parse_args()
    report.offline()
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    facts = report.machine()
    with tempfile.TemporaryDirectory(prefix="load-") as home:
        index = [sys.executable, "-c", COMMAND, "index", "--home", home, str(ROOT / "seeds")]
        subprocess.run(index, check=True, stdout=subprocess.DEVNULL)
        rows = asyncio.run(_told(measured(home, size)))
    if size.json:
        sys.stdout.write(json.dumps({"machine": facts, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    else:
        lines = [f"| {row.what} | {row.wanted} | {row.measured} | {'yes' if row.kept else 'NO'} |" for row in rows]
        head = [report.machine_line(facts), "", "| what | wanted | measured | kept |", "|---|---|---|---|"]
        sys.stdout.write("\n".join([*head, *lines]) + "\n")
    if not all(row.kept for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
