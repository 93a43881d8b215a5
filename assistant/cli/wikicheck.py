"""Looks at a wiki's page as a browser would, and says in sentences why the chat would not work in it."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
from article_assistant.settings import LOOPBACK, Settings
from article_assistant.web import routes
from lxml import html

MAX_PAGE = 5_000_000
"""Maximum characters of a page or script that are looked at."""
MAX_SCRIPTS = 30
"""Maximum scripts of the page that are looked into for the widget's address."""
WIDGET_ADDRESS = re.compile(r"""https?://[^\s"'<>\\]+/widget\.js""")


def lacks(url: str, settings: Settings, client: httpx.Client) -> list[str]:
    """What is missing, a sentence or two each, for the chat in the page at `url`; [] if nothing is."""
    try:
        page = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [f"The page cannot be opened: {error}. Is {url} its address?"]
    if page.status_code >= 400:
        return [f"The page answers with the status {page.status_code}. Name one that everybody may read."]
    tree = html.document_fromstring(page.text[:MAX_PAGE].encode("utf-8", "replace") or b"<p>")
    policies = [*page.headers.get_list("content-security-policy"), *_policies_in(tree)]
    frames = [urljoin(str(page.url), src) for src in tree.xpath("//iframe/@src")]
    if framed := [src for src in frames if _origin_of(src) == settings.site]:
        return list(_framed(page, framed[0], policies, client))
    found = _script(page, tree, client)
    if found is None:
        return [
            "The chat is not in this page: no script of it loads widget.js. Paste what `assistant embed` prints for "
            "this wiki. If you have, name a page where the wiki runs its scripts, not its login."
        ]
    script, nonce, token = found
    return list(_embedded(page, script, nonce, token, policies, settings, client))


def _embedded(
    page: httpx.Response, script: str, nonce: str, token: str, policies: list[str], settings: Settings,
    client: httpx.Client,
) -> Iterator[str]:  # fmt: skip
    """What is missing where the page loads the widget's script."""
    wiki, chat = _origin_of(str(page.url)), _origin_of(script)
    if chat != settings.site:
        yield (
            f"The page loads the chat from {chat}, and the setting address says {settings.site}. Make them the same: "
            "tokens are made for one address."
        )
    if wiki.startswith("https:") and chat.startswith("http:") and urlsplit(chat).hostname not in LOOPBACK:
        yield (
            f"The page comes by https and the chat by http ({chat}), which browsers refuse. Put the chat behind a "
            "proxy with TLS, and set address to its https:// address."
        )
    for directive, address, given in (("script-src", script, nonce), ("connect-src", chat, "")):
        if not all(_allows(policy, directive, address, given, wiki) for policy in policies):
            yield f"The wiki's Content-Security-Policy does not allow {chat}: add it to {directive}."
    try:
        served = client.get(script)
        asked = {"origin": wiki, "access-control-request-method": "POST"}
        door = client.options(chat + routes.WIDGET_ASK.path, headers=asked)
        turns = client.post(
            chat + routes.WIDGET_TURNS.path, headers={"origin": wiki}, json={"conversation": "assistant-embed-check-"}
        )
    except httpx.HTTPError as error:
        yield f"The chat cannot be reached at {chat}: {error}. Is it served, and does this name lead to it?"
        return
    if served.status_code == 421:
        yield f"The chat does not answer under this name: add {urlsplit(chat).hostname} to hosts, or set address."
    elif served.status_code != 200 or "javascript" not in served.headers.get("content-type", ""):
        yield f"There is no script at {script} (status {served.status_code}). Does a proxy lead it to the chat?"
    elif door.headers.get("access-control-allow-origin") != wiki:
        yield f'Scripts of {wiki} may not ask the chat: add "{wiki}" to embed_origins, and start it again.'
    elif turns.status_code == 401 and not token:
        yield (
            "Guests may not ask, and this page names no token: whoever is not logged in is refused. If that is not "
            "meant, set guests = true; for those who are logged in see docs/embedding.md."
        )
    if token:
        yield from _token(urljoin(str(page.url), token), wiki, client)


def _token(address: str, wiki: str, client: httpx.Client) -> Iterator[str]:
    """What is wrong with the address that says who is logged in, as far as a stranger can see."""
    try:
        said = client.get(address, headers={"accept": "application/json"})
    except httpx.HTTPError as error:
        yield f"The address of tokens cannot be opened: {error}."
        return
    if _origin_of(address) != wiki:
        yield f"The address of tokens, {address}, is not one of the wiki: browsers send it no cookie of the login."
    if said.status_code == 404 or (said.status_code == 200 and "json" not in said.headers.get("content-type", "")):
        yield f"There are no tokens at {address}: put the file there that `assistant embed` prints."


def _framed(page: httpx.Response, frame: str, policies: list[str], client: httpx.Client) -> Iterator[str]:
    """What is missing where the page shows the chat in a frame."""
    wiki = _origin_of(str(page.url))
    if not all(_allows(policy, "frame-src", frame, "", wiki) for policy in policies):
        yield f"The wiki's Content-Security-Policy does not allow {_origin_of(frame)}: add it to frame-src."
    try:
        shown = client.get(frame, follow_redirects=False)
    except httpx.HTTPError as error:
        yield f"The chat cannot be reached at {frame}: {error}. Is it served, and does this name lead to it?"
        return
    if shown.status_code == 421:
        yield f"The chat does not answer under this name: add {urlsplit(frame).hostname} to hosts, or set address."
    elif not _allows(shown.headers.get("content-security-policy", ""), "frame-ancestors", wiki, "", _origin_of(frame)):
        yield f'Pages of {wiki} may not frame the chat: add "{wiki}" to embed_origins, and start it again.'
    elif shown.status_code in (303, 401):
        yield "The page of the chat needs a login, which may not work in a frame: use the button instead."


def _script(page: httpx.Response, tree: html.HtmlElement, client: httpx.Client) -> tuple[str, str, str] | None:
    """The address of the widget's script with its nonce and its token's address; None where it is not found.

    A wiki may load it by a script of its own, as MediaWiki does by Common.js.
    """
    own = []
    for element in tree.xpath("//script[@src]"):
        src = urljoin(str(page.url), element.get("src"))
        if urlsplit(src).path == routes.WIDGET.path:
            return src, element.get("nonce", ""), element.get("data-token", "")
        if _origin_of(src) == _origin_of(str(page.url)):
            own.append(src)
    if written := WIDGET_ADDRESS.search(page.text[:MAX_PAGE]):
        return written[0], "", ""
    loaders = [src for src in own if urlsplit(src).path.endswith("/load.php")]
    own[:0] = [f"{src.partition('?')[0]}?modules=site&only=scripts&debug=1" for src in loaders[:1]]
    for src in own[:MAX_SCRIPTS]:
        try:
            text = client.get(src).text[:MAX_PAGE]
        except httpx.HTTPError:
            continue
        if written := WIDGET_ADDRESS.search(text.replace("\\/", "/")):
            return written[0], "", ""
    return None


def _policies_in(tree: html.HtmlElement) -> list[str]:
    """The policies that stand in the page itself."""
    metas = tree.xpath("//meta[@http-equiv and @content]")
    return [one.get("content") for one in metas if one.get("http-equiv").lower() == "content-security-policy"]


def _allows(policy: str, directive: str, address: str, nonce: str, own: str) -> bool:
    """Whether a policy lets a page of the origin `own` use this address (CSP Level 3, without paths)."""
    rules = {words[0].lower(): words[1:] for words in (rule.split() for rule in policy.split(";")) if words}
    allowed = rules.get(directive, rules.get("default-src") if directive != "frame-ancestors" else None)
    return allowed is None or any(_matches(source, urlsplit(address), nonce, own) for source in allowed)


def _matches(source: str, address: SplitResult, nonce: str, own: str) -> bool:
    """Whether one source of a directive covers the address."""
    if source == "'self'":
        return f"{address.scheme}://{address.netloc}" == own
    if source.startswith("'nonce-"):
        return bool(nonce) and source == f"'nonce-{nonce}'"
    if source in ("*", f"{address.scheme}:"):
        return address.scheme in ("http", "https")
    scheme, _, rest = source.rpartition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    if (scheme or address.scheme) not in (address.scheme, "http" if address.scheme == "https" else address.scheme):
        return False
    standing = {"http": 80, "https": 443}.get(address.scheme)
    if port != "*" and (port or str(standing)) != str(address.port or standing):
        return False
    name = address.hostname or ""
    return name == host.lower() or (host.startswith("*.") and name.endswith(host[1:].lower()))


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
