"""A file is written whole or not at all, and is private."""

import os
from pathlib import Path

import pytest
from article_assistant.index.disk import replacing


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    """The old content stays until the end; then the new one stands there, for its owner only, and nothing else."""
    path = tmp_path / "keys.json"
    path.write_text("old")
    with replacing(path) as file:
        file.write("né")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == "né".encode()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """Half a file never takes the place of a whole one, and no draft is left behind."""
    path = tmp_path / "keys.json"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_reaches_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut cannot leave the name on an empty file: content first, then the name, then the folder."""
    path = tmp_path / "keys.json"
    path.write_text("old")
    synced = list[tuple[int, str]]()
    real = os.fsync

    def noted(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, path.read_text()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with replacing(path) as file:
        file.write("new")
    assert synced == [(path.stat().st_ino, "old"), (tmp_path.stat().st_ino, "new")]
