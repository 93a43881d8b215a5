"""The language of a text is told, and its words are found whatever form they stand in."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from article_assistant.index.chunk import split
from article_assistant.index.keyword import stems
from article_assistant.index.language import WRITTEN_SURE, asked, language_of, telling, words_in, written
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE

from tests.parts import MOST, SEEDS, Words

LANGUAGES = ("de", "fr", "es", "ru", "tr", "ja", "zh")


@pytest.mark.parametrize("code", LANGUAGES)
def test_sample_articles_are_told_by_their_language(code: str) -> None:
    """Each of the sample articles counts as of the language of its folder."""
    found = [language_of(path.read_text(), WRITTEN_SURE) for path in (SEEDS / "languages" / code).iterdir()]
    assert found == [code] * 2


def test_english_stays_english() -> None:
    """No question about the sample articles, short ones and names among them, is taken for another language."""
    asked = [
        json.loads(line)["question"]
        for path in SEEDS.glob("*.jsonl")
        if path.stem not in {"written"}
        for line in path.read_text().splitlines()
    ]
    assert len(asked) > 300
    assert [question for question in asked if language_of(question) != "en"] == []
    assert language_of("") == language_of("42") == language_of("PN-43481") == "en"


@pytest.mark.parametrize(
    ("language", "said", "sought"),
    [
        ("de", "Die Führungen werden geschmiert.", "Führung"),
        ("fr", "L'équipe retire les miettes.", "équipes"),
        ("es", "Se cargan las baterías.", "batería"),
        ("ru", "Подшипники смазывает электрик.", "подшипник"),
        ("tr", "TEZGÂHLARIN IŞIĞI YANAR", "tezgâhların ışığı"),
        ("ja", "領収書の原本は経理部に渡す。", "領収書"),
        ("zh", "备件放在二楼库房的货架上。", "货架"),
    ],
)
def test_other_forms_of_a_word_are_the_same_word(language: str, said: str, sought: str) -> None:
    """Plurals, cases, accents and Turkish capitals; in Chinese and Japanese the words inside a line."""
    assert set(words_in(sought, language)) <= set(words_in(said, language))


def test_english_text_is_left_as_it_is() -> None:
    """What is indexed and asked in English does not depend on the other languages."""
    text = "Seven were captured on 9 June. Straße, naïve, 会議室."
    assert written(text, "en") == text
    assert asked(text, "en") == text


@pytest.mark.parametrize("language", [*LANGUAGES, "pl"])
def test_words_of_a_language_survive_english_analysis(language: str) -> None:
    """What a question looks for in its language is among what is indexed of a text in it, whatever stems English."""
    text = "Resturlaub verfällt am 31. März; заявка подаётся; 申請の承認は課長が行います。"
    assert set(stems(asked(text, language))) <= set(stems(written(text, language)))
    assert "am" not in telling(text, "de")


def test_an_article_keeps_its_language_and_is_found_before_and_after_a_build(tmp_path: Path) -> None:
    """A Japanese article beside an English one is found by words within its sentences, fresh and built."""
    folder = tmp_path / "wiki"
    folder.mkdir()
    (folder / "kaigi.md").write_text("# 会議室\n\n予約は総務部に申し込む。プロジェクターは三階の倉庫にある。\n")
    (folder / "rooms.md").write_text("# Rooms\n\nThe projector is on the third floor.\n")
    with closing(Index.open(tmp_path / "home", Words())) as index:
        (built,) = sync([str(folder)], index, MOST).added[:1]
        for _ in range(2):
            found = index.find("倉庫はどこですか", frozenset({EVERYONE}), 2)
            assert [hit.article.language for hit in found] == ["ja", "en"]
            assert [hit.bm25 > 0 for hit in found] == [True, False]
            kept = found[0].article
            index.replace(index.library.ledger.sources()[0], [(kept, "", split(kept, index.embedder))])
        assert built == "wiki/kaigi.md"
