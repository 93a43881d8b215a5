"""Security headers of every response, and the nonce of the page's scripts."""

import re

from article_assistant.web import routes
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

_PREVIEWS = re.compile(rb"""<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*""")
"""By what Gradio's page wants to be shown as Gradio's where somebody sends a link to it."""
PREFLIGHT_SECONDS = 600
"""How long a browser may remember that a script of another origin may ask."""


def guarded(scope: Scope, send: Send, nonce: str, ancestors: str, reader: str = "") -> Send:
    """A `send` that sets our security headers and removes those of others.

    `ancestors` lists the sites that may frame the page, as in CSP's frame-ancestors; `reader` is the foreign origin
    whose script may read this response, never with cookies.
    """
    path = scope["path"]
    # Gradio's HTML component builds its template with Function(): hence unsafe-eval, on that page only. A script
    # runs only with this response's nonce or from our own files, so text that slipped through as markup could not
    # run. Gradio sets styles on elements: hence unsafe-inline. Its page has a base element.
    script, base = ("'self'", "'none'")
    if path == routes.PAGE.path:
        script, base = f"'self' 'nonce-{nonce}' 'unsafe-eval'", "'self'"
    policy = (
        f"default-src 'self'; base-uri {base}; script-src {script}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'none'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )

    async def with_rules(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-") or name == "server"]:
                del headers[name]
            if reader:
                headers["access-control-allow-origin"] = reader
                headers["access-control-allow-methods"] = "POST"
                headers["access-control-allow-headers"] = "authorization, content-type"
                headers["access-control-expose-headers"] = "retry-after"
                headers["access-control-max-age"] = str(PREFLIGHT_SECONDS)
            if routes.for_wikis(path):
                headers["vary"] = "origin"
            headers["content-security-policy"] = policy
            headers["x-content-type-options"] = "nosniff"
            # Not no-referrer, with which browsers send "Origin: null" from our own login form.
            headers["referrer-policy"] = "same-origin"
            headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
            # Other sites load the widget's script; the rest is for our own pages. Framing is up to frame-ancestors,
            # not to this header.
            shared = path == routes.WIDGET.path
            headers["cross-origin-resource-policy"] = "cross-origin" if shared else "same-origin"
            if scope["scheme"] == "https":  # over http browsers ignore it and log an error
                headers["cross-origin-opener-policy"] = "same-origin"
            if routes.find(path) is routes.ASSETS and message["status"] == 200:
                # Their names change with their content.
                headers["cache-control"] = "private, max-age=31536000, immutable"
            elif "cache-control" not in headers:
                headers["cache-control"] = "no-store"
        await send(message)

    return with_rules


def with_nonce(send: Send, nonce: str, cookie: str | None = None, preview: str = "") -> Send:
    """A `send` that puts the nonce on the page's own script elements, our `preview` in place of Gradio's, and a cookie.

    The response must not be compressed. Gradio writes variable data as JSON with `<` escaped, so every `<script` in
    the page comes from its template.
    """
    start: Message = {}
    parts: list[bytes] = []

    async def with_it(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        headers = MutableHeaders(scope=start)
        body = _PREVIEWS.sub(b"", b"".join(parts)).replace(b"<head>", b"<head>" + preview.encode(), 1)
        body = body.replace(b"<script", f'<script nonce="{nonce}"'.encode())
        if body:
            headers["content-length"] = str(len(body))
        if cookie is not None:
            headers.append("set-cookie", cookie)
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return with_it
