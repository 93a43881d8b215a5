"""Sentences that a small language model really writes over `seeds/`, to be labelled by hand.

    python -m training.spoken MODEL ROWS [--most 200]     ROWS gets a JSON line a sentence (15 min on two quiet cores)

MODEL is a transformers folder, as the `llm` setting takes it. It is asked as the product asks, with the best PASSAGES
passages: of more a very small model says next to nothing. At most EACH sentences of an answer are kept. A row has the
question, the sentence, and the passage among these whose words are most like the sentence's: `{"question", "claim",
"evidence"}`. The same command goes on with the questions that ROWS lacks.

`seeds/spoken.jsonl` are the first 197 sentences of SmolLM2-135M-Instruct (Apache-2.0) with the `label` of
`bench/support.py`, given twice by readers who saw neither the other's labels nor any score: 62 are supported, on which
both agreed for all 197; between "contradicted" and "unsupported" they differed for 12. A bare answer is read as the
answer to its question.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from article_assistant import prompts
from article_assistant.answering.cite import day
from article_assistant.index import embed
from article_assistant.index.chunk import passage
from article_assistant.index.keyword import stems
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import Hit
from article_assistant.writing.local import Local
from article_assistant.writing.stream import Wording
from llama_index.core.base.llms.types import ChatMessage, MessageRole

SEEDS = Path(__file__).parents[1] / "seeds"
ASKED = ("questions.jsonl", "contrasts-tuning.jsonl")
PASSAGES = 1
FOLDERS = ("news", "ops", "product", "team")
EACH = 2
TOKENS = 50
"""Most tokens of an answer."""


def asked() -> Iterator[str]:
    """The questions over `seeds/`."""
    for name in ASKED:
        for line in (SEEDS / name).read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["question"]


def messages(question: str, hits: Sequence[Hit]) -> list[ChatMessage]:
    """What the product sends."""
    shown = [
        prompts.load_prompt("passage", None).format(
            number=number,
            title=hit.article.title,
            heading=hit.chunk.heading or "-",
            updated=day(hit.article.updated) or "-",
            text=hit.chunk.text,
        )
        for number, hit in enumerate(hits, start=1)
    ]
    text = prompts.load_prompt("passages", None).format(passages="\n\n".join(shown), question=question)
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=prompts.load_prompt("write", None)),
        ChatMessage(role=MessageRole.USER, content=text),
    ]


def nearest(sentence: str, hits: Sequence[Hit]) -> str:
    """The passage that shares most words with a sentence."""
    own = set(stems(sentence))
    texts = [passage(hit.article.title, hit.chunk)[0] for hit in hits]
    return max(texts, key=lambda text: len(own & set(stems(text))))


def main(model: Path, rows: Path, most: int) -> None:
    """Ask, and write a row a sentence."""
    done = {json.loads(line)["question"] for line in rows.read_text().splitlines()} if rows.exists() else set()
    llm = Local(model, TOKENS, 1)
    with TemporaryDirectory() as home, rows.open("a", encoding="utf-8") as file:
        index = Index.open(Path(home), embed.load())
        sync([str(SEEDS / name) for name in FOLDERS], index, 50_000_000)
        for question in list(asked())[:most]:
            if question in done:
                continue
            hits = index.find(question, None, PASSAGES)
            text = ""
            for said in llm.stream_chat(messages(question, hits)):
                text = said.message.content or ""
            wording = Wording()
            sentences = [worded.text.strip() for worded in (*wording.feed(text), *wording.rest())]
            # An answer that was cut off ends in half a sentence.
            whole = sentences[: -1 if len(sentences) > 1 and text.rstrip()[-1:] not in ".!?" else None]
            for sentence in list(dict.fromkeys(whole))[:EACH]:
                row = {"question": question, "claim": sentence, "evidence": nearest(sentence, hits)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
        index.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--most", type=int, default=200, help="questions to ask")
    given = parser.parse_args()
    main(given.model, given.rows, given.most)
