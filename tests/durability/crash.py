"""Is anything lost or half visible when the program, the disk or the machine dies?

Each trial plays a small history of a library (`tests.durability.history`) in a process of its own, which a fault
ends or troubles, and then checks in another process that all that was acknowledged is found, nothing is
half there, and the rest of the history can be played. The kinds of faults:

  kill      SIGKILL at random moments
  syscall   SIGKILL at every write-type system call, one by one
  error     every such call failing once with ENOSPC, and with EIO
  damage    each file of a store emptied, overwritten with zeros or deleted, while it serves and while it rests
  power     the image of a file system copied at each acknowledgement, and mounted as after a power cut

`syscall` and `error` need strace, `power` a loop device and the rights to mount.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, UserFacingError

from bench import report
from tests.durability import history

CALLS = (
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat",
    "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "sendfile", "copy_file_range", "msync",
)  # fmt: skip
"""System calls that change what is on the disk."""
STILL = 8.0
"""Seconds after which it is looked for why a trial does not end; one takes about a second."""
IN_MEMORY = re.compile(r"\(\d+<(?:anon_inode|pipe|socket):[^\n]*INJECTED")
"""A call that was made to fail, though it writes to no file."""

MEMORY = "/dev/shm"  # noqa: S108 -- only where it is; a folder of its own is made in it


def forked(work: Callable[[], object]) -> int:
    """A process that does `work`, forked from this one, which has imported all that it needs.

    This one must never have opened an index: the threads of Chroma do not survive a fork.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class Trial:
    """The history played in `home` by a process of its own; `acknowledged` counts the steps it said were done."""

    def __init__(self, home: Path, wait: bool = False) -> None:
        """Begin, stopped if told to `wait` until somebody continues it."""
        self._read, write = os.pipe()

        def work() -> None:
            os.close(self._read)
            if wait:
                os.kill(os.getpid(), signal.SIGSTOP)
            # Whatever it says belongs to the fault, not to the report.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            history.play(home, 0, lambda number: os.write(write, bytes([number])))

        self.pid = forked(work)
        os.close(write)

    def acknowledged(self) -> int:
        """Wait for the end; how many steps were said to be done."""
        said = b""
        while block := os.read(self._read, 4096):
            said += block
        os.close(self._read)
        os.waitpid(self.pid, 0)
        return len(said)


def apart(work: Callable[[], list[str]]) -> list[str]:
    """The problems that `work` finds, in a process of its own; that it died is one, too."""
    read, write = os.pipe()
    child = forked(lambda: os.write(write, "\n".join(work()).encode()))
    os.close(write)
    said = b""
    while block := os.read(read, 65536):
        said += block
    os.close(read)
    _, status = os.waitpid(child, 0)
    return said.decode().splitlines() or ([f"the process died ({status})"] if status else [])


def checked(home: Path, acknowledged: int) -> list[str]:
    """What is wrong in `home`; where nothing is, the rest is played and checked, too."""

    def work() -> list[str]:
        if problems := history.check(home, acknowledged):
            return problems
        history.play(home, acknowledged, lambda _: None)
        return [f"when played to its end: {one}" for one in history.check(home, len(history.history()))]

    return apart(work)


@contextmanager
def place() -> Iterator[Path]:
    """A folder for a trial, in memory where there is such a place: what a process wrote outlives it there, too."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crash-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def kill(trials: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """SIGKILL after a random time, up to a little more than the whole history takes."""
    chance = random.Random(seed)
    with place() as home:
        began = time.monotonic()
        Trial(home).acknowledged()
        lasts = time.monotonic() - began
    for number in range(trials):
        with place() as home:
            trial = Trial(home)
            time.sleep(chance.uniform(0, lasts * 1.05))
            with suppress(ProcessLookupError):
                os.kill(trial.pid, signal.SIGKILL)
            done = trial.acknowledged()
            yield f"kill {number} after {done} steps", checked(home, done)


def traced(home: Path, *options: str) -> tuple[int, str, bool]:
    """Play the history under strace; steps acknowledged, what strace wrote, and whether it had to be ended.

    That is where a call failed that no disk makes fail, and all stands still: threads wake each other by writing
    into a descriptor in memory. Where only files were troubled, it may take ten times as long.
    """
    record = home.parent / f"{home.name}.strace"
    trial = Trial(home, wait=True)
    began, ended_by_force = time.monotonic(), False
    tracer = subprocess.Popen(
        ["strace", "-f", "-y", "-q", "-qq", "-o", str(record), *options, "-p", str(trial.pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while tracer.poll() is None and "TracerPid:\t0\n" in Path(f"/proc/{trial.pid}/status").read_text():
        time.sleep(0.002)
    ended = threading.Event()

    def go_on() -> None:
        nonlocal ended_by_force
        # Again and again: one that comes while strace attaches may be lost, and the trial would stand for ever.
        while not ended.is_set():
            late = time.monotonic() - began
            stands = late > STILL and (late > 10 * STILL or bool(IN_MEMORY.search(record.read_text(errors="replace"))))
            ended_by_force |= stands
            with suppress(ProcessLookupError):
                os.kill(trial.pid, signal.SIGKILL if stands else signal.SIGCONT)
            ended.wait(0.5)

    going = threading.Thread(target=go_on)
    going.start()
    done = trial.acknowledged()
    ended.set()
    going.join()
    tracer.wait()
    text = record.read_text(errors="replace")
    record.unlink()
    return done, text, ended_by_force


def calls() -> dict[str, int]:
    """Each write-type call with the most times that one thread made it; strace counts by thread."""
    with place() as home:
        _, text, _ = traced(home / "home", "-e", f"trace={','.join(CALLS)}")
    counted: Counter[tuple[str, str]] = Counter()
    for line in text.splitlines():
        thread, _, rest = line.partition(" ")
        name = rest.strip().partition("(")[0]
        if name in CALLS:
            counted[thread, name] += 1
    return {name: max(n for (_, called), n in counted.items() if called == name) for _, name in counted}


def syscall(every: int, faults: list[str]) -> Iterator[tuple[str, list[str]]]:
    """A fault (`signal=KILL`, `error=ENOSPC`) at every n-th of each write-type call, one trial each."""
    found = calls()
    report.say(f"write-type calls, the most of one thread: {found}")
    for fault in faults:
        for name, most in found.items():
            for number in range(1, most + 1, every):
                with place() as folder:
                    home = folder / "home"
                    options = ("-e", f"trace={name}", "-e", f"inject={name}:{fault}:when={number}")
                    done, text, stood = traced(home, *options)
                    called = f"{name} {number}: {fault}, after {done} steps"
                    if stood and IN_MEMORY.search(text):
                        report.say(f"{called}: not counted, a thread could not wake another")
                        continue
                    yield called, ["it stood still"] if stood else checked(home, done)


HARMS: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: os.truncate(path, 0),
    "halved": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "deleted": lambda path: path.unlink(),
}


def damage() -> Iterator[tuple[str, list[str]]]:
    """Harm each file of a finished store, while an index serves from it and while none does."""
    steps = len(history.history())
    with place() as folder:
        home = folder / "home"
        Trial(home).acknowledged()
        files = [path.relative_to(home) for path in home.rglob("*") if path.is_file() and path.stat().st_size]
        random.Random(0).shuffle(files)  # a few of the trials show something of everything
        for name in files:
            for harm, do in HARMS.items():
                for serving in (False, True):
                    copy = folder / "copy"
                    shutil.copytree(home, copy)
                    problems = _harmed(copy, name, do, serving, steps)
                    yield f"{name} {harm} while it {'serves' if serving else 'rests'}", problems
                    shutil.rmtree(copy)


def _harmed(home: Path, name: Path, do: Callable[[Path], object], serving: bool, steps: int) -> list[str]:
    """The truth itself may be refused when it is harmed, but never answer wrongly; all else must go on."""
    truth = name.name.startswith("library.sqlite3")

    def work() -> list[str]:
        index = Index.open(home, history.Marks(), mends=serving) if serving else None
        if index:
            index.find("mark0r1", frozenset({EVERYONE}), 3)
        do(home / name)
        try:
            index = index or Index.open(home, history.Marks())
            problems = history.problems_of(index, history.Marks(), steps, time.monotonic())
            index.close()
        except Exception as error:
            problems = [f"refused: {error}"]
        return [] if truth and all(one.startswith("refused:") for one in problems) else problems

    return apart(work)


def power(times: int) -> Iterator[tuple[str, list[str]]]:
    """Copy the image of a mounted file system right after each acknowledgement, and check the copy."""
    for time_ in range(times):
        with place() as folder:
            image, mount = folder / "image", folder / "mount"
            mount.mkdir()
            with image.open("wb") as file:
                file.truncate(96 << 20)
            _run("mkfs.ext4", "-q", str(image))
            _run("mount", "-o", "loop", str(image), str(mount))
            copies = list[Path]()
            try:
                read, write = os.pipe()
                go, went = os.pipe()

                def work(read: int = read, write: int = write, go: int = go, mount: Path = mount) -> None:
                    os.close(read)
                    history.play(mount / "home", 0, lambda _: os.write(write, b"x") and os.read(go, 1))

                child = forked(work)
                os.close(write)
                while os.read(read, 1):
                    copies.append(folder / f"copy-{len(copies) + 1}")
                    _run("cp", "--sparse=always", str(image), str(copies[-1]))
                    os.write(went, b"x")
                os.waitpid(child, 0)
                for descriptor in (read, go, went):
                    os.close(descriptor)
            finally:
                _run("umount", str(mount))
            for done, copy in enumerate(copies, 1):
                _run("mount", "-o", "loop", str(copy), str(mount))
                try:
                    yield f"power cut {time_} after {done} steps", checked(mount / "home", done)
                finally:
                    _run("umount", str(mount))
                    copy.unlink()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserFacingError(f"{' '.join(command)} failed: {done.stderr.strip()}; leave this kind of fault out")


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "see --kinds")
    kinds = ("kill", "syscall", "error", "damage", "power")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=list(kinds), help="which faults")
    parser.add_argument("--kills", type=report.positive, default=2_000, metavar="N", help="random kills")
    parser.add_argument("--cuts", type=report.positive, default=3, metavar="N", help="histories with power cuts")
    parser.add_argument("--every", type=report.positive, default=1, metavar="N", help="every n-th call only")
    parser.add_argument("--most", type=report.positive, metavar="N", help="trials of each kind")
    parser.add_argument("--due", type=float, default=history.due, metavar="SECONDS", help="of a first answer")
    parser.add_argument("--seed", type=int, default=0, help="which moments")
    given = parser.parse_args()
    history.due = given.due
    facts = report.machine()
    if {"syscall", "error"} & set(given.kinds) and not shutil.which("strace"):
        raise UserFacingError("strace is not installed; install it, or leave the kinds syscall and error out")
    trials: dict[str, Iterator[tuple[str, list[str]]]] = {
        "kill": kill(given.kills, given.seed),
        "syscall": syscall(given.every, ["signal=KILL"]),
        "error": syscall(given.every, ["error=ENOSPC", "error=EIO"]),
        "damage": damage(),
        "power": power(given.cuts),
    }
    rows, wrong = [], list[str]()
    for kind in given.kinds:
        count, failed, began = 0, 0, time.monotonic()
        for name, problems in islice(trials[kind], given.most):
            count += 1
            if problems:
                failed += 1
                wrong.append(f"{name}: {'; '.join(problems)}")
                report.say(wrong[-1])
            if count % 100 == 0:
                report.say(f"{kind}: {count} trials, {failed} of them wrong")
        rows.append([kind, f"{count:,}", str(failed), f"{time.monotonic() - began:.0f}"])
    body = [report.table(["fault", "trials", "wrong", "seconds"], rows), "\n".join(wrong)]
    report.write(given.out, "crash", "Faults", facts, body, {"wrong": wrong, "rows": rows})
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    report.run(main)
