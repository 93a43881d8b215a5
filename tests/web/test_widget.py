"""The widget in the pages of wikis: asked and answered there, as who reads them, and no text becomes markup."""

import gzip
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.cli.embed import piece
from article_assistant.identity import TokenKey
from article_assistant.index.address import page_of
from article_assistant.index.types import EVERYONE
from article_assistant.settings import Settings
from article_assistant.types import Answer, Ready, Sentence, User, Words
from article_assistant.web.server import STATIC
from article_assistant.web.widget import widget_script
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.ports import free_port
from tests.web.conftest import Wiki, picture, watch
from tests.web.test_tokens import SECRET, token

Served = Callable[..., web.Served]
Wikis = Callable[..., Wiki]
PARAGRAPHS = "".join(
    f"<p>Paragraph {number} of this page, which makes it long enough to scroll.</p>" for number in range(60)
)
ARTICLE = f"""<main><h2>What happened</h2>{PARAGRAPHS}<h2>What we changed</h2>
<p id="there"><b>Logs</b> are now rotated every night, and the alert can no longer be muted. <i>It took two</i> people
three days.</p></main>"""
DAY = "Read the handbook, meet the people you work with, and write down what nobody could tell you. " * 4
PHONE = {"width": 390, "height": 800}


def line(port: int, more: str = "") -> str:
    return f'<script src="http://chat.lab.test:{port}/widget.js" {more} async></script>'


def on_wiki(
    served: Served, wiki: Wikis, *steps: Any, body: str = ARTICLE, more: str = "", policy: str = ""
) -> tuple[str, web.Served]:
    """A page of a wiki with the widget, and the assistant that answers there; CHAT in a policy is its origin."""
    port = free_port()
    other = wiki(body + line(port, more), policy.replace("CHAT", f"http://chat.lab.test:{port}"))
    running = served(*steps, port=port, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    return f"http://wiki.lab.test:{other.port}/wiki/Incident", running


def ask(page: Any, question: str = "What did we change?") -> None:
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")


def good(at: str = "") -> Answer:
    """An answer whose quote stands on the page of that address."""
    return web.answered("What did we change?", "Logs are now rotated every night. [1]",
                        web.citation(web.article(url=at), web.QUOTE))  # fmt: skip


def marked(page: Any) -> str:
    """The words that are highlighted in the page."""
    found = "[...(CSS.highlights.get('article-assistant') || [])].map(one => one.toString()).join('|')"
    return " ".join(str(page.evaluate(found)).split())


def test_the_script_is_one_small_file() -> None:
    """Everything the widget needs is in one script of at most 30 KB compressed, each text in each language."""
    script = widget_script(STATIC)
    assert len(gzip.compress(script.encode())) <= 30_000
    assert not re.search("__[A-Z]+__", script)
    texts = json.loads((STATIC / "texts.json").read_text())
    assert {"en", "de", "fr", "es", "tr", "kk", "ru"} <= set(texts)
    for language, said in texts.items():
        assert set(said) == set(texts["en"]), language
        assert all(text.strip() for text in said.values()), language


def test_asked_and_answered_in_the_page(page: Any, chat: Served, wiki: Wikis) -> None:
    """One line brings a button, once; the answer comes with its quote; Escape closes, and the focus comes back."""
    at, served = on_wiki(chat, wiki, good(), body=line(1) + ARTICLE)
    hosts = watch(page)
    page.goto(at)
    opener = page.get_by_role("button", name="Ask the articles")
    opener.wait_for()
    assert page.locator("article-assistant").count() == 1
    assert opener.get_attribute("aria-expanded") == "false"
    assert not [url for url in hosts if url not in {"wiki.lab.test", "chat.lab.test"}]
    opener.press("Enter")
    assert page.locator(".opener").get_attribute("aria-expanded") == "true"
    ask(page)
    page.locator(".text a.mark").wait_for()
    assert page.locator(".text").inner_text() == "Logs are now rotated every night. [1]"
    assert page.locator("blockquote").text_content() == web.QUOTE
    start = web.TEXT.index(web.QUOTE)
    href = f"/article/ops/incident.md?start={start}&end={start + len(web.QUOTE)}#quote"
    assert page.locator("li a").get_attribute("href").endswith(href)
    page.get_by_role("textbox", name="Your question").press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "opener"
    assert [(question, user) for question, user, _ in served.assistant.asked] == [
        ("What did we change?", User("guest", frozenset({EVERYONE})))
    ]


def test_a_citation_of_this_page_is_marked_in_it(page: Any, chat: Served, wiki: Wikis) -> None:
    """The words are marked in the wiki's own page, across its elements, and brought into view; no page is loaded."""
    at, served = on_wiki(chat, wiki)
    served.assistant.script.append(good(f"{at}#What_we_changed"))
    page.goto(f"{at}?action=view")
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".facts").get_by_text("Show on this page").wait_for()
    page.evaluate("window.same = true")
    page.locator("li a").click()
    page.wait_for_function("document.querySelector('#there').getBoundingClientRect().top < innerHeight")
    assert marked(page) == " ".join(web.QUOTE.split())
    assert page.evaluate("window.same")
    assert page.get_by_role("dialog").is_visible()


def test_the_conversation_goes_on_over_pages(page: Any, chat: Served, wiki: Wikis) -> None:
    """On the page that a citation leads to the words are marked, the panel is open, and what was said is there."""
    at, served = on_wiki(chat, wiki)
    served.assistant.script.extend([good(at), web.good()])
    page.goto(at.replace("Incident", "Other"))
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator("li a").click()
    page.wait_for_url("**/Incident")
    page.wait_for_function("CSS.highlights.has('article-assistant')")
    assert marked(page) == " ".join(web.QUOTE.split())
    page.locator(".text a.mark").wait_for()
    ask(page, "And then?")
    page.locator(".turn:nth-of-type(2) a.mark").wait_for()
    page.reload()
    page.locator(".turn:nth-of-type(2) a.mark").wait_for()
    assert page.locator(".asked").all_text_contents() == ["You asked: What did we change?", "You asked: And then?"]
    first, second = (conversation for _, _, conversation in served.assistant.asked)
    assert first == second
    page.get_by_role("button", name="New chat").click()
    assert page.locator(".turn").count() == 0
    page.reload()
    page.locator(".hello").wait_for()
    assert page.locator(".turn").count() == 0


def test_who_reads_the_page_asks(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """The wiki's token goes with each question; one that is over is fetched anew; logged out one is a guest."""
    (tmp_path / "secret").write_bytes(SECRET)
    port, signed = free_port(), [0]

    def signs() -> str:
        signed[0] += 1
        if signed[0] > 3:
            return '{"error": "logged out"}'
        now = int(time.time()) - (400 if signed[0] == 1 else 0)  # the first one is over when it comes
        made = {"sub": "Mia", "groups": ["hr"], "aud": f"http://127.0.0.1:{port}", "iat": now, "exp": now + 300}
        return json.dumps({"token": token(made)})

    other = wiki(ARTICLE + line(port, 'data-token="/token"'), token=signs)
    key = TokenKey("HS256", "wiki.lab.test", tmp_path / "secret")
    served = chat(web.good(), web.good(), web.good(), port=port, identities={"old": key},
                  embed_origins=(f"http://wiki.lab.test:{other.port}",))  # fmt: skip
    page.goto(f"http://wiki.lab.test:{other.port}/")
    page.get_by_role("button", name="Ask the articles").click()
    for number in (1, 2):
        ask(page)
        page.locator(f".turn:nth-of-type({number}) a.mark").wait_for()
    assert signed[0] == 2
    page.evaluate("Date.now = () => 4e12")
    signed[0] = 3
    ask(page)
    page.locator(".turn:nth-of-type(3) a.mark").wait_for()
    mia = User("wiki.lab.test:Mia", frozenset({EVERYONE, "wiki.lab.test:hr"}))
    assert [user for _, user, _ in served.assistant.asked] == [mia, mia, User("guest", frozenset({EVERYONE}))]


def test_logged_out_of_the_wiki_out_of_the_chat(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """A click on the wiki's logout ends the token that the page has, and its conversation, though the page stays. Who
    stays signed in, as on a page that asks once more, may ask at once: a token of that very second is fetched anew."""
    (tmp_path / "secret").write_bytes(SECRET)
    port, given = free_port(), list[str]()
    fetched = list[float]()

    def signs() -> str:
        fetched.append(time.time())
        # A clock that is ahead, and stands until the first time that one fetches a token after one has left.
        now = int(fetched[0]) + 8 + int(fetched[-1] - fetched[min(1, len(fetched) - 1)])
        made = {"sub": "Mia", "groups": [], "aud": f"http://127.0.0.1:{port}", "iat": now, "exp": now + 300}
        given.append(token(made))
        return json.dumps({"token": given[-1]})

    out = "<a href='/doku.php?do=logout'><b>Log Out</b></a><script>onclick = () => false</script>"
    other = wiki(ARTICLE + out + line(port, 'data-token="/token"'), token=signs)
    key = TokenKey("HS256", "wiki.lab.test", tmp_path / "secret")
    origin = f"http://wiki.lab.test:{other.port}"
    served = chat(web.good(), web.good(), port=port, identities={"old": key}, embed_origins=(origin,))
    page.goto(f"{origin}/")
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".turn a.mark").wait_for()
    (name,) = [conversation for _, _, conversation in served.assistant.asked]
    with page.expect_response("**/widget/leave") as left:
        page.get_by_text("Log Out").click()
    assert left.value.status == 200
    ended = given[-1]
    ask(page)
    page.locator(".turn:nth-of-type(2) a.mark").wait_for()
    headers = {"origin": origin, "authorization": f"Bearer {ended}"}
    replayed = httpx.post(f"{served.url}/widget/turns", headers=headers, json={"conversation": name})
    assert replayed.status_code == 401
    assert page.evaluate("JSON.parse(sessionStorage['article-assistant']).conversation") != name


OUT = """<script>onsubmit = event => event.preventDefault()
onclick = event => event.target.closest('a') && event.preventDefault()</script>
<a class=out href="/w/index.php?title=Special:UserLogout&amp;returnto=Way">1</a>
<a class=out href="/wiki/Special:User_logout/">2</a><a class=out href="/wiki/Spezial%3AAbmelden">3</a>
<a class=out href="/w/index.php?title=Spezial:Abmelden"><b>4</b></a>
<a class=out href="/doku.php?do=logout&amp;id=a">5</a>
<a class=out href="/start?sectok=&amp;do=logout">6</a>
<form action="/wiki/Special:UserLogout"><button class=out>7</button></form>
<form action="/doku.php" method=post><input type=hidden name=do value=logout><button class=out>8</button></form>
<a class=stay href="/wiki/Logout">1</a><a class=stay href="/doku.php?id=do=logout">2</a>
<a class=stay href="/wiki/Way?title=Talk:UserLogouts">3</a><a class=stay href="/doku.php?do=login">4</a>
<form action="/w/index.php"><input name=title value=Way><button class=stay>5</button></form>"""


@pytest.mark.parametrize("wiki_of", ["<p id=pt-logout><a href='/wiki/Spezial:Abmelden'>out</a></p>", ""])
def test_what_logs_out(page: Any, chat: Served, wiki: Wikis, wiki_of: str) -> None:
    """A wiki's logout is known by its action or by the name of its page, in the wiki's language where its own link says
    it; a page with such a word in its name is none."""
    at, _ = on_wiki(chat, wiki, body=wiki_of + OUT)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.evaluate("articleAssistant.leave()")
    name = "JSON.parse(sessionStorage['article-assistant']).conversation"
    seen = {}
    for kind in ("out", "stay"):
        for one in page.locator(f".{kind}").all():
            before = page.evaluate(name)
            one.click()
            seen[f"{kind} {one.text_content()}"] = page.evaluate(name) != before
    german = {"out 3", "out 4"}
    assert [
        one for one, left in seen.items() if left != (one.startswith("out") and (bool(wiki_of) or one not in german))
    ] == []


def test_what_goes_wrong_is_said(page: Any, chat: Served, wiki: Wikis) -> None:
    """A failing answer, a refusal, a server that is gone: a plain sentence each, and one asks again."""
    at, served = on_wiki(chat, wiki, ValueError("secret"), web.refused("Who?", web.citation(web.article(), web.QUOTE)))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.get_by_text("Something went wrong. Please ask again.").first.wait_for()
    ask(page, "Who?")
    page.get_by_role("heading", name="Nearest passages").wait_for()
    served.stop()
    ask(page, "Is anybody there?")
    page.locator(".notice").get_by_text("The assistant cannot be reached at the moment.").wait_for()
    page.get_by_role("button", name="Ask", exact=True).wait_for()


def test_where_guests_are_not_let_in(page: Any, chat: Served, wiki: Wikis) -> None:
    """Who has no token is told to sign in."""
    port = free_port()
    other = wiki(ARTICLE + line(port))
    chat(port=port, guests=False, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    page.goto(f"http://wiki.lab.test:{other.port}/")
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".notice").get_by_text("Please sign in to the wiki to ask.").wait_for()


def test_a_writers_words_come_beneath(page: Any, chat: Served, wiki: Wikis) -> None:
    """A language model's sentences are shown once they are supported, beneath the offline answer, and no others."""
    offline, cited = web.good(), web.citation(web.article(), web.QUOTE)
    whole = Answer("What?", True, None, "They rotate. [1]", "generative", None, (cited,), extract=offline.answer)
    true, false = "They rotate. [1] ", "The moon is cheese. "
    steps = [Words("Logs"), cited, Ready(offline), Sentence(0, true), Sentence(0, true, "supported")]
    steps += [Sentence(1, false), Sentence(1, false, "unsupported"), whole]
    at, _ = on_wiki(chat, wiki, steps)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".tools").wait_for()
    assert page.locator(".text p").all_inner_texts() == [offline.answer, "They rotate. [1]"]


def test_copy_thumbs_and_forgetting(page: Any, chat: Served, wiki: Wikis) -> None:
    """An answer is copied with its quotes and addresses, judged, and a conversation is deleted where it is kept."""
    at, served = on_wiki(chat, wiki, good("https://wiki.example.org/Incident"))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    watching = "document.activeElement.shadowRoot.activeElement.value"
    page.evaluate(f"document.addEventListener('copy', () => {{ window.copied = {watching}; }})")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    quote = " ".join(web.QUOTE.split())
    assert page.evaluate("window.copied") == (
        "Logs are now rotated every night. [1]\n\n"
        f"[1] Incident of 21 November: “{quote}” https://wiki.example.org/Incident"
    )
    page.get_by_role("button", name="Not helpful").click()
    page.locator("[aria-pressed=true]").wait_for()
    assert served.assistant.judged == [("What did we change?", "down", "")]
    page.get_by_role("button", name="Delete this conversation").click()
    page.locator(".hello").wait_for()
    ((user, name),) = served.assistant.forgotten
    assert (user.name, name) == ("guest", served.assistant.asked[0][2])


def test_a_row_of_a_table_is_drawn_as_one(page: Any, chat: Served, wiki: Wikis) -> None:
    """A quoted row stands under the names of its columns."""
    rows = "Flat sums:\nDestination: Oslo | Per diem: €84\nDestination: Bern | Per diem: €92"
    at, _ = on_wiki(chat, wiki, web.answered("What?", "€84 [1]", web.citation(web.article(text=rows), rows)))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".tools").wait_for()
    assert page.locator("blockquote tr").all_inner_texts() == ["Destination\tPer diem", "Oslo\t€84", "Bern\t€92"]
    assert page.locator("blockquote").inner_text().startswith("Flat sums:")


def test_rows_that_answer_are_a_table(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """An answer of several rows stands under the names of their columns, with its mark."""
    rows = "City: Oslo | Per diem: €84\nCity: Bern | Per diem: €92"
    said = "Flat sums: [1]\n- City: Oslo | Per diem: €84 [1]\n- City: Bern | Per diem: €92 [1]"
    at, _ = on_wiki(chat, wiki, web.answered("What?", said, web.citation(web.article(text=rows), rows)))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".tools").wait_for()
    assert page.locator(".text tr").all_inner_texts() == ["City\tPer diem", "Oslo\t€84", "Bern\t€92 [1]"]
    assert page.locator(".text").inner_text().startswith("Flat sums:")
    assert page.locator(".text a.mark").count() == 1
    picture(page, "widget-rows", tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_in_an_answer_is_code(page: Any, chat: Served, wiki: Wikis, scheme: str, tmp_path: Path) -> None:
    """Code keeps its lines and spaces, nothing in it is a mark or an item, and it can be copied alone."""
    code = "hosts:\n  - name: db\nprint(argv[1])"
    words = "Start it by hand: [1]\n    " + code.replace("\n", "\n    ")
    at, _ = on_wiki(
        chat, wiki, web.answered("How?", words, web.citation(web.article(), web.QUOTE)),
        body=f"<style>:root {{ color-scheme: {scheme} }}</style>{ARTICLE}",
    )  # fmt: skip
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".tools").wait_for()
    assert page.locator(".text p").inner_text() == "Start it by hand: [1]"
    assert page.locator(".text pre code").text_content() == code
    assert page.locator("a.mark").count() == 1
    watching = "document.activeElement.shadowRoot.activeElement.value"
    page.evaluate(f"document.addEventListener('copy', () => {{ window.copied = {watching}; }})")
    page.locator(".code").get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("window.copied") == code
    picture(page, f"widget-code-{scheme}", tmp_path)


def test_a_list_has_one_mark_and_doubt_is_said(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """A list's items that rest on one quote have one mark, the last; before what is probably no answer stands that it
    is none, below what is not quite sure how often such answers are right, and with what is sure nothing."""
    cited = web.citation(web.article(), web.QUOTE)
    bring = web.answered("q", "Bring: [1]\n- a pass [1]\n    ./print [1]\n- photos [1]", cited)
    answers = [replace(bring, confidence=sure) for sure in (0.3, 0.6, 0.9)]
    ready = replace(answers[0], confidence=0.4)
    written = replace(answers[0], mode="generative", confidence=None, extract=ready.answer, answer="Photos. [1]")
    unsure = [Ready(ready), written]
    better = [Ready(replace(web.refused("q"), confidence=0.1)), replace(written, extract="")]
    at, _ = on_wiki(chat, wiki, *answers, unsure, better)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    seen = []
    for number in range(1, 6):
        ask(page, f"What to bring, {number}?")
        turn = page.locator(f".turn:nth-of-type({number})")
        turn.locator(".tools").wait_for()
        seen.append([turn.locator(".text a.mark").count(), turn.locator("p:is(.notice, .facts)").all_inner_texts()])
        picture(page, f"widget-doubt-{number}", tmp_path)
    none = "This is probably not the answer; what comes closest is:"
    about = "Not quite sure: of answers like this about 6 in 10 are right."
    assert seen == [[1, [none]], [1, [about]], [1, []], [2, [none]], [1, []]]


def test_the_page_can_open_it_with_a_question(page: Any, chat: Served, wiki: Wikis) -> None:
    """A call from the wiki's own script opens the panel and asks."""
    at, served = on_wiki(chat, wiki, web.good())
    page.goto(at)
    page.wait_for_function("Boolean(window.articleAssistant?.open)")
    page.evaluate("articleAssistant.open('What did we change?')")
    page.locator(".text a.mark").wait_for()
    assert [question for question, _, _ in served.assistant.asked] == ["What did we change?"]
    page.evaluate("articleAssistant.close()")
    page.get_by_role("dialog").wait_for(state="hidden")


@pytest.mark.parametrize(
    ("language", "label", "side"),
    [
        ("de-AT", "Artikel fragen", "right"),
        ("kk", "Мақалалардан сұрау", "right"),
        ("ar", "اسأل المقالات", "left"),
        ("he", "Ask the articles", "left"),
        ("sw", "Ask the articles", "right"),
    ],
)
def test_it_speaks_the_pages_language(
    page: Any, chat: Served, wiki: Wikis, language: str, label: str, side: str
) -> None:
    """The words are in the page's language where there are some, and it stands on the side where lines end."""
    way = "rtl" if side == "left" else "ltr"
    at, _ = on_wiki(
        chat, wiki, body=f'<!doctype html><html lang="{language}" dir="{way}"><title>W</title><body>{ARTICLE}'
    )
    page.goto(at)
    opener = page.get_by_role("button", name=label)
    box = opener.bounding_box()
    assert (box["x"] < 300) == (side == "left")


def test_that_articles_disagree_is_said_in_the_pages_language(page: Any, chat: Served, wiki: Wikis) -> None:
    """That sentence is the assistant's, and what follows is the articles'."""
    said = web.answered("How many?", "The articles disagree: 7 [1]; 8.", web.citation(web.article(), web.QUOTE))
    at, _ = on_wiki(chat, wiki, said, body=f'<!doctype html><html lang="ru"><title>W</title><body>{ARTICLE}')
    page.goto(at)
    page.get_by_role("button", name="Спросить статьи").click()
    page.get_by_role("textbox").fill("How many?")
    page.get_by_role("textbox").press("Enter")
    page.locator(".text a.mark").wait_for()
    assert page.locator(".text").inner_text() == "Статьи расходятся: 7 [1]; 8."


@pytest.mark.parametrize(
    "style",
    [
        "body { background: #101418 }",
        "html { background: rgb(20 20 20) } body { background: none }",
        ":root { color-scheme: dark }",
    ],
)
def test_it_follows_the_wikis_theme(page: Any, chat: Served, wiki: Wikis, style: str) -> None:
    """In a dark wiki it is dark, in a light one light whatever the system says, and it turns as the wiki does."""
    page.emulate_media(color_scheme="dark")
    at, _ = on_wiki(
        chat, wiki, body=f"<!doctype html><title>W</title><style>.night {{ background: #000 }} {style}</style>{ARTICLE}"
    )
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    assert page.locator(".room.dark").count() == 1
    light, _ = on_wiki(
        chat, wiki, body="<!doctype html><title>W</title><style>.night { background: #000 }</style>" + ARTICLE
    )
    page.goto(light)
    page.get_by_role("button", name="Ask the articles").wait_for()
    assert page.locator(".room.dark").count() == 0
    page.evaluate("document.body.className = 'night'")
    page.locator(".room.dark").wait_for()


@pytest.mark.parametrize("viewport", ["", '<meta name="viewport" content="width=device-width, initial-scale=1">',
                                      '<meta name="viewport" content="width=1120">'])  # fmt: skip
def test_on_a_phone_it_is_a_sheet(browser: Any, chat: Served, wiki: Wikis, viewport: str, tmp_path: Path) -> None:
    """Whatever the page says of its width, the sheet fills the screen, its letters have their size, and it becomes half
    for the sentence that is to be seen."""
    body = f"<!doctype html><html><head>{viewport}<title>W</title></head><body>{ARTICLE}"
    at, served = on_wiki(chat, wiki, body=body)
    served.assistant.script.append(good(at))
    context = browser.new_context(viewport=PHONE, screen=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    page = context.new_page()
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").tap()
    ask(page)
    page.locator(".text a.mark").wait_for()
    picture(page, f"phone-{len(viewport)}", tmp_path)
    scale = page.evaluate("visualViewport.scale")
    panel = page.get_by_role("dialog").bounding_box()
    assert abs(panel["width"] * scale - 390) < 3
    assert abs(panel["height"] * scale - 800) < 12
    letters = page.evaluate(
        "() => { const p = document.querySelector('article-assistant').shadowRoot.querySelector('.text p');"
        "const range = document.createRange(); range.selectNodeContents(p); return range.getClientRects()[0].height; }"
    )
    assert 14 < letters * scale < 30
    page.locator("li a").tap()
    page.wait_for_function("CSS.highlights.has('article-assistant')")
    assert marked(page) == " ".join(web.QUOTE.split())
    assert abs(page.get_by_role("dialog").bounding_box()["height"] * scale - 400) < 12
    context.close()


def test_a_wikis_style_does_not_reach_it(page: Any, chat: Served, wiki: Wikis) -> None:
    """Rules for everything, important ones too, change neither the button nor the panel."""
    hostile = """<style>
        * { all: unset !important; display: inline !important; color: red !important; font: 60px serif !important;
            position: static !important; width: 9px !important }
        article-assistant { display: none !important; zoom: 3 !important }
        :root { --card: red; --ink: red; font-size: 40px }</style>"""
    seen = []
    for style in ("", hostile):
        at, _ = on_wiki(chat, wiki, web.good(), body=f"<!doctype html><title>W</title>{style}<p>Words.</p>")
        page.goto(at)
        page.get_by_role("button", name="Ask the articles").click()
        ask(page)
        page.locator(".text a.mark").wait_for()
        seen.append([page.locator(one).bounding_box() for one in (".panel", ".text", "textarea")])
        seen[-1].append(page.locator(".text").evaluate("one => getComputedStyle(one).color"))
    assert seen[0] == seen[1]


def test_the_page_does_not_shift(page: Any, chat: Served, wiki: Wikis) -> None:
    """Nothing of the page moves when the button comes, nor when the panel opens."""
    at, _ = on_wiki(chat, wiki)
    watching = "new PerformanceObserver(list => list.getEntries().forEach(one => { window.shifts += one.value; }))"
    page.add_init_script(f"window.shifts = 0; {watching}.observe({{type: 'layout-shift', buffered: true}})")
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_it(page: Any, chat: Served, wiki: Wikis, scheme: str, width: int, tmp_path: Path) -> None:
    """axe finds nothing to say about the button, the empty panel, an answer, a refusal and an error."""
    dark = "<!doctype html><html lang=en><title>W</title><style>body { background: #14171c; color: #eee }</style>"
    cited = web.citation(web.article(), web.QUOTE)
    body = (
        dark if scheme == "dark" else "<!doctype html><html lang=en><title>W</title>"
    ) + "<main><h1>A page</h1></main>"
    at, _ = on_wiki(chat, wiki, web.good(), web.refused("Who?", cited), ValueError("x"), body=body)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    axe = Axe()

    def said() -> list[str]:
        found = axe.run(page, context={"include": [["article-assistant"]]}).response["violations"]
        return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]

    assert said() == []
    page.get_by_role("button", name="Ask the articles").click()
    assert said() == []
    for number in (1, 2, 3):
        ask(page)
        page.locator(f".turn:nth-of-type({number}) :is(.tools, .notice)").wait_for()
    assert said() == []
    page.locator(".log").evaluate("log => { log.scrollTop = 0; }")
    picture(page, f"widget-{width}-{scheme}", tmp_path)


def test_the_keyboard_reaches_everything(page: Any, chat: Served, wiki: Wikis) -> None:
    """Tab goes through the panel in reading order; on a small screen it stays in the sheet."""
    at, _ = on_wiki(chat, wiki, web.good())
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").press("Enter")
    ask(page)
    page.locator(".tools").wait_for()
    named = "document.activeElement.shadowRoot?.activeElement?.textContent || document.activeElement.nodeName"
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(named))
    around = ["Ask", "Half height", "New chat", "Close"]
    assert seen[:4] == around
    assert {"[1]", "Incident of 21 November", "Copy", "Helpful", "Not helpful", "Delete this conversation"} <= set(seen)
    assert "BODY" not in seen


def signing(tmp_path: Path, wiki: str, home: str) -> Settings:
    """Settings under which a wiki at an address signs who asks."""
    (tmp_path / "secret").write_bytes(SECRET)
    keys = {"k": TokenKey("HS256", wiki, tmp_path / "secret")}
    return Settings(port=free_port(), identities=keys, embed_origins=(home,))


def asked_here(page: Any, question: str, served: web.Served, url: str) -> User:
    """Asks about the page, which is the article's at `url`; as whom."""
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("button", name="About this page").click()
    ask(page, question)
    page.locator(".text a.mark").wait_for()
    user: User
    ((_, user, _),) = served.assistant.asked
    (scope,) = served.assistant.scopes
    assert page_of(url) in map(page_of, scope.pages)
    return user


@pytest.mark.lab
@pytest.mark.parametrize("mode", ["guest", "member"])
def test_real_mediawiki(browser: Any, chat: Served, lab_wiki: Any, tmp_path: Path, mode: str) -> None:
    """In a real MediaWiki the panel answers, marks the quote on the page itself, and asks as who is logged in.

    The guest has a phone, which MediaWiki's default skin draws small; the member's wiki has a strict policy.
    """
    days = "\n\n".join(f"=== Day {day} ===\n{DAY}" for day in ("one", "two", "three", "four", "five"))
    quote = "Your buddy adds you to the paging rotation on the second day"
    story = f"Welcome to the team.\n\n== First week ==\nYour [[buddy]] adds '''you'''{quote[19:]}.\n\n{days}\n"
    home, folder = lab_wiki("mediawiki", {"Team/Onboarding.wiki": story})
    url = f"{home}/wiki/Team/Onboarding#First_week"
    cited = web.citation(web.article("w/Team/Onboarding", f"# Onboarding\n\n{quote}.\n", url, "2026-11-20"), quote)
    answer = web.answered(
        "Who adds me?", "Your buddy adds you to the paging rotation. [1]", replace(cited, heading="First week")
    )
    settings = signing(tmp_path, "wiki.example", home)
    served = chat(answer, port=settings.port, identities=settings.identities, embed_origins=(home,))
    (tmp_path / "mediawiki.php").write_text(piece("mediawiki", settings))
    with (folder / "LocalSettings.php").open("a") as local:
        local.write(f"\nrequire_once '{tmp_path / 'mediawiki.php'}';\n")
        if mode == "member":
            local.write(
                f"$wgCSPHeader = [ 'script-src' => [ '{settings.site}' ], 'default-src' => [ '{settings.site}' ] ];\n"
            )
    phone = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2, "viewport": PHONE, "screen": PHONE}
    context = browser.new_context(**(phone if mode == "guest" else {"viewport": {"width": 1280, "height": 800}}))
    page = context.new_page()
    page.set_default_timeout(60_000)
    hosts = watch(page)
    name = "guest"
    if mode == "member":
        account = json.loads((folder / "credentials.json").read_text())["admin"]
        page.goto(f"{home}/index.php?title=Special:UserLogin")
        page.fill("#wpName1", account["user"])
        page.fill("#wpPassword1", account["password"])
        page.click("#wpLoginAttempt")
        page.wait_for_load_state()
        name = f"wiki.example:{account['user']}"
    response = page.goto(f"{home}/index.php?title=Team/Onboarding&action=view")
    assert ("content-security-policy" in response.headers) == (mode == "member")
    user = asked_here(page, "Who adds me?", served, url)
    assert user.name == name
    assert EVERYONE in (user.groups or ())
    assert ("wiki.example:sysop" in (user.groups or ())) == (mode == "member")
    picture(page, f"mediawiki-{mode}-answer", tmp_path)
    page.locator(".text a.mark").click()
    page.wait_for_function("CSS.highlights.has('article-assistant')")
    assert marked(page) == quote
    assert page.get_by_role("dialog").is_visible()
    page.mouse.move(5, 5)
    page.wait_for_timeout(1000)
    picture(page, f"mediawiki-{mode}", tmp_path)
    assert hosts == {"127.0.0.1"}
    context.close()


@pytest.mark.lab
def test_real_dokuwiki(page: Any, chat: Served, lab_wiki: Any, shared: Path, tmp_path: Path) -> None:
    """On a page of a real DokuWiki for the group hr alone, one of hr asks; the quote is marked there."""
    story = "====== Salaries ======\n\nThe bonus is paid in **April**.\n"
    rules = str(shared / "wikilab" / "samples" / "dokuwiki.acl")
    home, folder = lab_wiki("dokuwiki", {"hr/salaries.txt": story}, "--acl", rules)
    quote = "The bonus is paid in April"
    url = f"{home}/doku.php?id=hr:salaries#salaries"
    cited = web.citation(web.article("dw/hr:salaries", f"# Salaries\n\n{quote}.\n", url), quote)
    settings = signing(tmp_path, "doku.example", home)
    answer = web.answered("When?", "April [1]", cited)
    served = chat(answer, port=settings.port, identities=settings.identities, embed_origins=(home,))
    (plugins,) = {path.parent.parent for path in folder.glob("**/lib/plugins/acl/action.php")}
    (plugins / "articleassistant").mkdir()
    (plugins / "articleassistant" / "action.php").write_text(piece("dokuwiki", settings))
    account = json.loads((folder / "credentials.json").read_text())["hr"]
    page.goto(f"{home}/doku.php?id=hr:salaries&do=login")
    page.fill("[name=u]", account["user"])
    page.fill("[name=p]", account["password"])
    page.click("form#dw__login [type=submit]")
    page.goto(f"{home}/doku.php?id=hr:salaries")
    user = asked_here(page, "When?", served, url)
    assert user.name == f"doku.example:{account['user']}"
    assert {EVERYONE, "doku.example:@hr"} <= set(user.groups or ())
    page.locator(".text a.mark").click()
    page.wait_for_function("CSS.highlights.has('article-assistant')")
    assert marked(page) == quote
    picture(page, "dokuwiki", tmp_path)
