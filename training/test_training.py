"""What the reader learns from, and how it is scored while it learns."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from article_assistant.answering.judge import ANSWERS, CARRIES, GRAPH, opened
from article_assistant.answering.question import meaning
from article_assistant.answering.reader import pair_tokenizer
from article_assistant.index import embed, onnx
from article_assistant.writing.entailment import INPUTS
from hypothesis import given
from hypothesis import strategies as st

from training import claims, contrasts, judge, misses, pairs, reader, reworded, sentences, student, support
from training.model import ReaderModel
from training.mpnet import Mpnet


@given(st.integers(0, 10**9), st.sampled_from(sorted(set(contrasts.FRAMES), key=lambda frame: frame.__name__)))
def test_a_made_up_answer_stands_where_it_is_said_to(seed: int, frame: contrasts.Frame) -> None:
    """Every frame makes a text whose answers are whole words of it, no two of its told answers at one place."""
    made = contrasts.make_one(random.Random(seed), frame)
    assert "{" not in made.text
    assert made.asked
    for question, place in made.asked:
        assert question.strip()
        assert "{" not in question
        if place is not None:
            start, end = place
            assert 0 <= start < end <= len(made.text)
            assert made.text[start:end].strip() == made.text[start:end]
            around = made.text[max(start - 1, 0) : start] + made.text[end : end + 1]
            assert not any(letter.isalnum() for letter in around), (made.text, made.text[start:end])


@given(st.integers(0, 10**9))
def test_the_numbers_of_a_count_differ(seed: int) -> None:
    """In a sentence that counts twice the two numbers are not the same, or it would teach nothing."""
    made = contrasts.make_one(random.Random(seed), contrasts.counts)
    told = {made.text[slice(*place)] for _, place in made.asked if place}
    assert len({meaning(words) for words in told}) == len({place for _, place in made.asked if place})


def test_the_same_seed_makes_the_same_pairs() -> None:
    """Made-up texts come back word for word."""
    one, two = (contrasts.make_one(random.Random(5), contrasts.tables) for _ in range(2))
    assert one == two


def test_tokens_of_an_answer() -> None:
    """The tokens that cover an answer's characters, of the passage only."""
    words = pair_tokenizer().encode("How many?", "Eleven were killed and seven captured.")
    start = "Eleven were killed and seven captured.".index("seven")
    span = pairs.tokens_of(words.offsets, words.type_ids, start, start + 5)
    assert span is not None
    assert [words.tokens[i] for i in range(span[0], span[1] + 1)] == ["seven"]


def test_the_loss_counts_all_places_of_an_answer() -> None:
    """Certain of one of two possible places, or of none where there is none, it is near zero; elsewhere it is not."""
    mask, kinds = torch.ones(1, 8, dtype=torch.long), torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1]])
    two = torch.tensor([[[3, 4], [6, 7], [-1, -1]]])
    nowhere = torch.full((1, 3, 2), -1)

    def sure_of(first: int, last: int) -> torch.Tensor:
        logits = torch.zeros(1, 8, 2)
        logits[0, first, 0] = logits[0, last, 1] = 20.0
        return logits

    for first, last in ((3, 4), (6, 7)):
        assert reader.loss_of(sure_of(first, last), mask, kinds, two).item() < 0.01
    assert reader.loss_of(sure_of(5, 5), mask, kinds, two).item() > 5
    assert reader.loss_of(sure_of(0, 0), mask, kinds, nowhere).item() < 0.01
    assert reader.loss_of(sure_of(3, 4), mask, kinds, nowhere).item() > 5
    # The question itself is never an answer, however sure.
    assert reader.loss_of(sure_of(1, 1), mask, kinds, nowhere).item() == pytest.approx(np.log(6), abs=0.01)


def test_two_threads_learn_what_one_would() -> None:
    """A step shared among copies of the model moves the weights as one step over the whole batch does."""
    torch.manual_seed(3)
    model = ReaderModel.pretrained()
    rows = (
        torch.randint(1000, 2000, (4, 12)), torch.ones(4, 12, dtype=torch.long),
        torch.tensor([[0] * 4 + [1] * 8] * 4), torch.tensor([[[5, 6], [-1, -1]]] * 3 + [[[-1, -1]] * 2]),
    )  # fmt: skip
    threads = torch.get_num_threads()
    moved = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            steps = reader.Steps(model)
            loss = steps.step(rows, 1e-4)
            moved.append((loss, torch.cat([weights.flatten() for weights in steps.whole])))
    finally:
        torch.set_num_threads(threads)
    (one, after_one), (two, after_two) = moved
    assert one == pytest.approx(two, rel=0.02)
    before = torch.cat([weights.detach().flatten() for weights in model.parameters()])
    assert torch.nn.functional.cosine_similarity(after_one - before, after_two - before, dim=0) > 0.9


def test_confidence_is_learned_from_what_was_right() -> None:
    """A logistic regression over evidence that tells gives probabilities that hold, and a falling curve."""
    chance = np.random.default_rng(1)
    seen = chance.normal(size=(4000, 6))
    likely = 1 / (1 + np.exp(-2 * seen[:, 0]))
    right = chance.random(4000) < likely
    confidence = sentences.sure(seen, sentences.logistic(seen, right, np.ones(4000)))
    assert np.abs(confidence - likely).mean() < 0.03
    curve = sentences.accepted(confidence, right, np.ones(4000))
    assert [share for share, _ in curve] == sorted((share for share, _ in curve), reverse=True)
    assert [least for _, least in curve] == sorted(least for _, least in curve)
    assert sentences.diagram(confidence, right, np.ones(4000)).startswith("<svg")


def test_other_words_come_from_the_same_sense_and_are_not_in_the_passage(tmp_path: Path) -> None:
    """From WordNet's files a word gets its synonyms in its own form; words of the passage are not among them."""
    files = {
        "index.sense": "repair%2:35:00:: 00000010 1 9\nfix%2:35:00:: 00000010 1 5\nmend%2:35:00:: 00000010 1 7\n",
        "index.verb": "  licence\nrepair v 1 0 1 0 00000010\n",
        "data.verb": "  licence\n00000010 35 v 03 repair 0 fix 0 mend 0 000 | put right\n",
        "index.noun": "", "data.noun1": "", "data.noun2": "", "index.adj": "", "data.adj": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    words = reworded.WordNet(tmp_path)
    assert words.others("repaired") == ["fixed", "mended"]
    assert words.others("unheard") == []
    asked = "How many engines of the ferry were repaired in March?"
    told = [pairs.Pair(asked, "Seven engines were repaired, none was fixed.", ((0, 5),))]
    assert [pair.question for pair in reworded.pairs(told, words, embed.load())] == [
        "How many engines of the ferry were mended in March?"
    ]


def test_a_near_miss_is_not_answered_by_its_passage(tmp_path: Path) -> None:
    """The passage loses what answers, and is not used where it tells it twice; a word gives way to a rival that the
    passage does not have; a verb is denied where nothing else is."""
    files = {
        "index.sense": "sword%1:06:00:: 00000020 1 9\nknife%1:06:00:: 00000030 1 5\nspear%1:06:00:: 00000040 1 7\n",
        "index.noun": "  licence\nsword n 1 0 1 0 00000020\n",
        "data.noun1": "  licence\n00000010 06 n 01 weapon 0 000 | arm\n00000020 06 n 01 sword 0 001 @ 00000010 n 0000 "
        "| blade\n00000030 06 n 01 knife 0 001 @ 00000010 n 0000 | short\n00000040 06 n 01 spear 0 001 @ 00000010 n "
        "0000 | long\n",
        "data.noun2": "", "index.verb": "", "data.verb": "", "index.adj": "", "data.adj": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    words = reworded.WordNet(tmp_path)
    assert words.rivals("swords") == ["knifes", "spears"]
    told = "Arms\nTobias made the swords.\nA spear was bought.\nBoth are old."
    pair = pairs.Pair("Who made the swords?", told, ((5, 11),))
    assert misses.without(pair) == "Arms\nA spear was bought.\nBoth are old."
    assert misses.without(replace(pair, passage=f"{told}\nTobias is old.")) is None
    assert misses._changed(pair, words, random.Random(1)) == "Who made the knifes?"
    denied = {misses._denied(pairs.Pair("Who was seen?", told, ((5, 11),)), random.Random(n)) for n in range(9)}
    assert denied == {"Who wasn't seen?", "Who was not seen?", "Who was never seen?"}
    assert misses._denied(pairs.Pair("Who was not seen?", told, ((5, 11),)), random.Random(1)) is None


def test_a_passage_scores_the_same_beside_any_other(tmp_path: Path) -> None:
    """The graph with a scale a token gives what the model gives, but for its eight bits; a passage's logits are the
    same alone and beside a longer one, whose padding they stand before."""
    pytest.importorskip("onnx")
    from training import reader_graph

    torch.manual_seed(2)
    model = ReaderModel.pretrained().eval()
    reader_graph.write(model, tmp_path / "reader.onnx")
    run = onnx.session(tmp_path / "reader.onnx", threads=1).run
    words = pair_tokenizer()
    asked = "Who asked how many were killed?"
    encodings = [words.encode(asked, text) for text in ("Eleven were killed.", f"{asked} " * 9)]
    rows = np.zeros((3, 2, len(encodings[1].ids)), np.int64)
    for number, encoding in enumerate(encodings):
        count = len(encoding.ids)
        rows[:, number, :count] = encoding.ids, encoding.attention_mask, encoding.type_ids
    names = ("input_ids", "attention_mask", "token_type_ids")
    short = len(encodings[0].ids)
    (together,) = run(None, dict(zip(names, rows, strict=True)))
    (alone,) = run(None, dict(zip(names, rows[:, :1, :short], strict=True)))
    assert np.abs(together[0, :short] - alone[0]).max() < 1e-4
    with torch.no_grad():
        exact = model(*(torch.from_numpy(part) for part in rows)).numpy()
    for number, encoding in enumerate(encodings):
        near, far = together[number, : len(encoding.ids)], exact[number, : len(encoding.ids)]
        assert np.corrcoef(near.ravel(), far.ravel())[0, 1] > 0.98


def test_near_misses_come_with_their_answered_neighbours(tmp_path: Path) -> None:
    """Of one paragraph come what people wrote to be nearly answered, without a place, and what it answers; articles
    kept for the calibration and paragraphs without near misses give none."""
    told = "Ruth Lopez cast the bell in 1851."
    near = {"question": "Who broke the bell?", "answers": []}
    asked = {"question": "Who cast the bell?", "answers": [{"text": "Ruth Lopez", "start": 0}]}
    for name, titles, questions in (
        (pairs.WRITTEN, ("Axe", "Bell"), [near]), ("squad-train", ("Axe", "Bell", "Cup"), [asked])
    ):  # fmt: skip
        rows = ({"article": title, "context": f"{told} {title}.", "questions": questions} for title in titles)
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
    assert pairs.kept_of(tmp_path) == ["Axe"]
    found = list(pairs.written(tmp_path, embed.load()))
    assert [pair.question for pair in found] == ["Who broke the bell?", "Who cast the bell?"]
    assert all(pair.passage.startswith("Bell\n") for pair in found)
    assert found[0].places == ()
    assert found[1].passage[slice(*found[1].places[0])] == "Ruth Lopez"


def test_batches_hold_the_kinds_in_their_shares() -> None:
    """Whatever there is of each kind, a hundred batches have the shares that are wanted, and no pair of a kind comes
    again before all have come."""
    counts = {name: 50 * (n + 1) for n, name in enumerate(judge.MIX)}
    starts = dict(zip(counts, np.cumsum([0, *counts.values()]).tolist(), strict=False))
    of_kind = {name: np.arange(starts[name], starts[name] + count) for name, count in counts.items()}
    total = sum(counts.values())
    found = pairs.Tokens(
        np.zeros(total * 8, np.int32), np.zeros(total * 8, np.int8), np.arange(total + 1) * 8,
        np.full((total, pairs.PLACES, 2), -1, np.int16),
    )  # fmt: skip
    stream = judge.drawn(found, of_kind, judge.MIX, random.Random(4), 32)
    drawn = [i for _ in range(100) for i in next(stream)]
    for name, share in judge.MIX.items():
        times = np.bincount([i for i in drawn if i in set(of_kind[name].tolist())], minlength=total)[of_kind[name]]
        assert times.sum() / len(drawn) == pytest.approx(share, abs=0.001)
        assert times.max() - times.min() <= 1


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("Who founded the museum?", "Anna Weber", "Anna Weber founded the museum."),
        ("When was the old bridge built?", "1904", "The old bridge was built in 1904."),
        ("How many people did the ferry carry?", "164", "The ferry did carry 164 people."),
        ("In what country is Normandy located?", "France", "Normandy is located in the country France."),
        ("Why is the sky blue?", "air", None),
    ],
)
def test_a_question_and_its_answer_become_a_statement(question: str, answer: str, said: str | None) -> None:
    """All words in order, where a rule fits."""
    assert claims.statement(question, answer) == said


def test_rows_for_the_test_and_of_unclear_licence_are_not_learned_from(tmp_path: Path) -> None:
    """Of people's rows those marked open, without two tenths by their evidence; who marks no contradiction says
    neither."""
    rows = [
        {"evidence": f"Bell {n} hangs.", "claim": "A bell hangs.", "label": label, "set": name, "licence": licence}
        for n in range(40)
        for label, name, licence in (
            ("supported", "wice", "open"), ("unsupported", "wice", "open"), ("contradicted", "fever-dev", "open"),
            ("supported", "cb-ax", "unclear"),
        )
    ]  # fmt: skip
    with gzip.open(tmp_path / "support.jsonl.gz", "wt") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    found = list(claims.people(tmp_path, embed.load()))
    tenths = {claims.part_of(one.evidence) for one in found}
    assert tenths
    assert not tenths & {claims.TEST, claims.DEV}
    assert {(one.set, one.label) for one in found} == {("wice", 0), ("wice", claims.EITHER), ("fever-dev", 1)}
    held = {row.evidence for row in support.kept(tmp_path)}
    assert {claims.part_of(evidence) for evidence in held} == {claims.DEV}


def test_what_is_made_wrong_differs_from_its_passage(tmp_path: Path) -> None:
    """A claim that is supported by being the passage's own sentence is never one that was changed; the same seed makes
    the same claims."""
    told = "Ruth Lopez cast the bell in 1904. The bell was not rung before Peter Weber had paid 300 pounds for it."
    asked = {"question": "Who cast the bell?", "answers": [{"text": "Ruth Lopez", "start": 0}]}
    near = {"question": "Who broke the bell?", "answers": []}
    for name, question in ((pairs.WRITTEN, near), ("squad-train", asked)):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as lines:
            lines.writelines(
                json.dumps({"article": title, "context": f"{told} Item {n}.", "questions": [question]}) + "\n"
                for n, title in enumerate(["Axe", *["Bell"] * 20])
            )
    found, again = (list(claims.made(tmp_path, embed.load(), frames=3)) for _ in range(2))
    assert found == again
    mine = [one for one in found if one.set == "made"]
    assert {one.label for one in mine} >= {0, claims.EITHER}
    for one in mine:
        if one.label == claims.EITHER:
            assert one.claim not in one.evidence
            assert one.claim != "Ruth Lopez cast the bell."


def test_who_says_neither_teaches_only_not_supported() -> None:
    """The loss of a row without a mark for contradiction is the same however the rest is shared out."""
    labels = torch.full((1, 1, 1), claims.EITHER)
    mask = torch.ones(1, 4, dtype=torch.long)

    def loss(*logits: float) -> float:
        return support.loss_of(torch.tensor([[logits] * 4]), mask, mask, labels).item()

    assert loss(0.0, 9.0, 1.0) == pytest.approx(loss(0.0, 1.0, 9.0))
    assert loss(9.0, 0.0, 0.0) > 5 > 0.1 > loss(-9.0, 0.0, 0.0)


def test_the_teacher_says_what_the_judge_says() -> None:
    """The network read back from the judge's file has its logits, but for the eight bits that a token's values have in
    the product, and finds the same words."""
    model, run = Mpnet.shipped(GRAPH.with_suffix(".safetensors")).eval(), opened(1).run
    text = "Aktobe\nEleven were killed and seven captured. Police closed all the roads around the town on 5 June 2016."
    for asked in ("How many were captured?", "When were the roads closed?", "Who paid for it?"):
        words = pair_tokenizer().encode(asked, text)
        rows = [torch.tensor([row]) for row in (words.ids, words.attention_mask, words.type_ids)]
        (near,) = run(None, {name: row.numpy() for name, row in zip(INPUTS, rows, strict=True)})
        with torch.no_grad():
            exact = model(*rows).numpy()
        assert np.abs(near - exact).mean() < 0.05
        assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.998
        assert (near[0, :, :2].argmax(0) == exact[0, :, :2].argmax(0)).all()


def test_a_student_starts_from_layers_of_its_teacher() -> None:
    """Of twelve layers those named are kept, in their order, with word vectors that do not move; the small one is the
    reader that ships."""
    pytest.importorskip("onnx")
    teacher = Mpnet.shipped(GRAPH.with_suffix(".safetensors"))
    six, small = student.started("six"), student.started("small")
    assert len(six.layers) == len(student.LAYERS) == 6
    for own, number in zip(six.layers, student.LAYERS, strict=True):
        theirs = teacher.layers[number].state_dict()
        assert all(torch.equal(weights, theirs[name]) for name, weights in own.state_dict().items())
    assert torch.equal(six.head.weight, teacher.head.weight)
    assert isinstance(small, ReaderModel)
    for model in (six, small):
        assert [name for name, weights in model.named_parameters() if not weights.requires_grad] == ["words.weight"]


@pytest.mark.parametrize("told", [torch.tensor([[[3, 4], [-1, -1]]]), torch.tensor([[[1]]])])
def test_a_student_that_says_what_its_teacher_says_learns_only_what_is_true(told: torch.Tensor) -> None:
    """Of a question and of a claim: with the teacher's own logits nothing is added to the loss of what is true; with
    others something is."""
    torch.manual_seed(1)
    mask, kinds = torch.ones(1, 8, dtype=torch.long), torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1]])
    own, other = torch.randn(2, 1, 8, 5)
    job = CARRIES if told.shape[1:] == (1, 1) else ANSWERS
    true = judge.loss(own, mask, kinds, told).item()
    assert student.loss(own, mask, kinds, told, own[..., job]).item() == pytest.approx(true, abs=1e-5)
    assert student.loss(own, mask, kinds, told, other[..., job]).item() > true + 0.1


def test_a_network_of_fewer_layers_is_exported_as_one_of_twelve_is(tmp_path: Path) -> None:
    """The graph has as many layers as the network, and gives its logits but for its bits."""
    pytest.importorskip("onnx")
    from training import judge_graph

    model = student.started("six").eval()
    assert isinstance(model, Mpnet)
    model.layers = model.layers[:2]
    judge_graph.write(model, tmp_path / "two.onnx")
    words = pair_tokenizer().encode("How many were captured?", "Eleven were killed and seven captured.")
    rows = [torch.tensor([row]) for row in (words.ids, words.attention_mask, words.type_ids)]
    (near,) = opened(1, tmp_path / "two.onnx").run(
        None, {name: row.numpy() for name, row in zip(INPUTS, rows, strict=True)}
    )
    with torch.no_grad():
        exact = model(*rows).numpy()
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.99
