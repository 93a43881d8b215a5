"""`web.keys` and its commands: a key is shown once, kept as a digest, and opens until it is removed."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from article_assistant.index.types import EVERYONE
from article_assistant.types import User
from article_assistant.web import keys


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`assistant key …` as somebody types it."""
    return subprocess.run(
        [Path(sys.executable).parent / "assistant", "--home", home, "key", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )


def test_a_key_is_kept_as_its_digest_alone(tmp_path: Path) -> None:
    """What lies in the home cannot be used as a key, and only its owner may read it."""
    secret = keys.issue(tmp_path / "home", "wiki-bot")
    assert secret.startswith(keys.PREFIX)
    assert len(secret) > len(keys.PREFIX) + 40
    for path in (tmp_path / "home").iterdir():
        assert secret.removeprefix(keys.PREFIX) not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_key_asks_in_its_own_name_for_its_groups(tmp_path: Path) -> None:
    """Who brings a key is that key's user, with the groups it was made for; by default that of everyone."""
    open_to_all, staff = keys.issue(tmp_path, "bot"), keys.issue(tmp_path, "staff.bot", ["staff", "board", "staff"])
    held = keys.Keys(tmp_path)
    assert held.user(open_to_all) == User("key:bot", frozenset({EVERYONE}))
    assert held.user(staff) == User("key:staff.bot", frozenset({"staff", "board"}))
    for wrong in ("", keys.PREFIX, open_to_all[:-1], open_to_all + "x", "Ä\udc80", json.loads(
        (tmp_path / keys.KEY_FILE).read_text())["keys"][0]["sha256"]):  # fmt: skip
        assert held.user(wrong) is None


def test_who_holds_the_keys_knows_at_once(tmp_path: Path) -> None:
    """A key that is made or removed counts from the next look, without a restart; so does a file put in its place."""
    held = keys.Keys(tmp_path)
    assert held.user(keys.PREFIX) is None
    first = keys.issue(tmp_path, "first")
    assert held.user(first)
    second = keys.issue(tmp_path, "second")
    keys.revoke(tmp_path, "first")
    assert held.user(first) is None
    assert held.user(second)
    (tmp_path / keys.KEY_FILE).unlink()
    assert held.user(second) is None


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"keys": [{}]}', '{"keys": 3}', "\xff"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where the keys cannot be read there is none; the log and the commands say so in one line with what to do."""
    secret = keys.issue(tmp_path, "bot")
    (tmp_path / keys.KEY_FILE).write_text(damaged, encoding="latin-1")
    held = keys.Keys(tmp_path)
    assert held.user(secret) is None
    assert held.user(secret) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    for use in (
        lambda: keys.issue(tmp_path, "b"),
        lambda: keys.revoke(tmp_path, "bot"),
        lambda: keys.stored(tmp_path),
    ):
        with pytest.raises(keys.KeyFileError, match="remove it and make new keys"):
            use()
    assert (tmp_path / keys.KEY_FILE).read_text(encoding="latin-1") == damaged


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "ä", "x" * 65, "a\n"])
def test_a_name_is_plain(tmp_path: Path, name: str) -> None:
    """A name that could not be typed or shown plainly is refused, and nothing is kept."""
    with pytest.raises(keys.KeyFileError, match="is not a valid key name"):
        keys.issue(tmp_path, name)
    assert not keys.stored(tmp_path)


def test_a_name_is_used_once(tmp_path: Path) -> None:
    """A second key of a name is refused, and so is the removal of a key that is not there; the first one stays."""
    secret = keys.issue(tmp_path, "bot")
    with pytest.raises(keys.KeyFileError, match="assistant key remove bot"):
        keys.issue(tmp_path, "bot", ["staff"])
    with pytest.raises(keys.KeyFileError, match="assistant key list"):
        keys.revoke(tmp_path, "cot")
    with pytest.raises(keys.KeyFileError, match="leave --group out"):
        keys.issue(tmp_path, "cot", [""])
    assert keys.Keys(tmp_path).user(secret)


def test_many_at_once_lose_no_key(tmp_path: Path) -> None:
    """Keys that are made at the same time are all there, and the file is whole whenever it is read."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: (keys.issue(tmp_path, f"bot{number}"), keys.stored(tmp_path)), range(40)))
    held = keys.Keys(tmp_path)
    assert {user.name for secret, _ in made if (user := held.user(secret))} == {f"key:bot{n}" for n in range(40)}


def test_what_a_killed_run_left_is_no_hindrance(tmp_path: Path) -> None:
    """A draft that was not finished neither counts nor keeps others from making keys."""
    secret = keys.issue(tmp_path, "bot")
    (tmp_path / f"{keys.KEY_FILE}.new").write_text('{"keys": [')
    assert keys.Keys(tmp_path).user(secret)
    keys.issue(tmp_path, "other")
    assert [key.name for key in keys.stored(tmp_path)] == ["bot", "other"]
    assert not (tmp_path / f"{keys.KEY_FILE}.new").exists()


def test_the_commands_make_list_and_remove(tmp_path: Path) -> None:
    """`key new` prints the key and nothing else, `key list` everything but the key, `key remove` ends it."""
    made = command(tmp_path, "new", "wiki-bot", "--group", "staff", "--group", "board")
    assert (made.returncode, made.stderr) == (0, "")
    secret = made.stdout.rstrip("\n")
    assert keys.Keys(tmp_path).user(secret) == User("key:wiki-bot", frozenset({"staff", "board"}))
    listed = command(tmp_path, "list").stdout
    assert listed.startswith("wiki-bot: staff, board, made 20")
    assert secret not in listed
    (shown,) = json.loads(command(tmp_path, "list", "--json").stdout)["keys"]
    assert shown["groups"] == ["staff", "board"]
    assert set(shown) == {"name", "groups", "made"}
    assert command(tmp_path, "remove", "wiki-bot").returncode == 0
    assert keys.Keys(tmp_path).user(secret) is None
    assert "assistant key new NAME" in command(tmp_path, "list").stdout
    again = command(tmp_path, "remove", "wiki-bot")
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
