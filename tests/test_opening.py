"""`article_assistant.open`: the product from Python, as the README shows it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import article_assistant
import pytest
from article_assistant import opening
from article_assistant.index import sync
from article_assistant.index.types import LibraryError, UserFacingError
from article_assistant.settings import Settings

from tests.parts import SEEDS

ROOT = Path(__file__).parents[1]
OPERATOR = article_assistant.User("operator", None)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `my-library` holds a few of the sample articles."""
    folder = tmp_path_factory.mktemp("place")
    with opening.open_index(Settings(home=folder / "my-library")) as index:
        report = sync.sync([str(SEEDS / "news")], index, 10**8)
        assert not report.failed
    return folder


@pytest.mark.parametrize("page", ["README.md", "docs/extending.md"])
def test_the_example_of_the_readme_runs(page: str, place: Path) -> None:
    """The Python of the README, as it stands, prints the answer and the quote, in a process of its own."""
    (example,) = re.findall(r"```python\n(import article_assistant\n\nwith.*?)```", text_of(page), re.DOTALL)
    said = run(example, place)
    assert said.startswith("Seven. [1] ")
    assert "seven captured" in said


def test_the_examples_with_llama_index_run(place: Path) -> None:
    """Given a library and an LLM, our search answers below another engine, and the assistant is an engine itself."""
    blocks = re.findall(r"```python\n(.*?)```", text_of("docs/extending.md"), re.DOTALL)
    below, whole = (block for block in blocks if "engine" in block)
    home = f"from pathlib import Path\nhome = Path({str(place / 'my-library')!r})\n"
    assert "Seven. [1]" in run(home + whole, place)
    llm = "from llama_index.core.llms import MockLLM\nyour_llm = MockLLM()\n"
    asked = "print([node.text for node in engine.query('How many assailants were captured?').source_nodes])"
    assert "seven captured" in run(home + llm + below + asked, place)


def text_of(page: str) -> str:
    """A page of the documentation, by its path in the clone."""
    return (ROOT / page).read_text(encoding="utf-8")


def run(program: str, place: Path) -> str:
    """What a Python program prints, run in a folder, in a process of its own."""
    ran = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("given", [str, Path, lambda home: Settings(home=home)], ids=["text", "path", "settings"])
def test_settings_or_just_a_folder(place: Path, given: Callable[[Path], Settings | Path | str]) -> None:
    """A library is opened by its folder or by settings; after the `with` its files are closed."""
    with article_assistant.open(given(place / "my-library")) as assistant:
        assert assistant.answer("How many assailants were captured?", OPERATOR).short == "seven"
    with pytest.raises(Exception, match="closed"):
        assistant.answer("How many assailants were captured?", OPERATOR)


def test_an_event_loop_goes_on_while_it_answers(place: Path) -> None:
    """Other work of the loop is done between a question and its answer."""

    async def both() -> int:
        turns = 0
        with article_assistant.open(place / "my-library") as assistant:
            asked = asyncio.create_task(assistant.answer_async("How many assailants were captured?", OPERATOR))
            while not asked.done():
                turns += 1
                await asyncio.sleep(0)
            assert (await asked).short == "seven"
        return turns

    # In a thread of its own: the browser's tests leave an event loop running in the main one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(both())).result() > 5


def test_an_empty_library_is_said_and_let_go(tmp_path: Path) -> None:
    """Nothing to answer from is one plain sentence, and nothing stays open behind it."""
    with pytest.raises(UserFacingError, match="the library is empty; type: assistant index FOLDER"):
        article_assistant.open(tmp_path)
    with opening.open_index(Settings(home=tmp_path)) as index, index.library.writing():
        pass


def test_a_library_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """What is no library is named as that."""
    (tmp_path / "library.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(LibraryError):
        article_assistant.open(tmp_path)


def test_importing_loads_no_model() -> None:
    """To import the package, or to name what it offers, takes no time; what it does not offer is an error."""
    code = (
        "import sys, article_assistant; article_assistant.User; article_assistant.open; "
        "heavy = {'torch', 'chromadb', 'llama_index', 'gradio', 'onnxruntime', 'tantivy', 'transformers'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    with pytest.raises(AttributeError, match="no attribute 'opened'"):
        article_assistant.opened  # noqa: B018
