"""The source that the docs make is one."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def test_the_source_of_the_docs_runs(tmp_path: Path) -> None:
    """At most 60 lines; a first run reads all notes, a second what changed, and each note is for its team."""
    (example,) = re.findall(r"```python\n([^`]*class Notes[^`]*)```", PAGE.read_text(encoding="utf-8"))
    assert len(example.splitlines()) <= 60
    database = sqlite3.connect(tmp_path / "notes.sqlite")
    database.execute("CREATE TABLE note (title TEXT, body TEXT, team TEXT, changed TEXT)")
    database.execute("INSERT INTO note VALUES ('Pay', 'Band *seven* starts at 71000.', 'hr', '2026-11-02 09:30')")
    database.commit()
    places = f"home, notes = Path({str(tmp_path / 'home')!r}), Path({str(tmp_path / 'notes.sqlite')!r})"
    given = f"from pathlib import Path\n{places}\n"
    check = (
        "index = Index.open(home, embed.load())\n"
        "(one,) = index.library.articles(frozenset({'hr'}))\n"
        "print(one.text, one.url, one.updated, list(index.library.articles(frozenset({'everyone'}))))\nindex.close()\n"
    )

    def run() -> list[str]:
        ran = subprocess.run(
            [sys.executable, "-c", given + example + check], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    assert run() == ["['notes/Pay']", "Band seven starts at 71000. https://notes.example/Pay 2026-11-02 []"]
    assert run()[0] == "[]"
    database.execute("UPDATE note SET title = 'Bands', changed = '2026-11-03 10:00'")
    database.commit()
    database.close()
    assert run()[0] == "['notes/Bands']"
