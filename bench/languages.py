"""Questions in other languages than English: whether the passage shown holds the sentence that answers.

`seeds/languages/questions.jsonl` asks them in each of seven languages; its articles are indexed together with the
English samples. Right is a passage that holds the sentence, or a refusal where none answers.
"""

import json
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

import article_assistant
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.settings import ACCEPTED_WRONG, Settings
from article_assistant.types import User

from bench import report
from bench.systems import FILE_LIMIT

SEEDS = Path(__file__).parents[1] / "seeds"


def main() -> None:
    """Run the command."""
    given = report.options(__doc__ or "", "a minute on two cores").parse_args()
    report.offline()
    facts = report.machine()
    many: dict[str, Counter[str]] = defaultdict(Counter)
    embedder = embed.load()
    document = []
    with tempfile.TemporaryDirectory(prefix="bench-") as home, closing(Index.open(Path(home), embedder)) as index:
        sync([str(SEEDS)], index, FILE_LIMIT)
        settings = Settings(home=Path(home), accepted_wrong=ACCEPTED_WRONG)
        with article_assistant.open(settings, index=index) as assistant:
            for line in (SEEDS / "languages" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
                asked = json.loads(line)
                answer = assistant.answer(asked["question"], User("bench", None))
                shown = " ".join(one.quote for one in answer.citations)
                right = _one_line(asked.get("sentence") or "") in _one_line(shown)
                verdict = ("shown" if right else "other") if answer.answered else "refused"
                many[asked["language"]][verdict if asked["answers"] else f"{answer.answered}"] += 1
                document.append({**asked, "verdict": verdict, "answer": answer.answer})
    rows = [
        [language, f"{found['shown']} of {found['shown'] + found['other'] + found['refused']}",
         f"{found['True']} of {found['True'] + found['False']}"]
        for language, found in many.items()
    ]  # fmt: skip
    heads = ["language", "the right sentence stands in the passage shown", "a passage shown though there is no answer"]
    report.write(given.out, "languages", "Other languages", facts, [report.table(heads, rows)], {"cases": document})


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    report.run(main)
