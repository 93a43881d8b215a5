"""Example questions come from the articles, of different articles first."""

from article_assistant.examples import LOOKED_AT, Offer, across, propose, spread
from article_assistant.index.types import Article


def article(title: str, text: str) -> Article:
    return Article(title, title, text, "", "", None, frozenset())


def test_questions_of_the_articles_themselves_are_proposed() -> None:
    """A heading that asks, a table row, a person and a definition each become a question."""
    texts = [
        "## How long is the warranty?\n\nThree years.",
        "City: Oslo | Per diem: €84 | Hotel: €190",
        "The talks were led by Amara Nwosu, who joined last year.",
        "\n".join(f"- {term} word: It stands for something that takes a while to tell." for term in "ABCD"),
    ]
    found = [question for question, _ in propose([article(str(i), text) for i, text in enumerate(texts)])]
    assert found[:2] == ["How long is the warranty?", "What is the per diem for Oslo?"]
    assert "Who is Amara Nwosu?" in found


def test_each_article_comes_once_before_any_comes_twice() -> None:
    """Four examples show four articles, where there are as many."""
    two = "## What is asked here first?\n\nA.\n\n## What is asked here second?\n\nB."
    made = list(propose([article("one", two), article("two", two.replace("here", "there"))]))
    assert [of.title for _, of in made] == ["one", "two", "one", "two"]
    found = [question for question, _ in made]
    assert found == [
        "What is asked here first?",
        "What is asked there first?",
        "What is asked here second?",
        "What is asked there second?",
    ]


def test_a_text_without_any_gives_none() -> None:
    """An article that lends itself to no question is passed over."""
    assert list(propose([article("a", "Plain words, nothing more.")])) == []


def test_those_of_one_visit_are_of_different_articles_and_folders() -> None:
    """Four of one article come first; a visit shows one of them, and of the rest those least like it."""
    of_one = [Offer(f"{begin} is it?", "FAQ", "product/faq.html") for begin in ("How", "Where", "Why", "Which")]
    persons = [Offer("Who is Ada?", "Staff", "team/staff.md"), Offer("Who is Bo?", "Minutes", "team/minutes.md")]
    other = Offer("What is the fee?", "Fees", "news/fees.md")
    chosen = spread([*of_one, *persons, other], 4)
    assert [one.article for one in chosen] == [
        "product/faq.html",
        "team/staff.md",
        "news/fees.md",
        "team/minutes.md",
    ]
    assert len(spread(of_one, 4)) == 4


def test_articles_are_taken_from_all_folders() -> None:
    """Of many articles some are looked at, from the first folder to the last, which take turns."""
    known = sorted(f"{folder}/{number:03}" for folder in ("a", "b/c", "d") for number in range(100))
    some = across(known)
    assert len(some) == len(set(some)) <= LOOKED_AT
    assert [one.rpartition("/")[0] for one in some[:6]] == ["a", "b/c", "d"] * 2
    assert across([]) == []
