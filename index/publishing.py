"""When a generation is built: after changes, on demand, or beside other work to mend one that is damaged."""

import logging
from contextlib import closing, suppress

from article_assistant.index.build import Builder, remove
from article_assistant.index.generation import SETTLED, Damaged, Generation, Generations
from article_assistant.index.types import LibraryBusy, LibraryError, Tell
from article_assistant.index.vectors import Away

log = logging.getLogger(__name__)


class _Abandoned(Exception):
    """A build is abandoned, since the index is closed or another process wants to write."""


def publish(generations: Generations, tell: Tell = lambda *_: None) -> None:
    """Build a generation of what the library holds and point to it, unless that is done already.

    `tell` is called meanwhile. Raises LibraryError where none can be built, Away (a LibraryError) where the
    server of the vectors is.
    """
    library, remote = generations.library, generations.remote()
    pending = library.pending()
    state = pending.state
    folder = generations.folder / f"gen-{state.generation + 1}"
    builder = Builder(library, remote, tell)
    try:
        last: Generation | None = generations.open(state.generation)
    except Damaged:
        last = None
    try:
        if last and state.changes == state.published and last.complete:
            return
        try:
            builder.build(folder, pending, last)
        except Damaged:
            if last is None and remote is None:
                raise
            builder.build(folder, pending, None, anew=True)
    except Damaged as error:
        raise LibraryError(
            f"no search index could be built ({error}); questions are answered by a slower search, "
            "check the disk and type: assistant index SOURCE"
        ) from error
    finally:
        if last:
            last.close()
    library.publish(state.generation + 1, state.changes, pending.highest, pending.gone)
    if remote:
        with suppress(Away):  # surplus rows wait for the next time
            remote.prune(library.numbers(), pending.gone)
    for old in generations.folder.glob("gen-*"):
        if old != folder:
            remove(old)


def settle(generations: Generations, least: int = 0, share: float = SETTLED, tell: Tell = lambda *_: None) -> bool:
    """Publish where nothing usable is published, or more than `share` of the chunks changed since.

    With `least`, nothing is done below that many changes, and a generation that cannot be used is left for
    later. Returns False where that has to wait because the server of the vectors is away; it is logged.
    """
    changed = generations.library.changed()
    if changed < least:
        return True
    try:
        if changed > share * generations.library.counts()["chunks"] or not (least or _serves(generations)):
            publish(generations, tell)
    except Away as error:
        log.warning(
            "%s; all articles are kept and found, by a slower search. Their search index is built when a running "
            "`assistant serve` reaches the server, or when it answers and you type: assistant index SOURCE",
            error,
        )
        return False
    return True


def _serves(generations: Generations) -> bool:
    """Whether the published generation can be opened and has all of its vectors. Raises Away."""
    try:
        with closing(generations.open(generations.library.state().generation)) as generation:
            return generation.complete
    except Damaged:
        return False


def mend(generations: Generations) -> None:
    """Publish while nobody else wants to write; abandoned once the generations are being closed."""
    try:
        with generations.library.writing(gives_way=True) as wanted:

            def go_on(*_: object) -> None:
                if generations.closing.is_set() or wanted():
                    raise _Abandoned

            publish(generations, go_on)
    except (LibraryBusy, Away, _Abandoned):
        pass  # another writer will publish; Away was logged when it began
    except LibraryError as error:
        log.warning("%s", error)
