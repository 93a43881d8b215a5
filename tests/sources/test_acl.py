"""DokuWiki's rules: nobody is shown a page that the wiki would not show."""

from article_assistant.index.sources.acl import Rules, rules_of
from article_assistant.index.types import EVERYONE
from hypothesis import example, given
from hypothesis import strategies as st

from tests.parts import modest

PEOPLE = {
    "mia": frozenset({"user", "hr"}),
    "bob": frozenset({"user"}),
    "eve": frozenset({"user", "interns"}),
    "ann": frozenset({"user", "admin"}),
    "zoe": frozenset[str](),
}
PAGES = ("start", "hr:pay", "hr:secret:bonus", "team:vpn", "home:bob:notes", "hr:hr:plan")
scopes = st.sampled_from(
    [
        "*",
        "start",
        "hr:*",
        "hr:pay",
        "hr:secret:*",
        "hr:secret:bonus",
        "team:*",
        "home:*",
        "home:%USER%:*",
        "hr:%GROUP%:*",
    ]
)
names = st.sampled_from(["@ALL", "@user", "@hr", "@interns", "bob", "mia", "%USER%", "%GROUP%"])
rules = st.lists(st.tuples(scopes, names, st.sampled_from([0, 0, 1, 8])), max_size=9).map(tuple)


def shown(who: Rules, page: str, user: str, groups: frozenset[str]) -> bool:
    """Whether an article with a page's readers is shown to somebody who belongs to these groups."""
    belongs = {EVERYONE, *(f"wiki:@{group}" for group in groups), *([f"wiki:{user}"] if user else [])}
    return not belongs.isdisjoint(who.readers(page, "wiki"))


@modest
@given(rules=rules)
def test_each_person_sees_what_the_wiki_shows_them(rules: tuple[tuple[str, str, int], ...]) -> None:
    """Where people are known: exactly what the wiki shows each of them, and a guest; what a guest may read, all may."""
    who = Rules(rules, frozenset({"@admin"}), PEOPLE)
    for page in PAGES:
        guest = who.may_read(page)
        assert shown(who, page, "", frozenset()) == guest
        for user, groups in PEOPLE.items():
            assert shown(who, page, user, groups) == (guest or who.may_read(page, user, groups)), (page, user)


@modest
@example(rules=(("*", "@user", 1), ("start", "%USER%", 0)), user="bob", groups=frozenset({"user"}))
@given(
    rules=rules,
    user=st.sampled_from(["", "bob", "mia", "new"]),
    groups=st.frozensets(st.sampled_from(["user", "hr", "interns", "admin"])),
)
def test_where_people_are_unknown_nobody_sees_more(
    rules: tuple[tuple[str, str, int], ...], user: str, groups: frozenset[str]
) -> None:
    """Whatever groups somebody turns out to have: never a page that the wiki would not show them."""
    who = Rules(rules, frozenset({"@admin"}))
    for page in PAGES:
        if shown(who, page, user, groups):
            assert who.may_read(page) or who.may_read(page, user, groups), page


def test_the_lab_rules_hide_salaries() -> None:
    """The nearest scope decides, not the highest level: staff may edit all and yet not read what is HR's."""
    who = Rules(rules_of("*\t@ALL\t1\n*\t@user\t8\nhr:*\t@ALL\t0\nhr:*\t@user\t0 # staff\nhr:*\t@hr\t8\n"))
    assert who.readers("hr:salaries", "w") == {"w:@hr"}
    assert who.readers("start", "w") == {EVERYONE}
    assert not who.may_read("hr:salaries", "bob", {"user"})
    assert who.may_read("hr:salaries", "mia", {"user", "hr"})


def test_without_a_rule_nobody_reads() -> None:
    """As in the wiki: a page that no rule is about is for superusers only."""
    assert Rules((), frozenset({"@admin", "root"})).readers("start", "w") == {"w:@admin", "w:root"}


def test_a_group_with_some_who_may_not_sees_nothing() -> None:
    """Staff may read, interns may not, and an intern may be staff: where people are unknown, no staff sees it."""
    who = Rules((("*", "@user", 1), ("hr:*", "@interns", 0)))
    assert who.readers("start", "w") == {"w:@user"}
    assert who.readers("hr:pay", "w") == frozenset()
    known = Rules(who.rules, users=PEOPLE)
    assert known.readers("hr:pay", "w") == {"w:mia", "w:bob", "w:ann"}
