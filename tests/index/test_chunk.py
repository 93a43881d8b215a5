"""Sentences and chunks: nothing lost, nothing twice, nothing that the encoder would not read."""

import pytest
from article_assistant.index.chunk import PATH, TextSentence, passage, sentences, split
from article_assistant.index.embed import MiniLM
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import SEEDS, Words, article, lines, modest


def said(text: str) -> list[str]:
    """The sentences of a text, as they stand there."""
    return [text[s.start : s.end] for s in sentences(text)]


def check_sentences(text: str) -> None:
    """The promises of `sentences`: in order, apart, trimmed, and with all that is not white space."""
    last = 0
    for sentence in sentences(text):
        assert last <= sentence.start < sentence.end <= len(text)
        assert not text[last : sentence.start].strip()
        piece = text[sentence.start : sentence.end]
        assert piece == piece.strip()
        assert "\n" not in piece
        last = sentence.end
    assert not text[last:].strip()


@pytest.mark.parametrize("before", ["", "Then ", "x" * 40 + " (", "All of it, says “", "Next line\xa0"])
@pytest.mark.parametrize("short", ["A", "U.S", "Mr", "Prof", "approx", "e.g", "Figs", "Sept", "Corp"])
def test_an_abbreviation_ends_no_sentence_wherever_it_stands(before: str, short: str) -> None:
    """At the beginning of a line, far from it, behind a bracket or a quotation mark; inside a word it is none."""
    assert said(f"{before}{short}. Lee came. It was late.") == [f"{before}{short}. Lee came.", "It was late."]
    assert said(f"{before}longword{short.lower()}. Lee came.")[-1] == "Lee came."


def check_chunks(text: str, title: str, embedder: Words | MiniLM) -> None:
    """The promises of `split` and `passage`."""
    chunks = split(article(text, title), embedder)
    last = 0
    for chunk in chunks:
        assert last <= chunk.start < chunk.end <= len(text)
        assert not text[last : chunk.start].strip()
        assert chunk.text == text[chunk.start : chunk.end]
        last = chunk.end
        assert chunk.sentences
        at = chunk.start
        for start, end in chunk.sentences:
            assert at <= start < end <= chunk.end
            assert text[start:end] == text[start:end].strip()
            at = end
        read, spans = passage(title, chunk)
        assert len(spans) == len(chunk.sentences)
        for (start, end), (a, b) in zip(chunk.sentences, spans, strict=True):
            words = read[a:b]
            assert words
            assert text[start:end].endswith(words)
            assert set(text[start:end].removesuffix(words)) <= set("#-*+.0123456789 \t")
        assert len(embedder.tokens([read])[0]) + 2 <= embedder.limit
    assert not text[last:].strip()


@modest
@given(lines)
def test_sentences_leave_out_nothing_but_white_space(text: str) -> None:
    """Whatever the text: sentences come in order, don't overlap, are trimmed, and miss no character that shows."""
    check_sentences(text)


@modest
@given(lines, st.text(max_size=20))
def test_chunks_cover_the_text_once_and_fit_the_encoder(text: str, title: str) -> None:
    """Chunks are in order, apart and complete; each passage is read to its end; spans point at the words."""
    check_chunks(text, " ".join(title.split()), Words())


@pytest.mark.parametrize("words", [1, 30, 31, 32, 59, 60, 61, 64, 200, 1000])
def test_a_sentence_longer_than_the_encoder_reads_is_cut(words: int) -> None:
    """A sentence, a table row or a heading of any length becomes pieces that are read to their end."""
    for begin in ("", "# ", "- ", "City: "):
        check_chunks(begin + " ".join(["word"] * words) + ".", "Title", Words())
        check_chunks(f"# {'head ' * words}\n\nText below. {'word ' * words}", "Title", Words())


def test_a_row_is_one_sentence_as_far_as_the_encoder_reads_and_then_cut_at_its_cells() -> None:
    """A row longer than half of what is read stays whole; one that is longer than all becomes some of its cells."""
    row = " | ".join(f"Column: {'word ' * 4}end." for _ in range(5))
    (chunk,) = split(article(row), Words(limit=64))
    assert [row[start:end] for start, end in chunk.sentences] == [row]
    long = f"{row} | {row}"
    pieces = [long[s:e] for c in split(article(long), Words(limit=64)) for s, e in c.sentences]
    assert len(pieces) > 1
    assert all(piece.startswith("Column:") for piece in pieces)


def test_a_very_long_title_leaves_room_for_the_text() -> None:
    """A title as long as what the encoder reads doesn't push the text out of what it reads."""
    check_chunks("One sentence stands here. " * 20, "t" * 3000, Words())
    embedder = MiniLM()
    check_chunks("One sentence stands here. " * 40, "The very long title of it " * 60, embedder)
    check_chunks(
        f"# {'Long heading ' * 80}\n\n## {'他' * 300}\n\n" + "One sentence stands here. " * 40, "他" * 300, embedder
    )
    check_chunks("x" * 5000 + " " + "他" * 3000 + " " + "é🜚" * 900, "T", embedder)


def test_every_sample_article_is_read_to_its_end() -> None:
    """The sample articles, and with the real encoder: no passage is longer than it reads."""
    embedder = MiniLM()
    for path in sorted(SEEDS.rglob("*.md")) + sorted(SEEDS.rglob("*.txt")):
        check_sentences(path.read_text())
        check_chunks(path.read_text(), path.stem, embedder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Okonjo met Mrs. Lee. They spoke.", ["Dr. Okonjo met Mrs. Lee.", "They spoke."]),
        ("Call Mia, ext. 4471 or 4472. She knows.", ["Call Mia, ext. 4471 or 4472.", "She knows."]),
        ("See art. 5 and p. 12. 7 rooms more. 9 left.", ["See art. 5 and p. 12.", "7 rooms more.", "9 left."]),
        ("See p. 7 and Fig. 3 for it. Then go.", ["See p. 7 and Fig. 3 for it.", "Then go."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("It costs 3.50 EUR. Ask first.", ["It costs 3.50 EUR.", "Ask first."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("1. First step. Then rest.", ["1. First step.", "Then rest."]),
        ("J. Smith wrote it. No. 7 did not.", ["J. Smith wrote it.", "No. 7 did not."]),
        ("他来了。我走了！", ["他来了。", "我走了！"]),
        ("Really?! Yes… Maybe.", ["Really?!", "Yes…", "Maybe."]),
        ("Step: Stop. Then wait. | By: Dr. Lee. Ask.", ["Step: Stop. Then wait. | By: Dr. Lee. Ask."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    """Abbreviations, initials, numbers, closing quotes and stops in a row don't end a sentence; real ends do."""
    assert said(text) == expected


def test_a_sentence_knows_its_headings() -> None:
    """The path of headings above a sentence has what stands above it, and nothing from a closed section."""
    text = "# A\n\nOne.\n\n## B\n\nTwo.\n\n### C\n\nThree.\n\n## D\n\nFour."
    paths = {text[s.start : s.end]: s.heading for s in sentences(text) if not s.is_heading}
    assert paths == {"One.": ("A",), "Two.": ("A", "B"), "Three.": ("A", "B", "C"), "Four.": ("A", "D")}


def test_a_chunk_never_goes_on_across_a_heading() -> None:
    """Each section is a chunk of its own, however short, with its path."""
    chunks = split(article("# A\n\nOne.\n\n## B\n\nTwo."), Words())
    assert [(chunk.text, chunk.heading) for chunk in chunks] == [("# A\n\nOne.", "A"), ("## B\n\nTwo.", f"A{PATH}B")]


def test_a_list_stays_with_the_line_that_introduces_it() -> None:
    """ "The steps are:" is in the chunk of the first step, also where the target would cut there."""
    before = "Filler word. " * 6
    chunks = split(article(f"{before}\n\nThe steps are:\n\n- Stop the queue.\n- Start it again."), Words(), target=16)
    assert any("The steps are:\n\n- Stop the queue." in chunk.text for chunk in chunks)


def test_a_passage_says_its_place_first_and_no_heading_twice() -> None:
    """Title and headings come first, each once, then each sentence on its line without its mark."""
    (chunk,) = split(article("# Travel\n\nFly economy.\n\n- Book early."), Words())
    assert passage("Travel", chunk)[0] == "Travel\nFly economy.\nBook early."


def test_no_text_no_chunks() -> None:
    """Text of white space alone has no sentence and no chunk."""
    assert sentences(" \n\t\n ") == []
    assert split(article(" \n\n "), Words()) == []


def test_a_heading_with_nothing_below_it_can_be_found() -> None:
    """A chunk of headings alone has them for its sentences."""
    (chunk,) = split(article("# Only a heading"), Words())
    assert chunk.sentences == ((0, 16),)
    assert sentences("# Only a heading") == [TextSentence(0, 16, 1, ("Only a heading",), True)]
