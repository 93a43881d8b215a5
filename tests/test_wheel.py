"""The wheel: one package with its data, and nothing of the workshop."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built without the network from a copy."""
    place = tmp_path_factory.mktemp("wheel")
    hidden = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "links", "*.egg-info")
    shutil.copytree(ROOT, place / "clone", ignore=hidden)
    command = ["-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(place)]
    built = subprocess.run(
        [sys.executable, *command], cwd=place / "clone", capture_output=True, text=True, check=False,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = place.glob("article_assistant-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_carries_what_the_program_reads(wheel: zipfile.ZipFile) -> None:
    """Page, widget, graphs, weights and words are inside, byte for byte, and so is every module."""
    needed = {
        "web/static/page.css", "web/static/page.js", "web/static/widget.js", "web/templates/conversation.html",
        "models/reader.onnx", "models/judge.onnx", "models/judge.safetensors", "models/judge.json",
        "models/sentences.json", "models/support.json",
        "index/models/minilm-l6.onnx", "index/models/minilm-l6.json",
        "prompts/refused.txt", "prompts/write.txt",
    }  # fmt: skip
    assert {f"article_assistant/{name}" for name in needed} <= set(wheel.namelist())
    for folder in ("assistant", "index", "prompts"):
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT).as_posix()
            name = f"article_assistant/{inside.removeprefix('assistant/')}"
            if path.is_file() and "__pycache__" not in name:
                assert wheel.read(name) == path.read_bytes(), name


def test_the_wheel_carries_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Tests, benchmarks, training and samples stay out, and the only name in site-packages is ours."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"article_assistant"}


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    """`assistant` starts the command line; licence and supported Pythons are declared."""
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert "assistant = article_assistant.cli.main:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    facts = wheel.read(f"{folder}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in facts
    assert "Requires-Python: >=3.11" in facts
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
