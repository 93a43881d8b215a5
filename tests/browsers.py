"""The browser of the tests and benchmarks."""

import shutil


def installed() -> str | None:
    """The path of a Chromium or Chrome on the PATH; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next(filter(None, map(shutil.which, names)), None)
