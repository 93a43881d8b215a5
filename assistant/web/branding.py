"""What a team makes its own: the colour, the logo, and what other programs show of a link to the page."""

from mimetypes import guess_type
from pathlib import Path

from article_assistant.settings import Settings
from article_assistant.web import routes
from starlette.responses import FileResponse, Response

READABLE = 4.5
"""Contrast of text with what is behind it, at least (WCAG 2.2, 1.4.3)."""
WELCOME = "Answers come word for word from the articles, each with a link to where it stands."
"""What the page and a link to it say where the settings say nothing."""
_WHITE, _BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)
_DARK_CARD = (28.0, 32.0, 39.0)
"""What text stands on in the dark, as page.css has it."""
_DARK = ".dark{%s}@media (prefers-color-scheme: dark){html:not(.light):has(.plain){%s}}"  # as page.css has its colours

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""


def preview(settings: Settings) -> dict[str, str]:
    """What other programs show of a link to the page, as preview.html says it: name, description and logo."""
    return {
        "name": settings.name,
        "description": settings.welcome or WELCOME,
        "site": settings.site,
        "picture": f"{settings.site}{routes.LOGO.path}" if settings.logo else "",
    }


def style(accent: str) -> str:
    """The style sheet of a colour like `#24548f`; "" for none.

    In the light it is darkened and in the dark lightened, as little as it takes to be read on its own soft ground.
    """
    if not accent:
        return ""
    red, green, blue = (float(int(accent[at : at + 2], 16)) for at in (1, 3, 5))
    light = _variables((red, green, blue), _WHITE, 0.12, _BLACK)
    dark = _variables((red, green, blue), _DARK_CARD, 0.22, _WHITE)
    return f"\n:root{{{light}}}{_DARK % (dark, dark)}\n"


def logo(settings: Settings, icon: Path) -> Response:
    """The team's logo, or our own icon."""
    if settings.logo is None:
        return FileResponse(icon, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})
    kind, _ = guess_type(settings.logo.name, strict=False)
    return FileResponse(settings.logo, media_type=kind, headers={"cache-control": "max-age=300"})


def contrast(one: Colour, other: Colour) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _variables(accent: Colour, ground: Colour, part: float, towards: Colour) -> str:
    steps = (_mixed(towards, accent, step / 50) for step in range(51))
    colour = next(one for one in steps if contrast(one, _mixed(one, ground, part)) >= READABLE)
    soft, on = _mixed(colour, ground, part), _WHITE if towards == _BLACK else (16.0, 22.0, 31.0)
    return f"--accent:{_hex(colour)};--accent-soft:{_hex(soft)};--on-accent:{_hex(on)};"


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    """`part` (0 to 1) of one colour in another."""
    red, green, blue = (round(a * part + b * (1 - part)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    parts = (value / 255 for value in colour)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(value):02x}" for value in colour)
