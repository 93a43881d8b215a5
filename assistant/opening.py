"""From settings to an assistant that answers: the one place where its parts are put together.

Models are imported inside the functions, so that `assistant --help` and `import article_assistant` load none.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from article_assistant.index.types import UserFacingError

if TYPE_CHECKING:
    from article_assistant.index.instep import InStep
    from article_assistant.index.library import Library
    from article_assistant.index.remote import Server
    from article_assistant.index.search import Index
    from article_assistant.pipeline import Assistant
    from article_assistant.settings import Settings


def open(settings: "Settings | Path | str | None" = None, *, index: "Index | None" = None) -> "Assistant":
    """Open an assistant over a library that holds articles; use it in a `with` statement, or close it.

    `settings` are all settings, or just the folder of the library (the rest then comes from the environment and
    assistant.toml, as for the command line), or None for the default folder. An `index` that is open already may
    be given, and stays open. Raises UserFacingError where the library is empty or damaged, SettingsError (which is
    one) where a setting is not usable.
    """
    from article_assistant.settings import Settings

    if not isinstance(settings, Settings):
        settings = Settings.read(home=Path(settings) if settings is not None else None)
    with ExitStack() as parts:
        if index is None:
            index = parts.enter_context(open_index(settings, filled=True))
        assistant = _over(index, settings, parts)
        assistant.closing = parts.pop_all()
    return assistant


@contextmanager
def open_index(settings: "Settings", *, filled: bool = False, mends: bool = False) -> Iterator["Index"]:
    """The index of these settings; where it must be `filled`, one that can answer. See `Index.open` for `mends`."""
    from article_assistant.index import embed
    from article_assistant.index.search import Index

    opened = Index.open(settings.home, embed.load(settings.encoder, settings.threads), mends, server_of(settings))
    try:
        if filled:
            if not opened.library.counts()["articles"]:
                raise UserFacingError("the library is empty; type: assistant index FOLDER")
            opened.ready()
        yield opened
    finally:
        opened.close()


@contextmanager
def kept_in_step(settings: "Settings", library: "Library") -> Iterator["InStep"]:
    """The sources of a library and of these settings, kept in step in the background until the context ends."""
    from article_assistant.index import sync
    from article_assistant.index.instep import Enough, InStep
    from article_assistant.index.reading import files
    from article_assistant.index.sources import folder, kinds

    opened = ExitStack()  # an index of its own, once there is something to do: its encoder takes one core
    own: list[Index] = []
    before = dict[str, int]()  # what the files of each folder looked like
    alone, readable = settings.model_copy(update={"threads": 1}), files.kinds(settings.ocr)

    def bring(address: str, enough: Enough) -> sync.SyncReport:
        stamp = folder.stamps(Path(address), readable) if Path(address).exists() else None
        if stamp is not None and before.get(address) == stamp:
            library.ledger.looked(address)
            return sync.SyncReport()
        if not own:
            own.append(opened.enter_context(open_index(alone)))
        report = sync.sync(
            [address], own[0], settings.max_file_mb * 1_000_000, most_seconds=settings.max_parse_seconds,
            languages=settings.ocr, access=settings.access(running.addresses()), enough=enough,
        )  # fmt: skip
        if stamp is not None and not report.ended:
            before[address] = stamp
        return report

    running = InStep(library, map(kinds.address_of, settings.sources), settings.follow_seconds, bring)
    running.start()
    try:
        yield running
    finally:
        if running.close():
            opened.close()


def server_of(settings: "Settings") -> "Server | None":
    """The server that keeps the vectors, where these settings name one; nothing is sent yet."""
    from article_assistant.index.remote import Server

    if not settings.vectors:
        return None
    token = settings.vectors_token.get_secret_value() if settings.vectors_token else ""
    return Server(settings.vectors, token, settings.vectors_tenant, settings.vectors_database)


def _over(index: "Index", settings: "Settings", parts: ExitStack) -> "Assistant":
    """An assistant over an open index, with the language model of the settings where they name one.

    What is opened for it is closed with `parts`. Raises SettingsError where there is no such language model.
    """
    from article_assistant.answering.extract import Extractor
    from article_assistant.answering.kind import kinds_of
    from article_assistant.answering.meant import alike_by
    from article_assistant.answering.reader import Reader
    from article_assistant.index import embed
    from article_assistant.memory import Memory
    from article_assistant.pipeline import Assistant

    memory, reader = Memory(index.library.home, settings.keep_days), Reader(settings.threads)
    parts.callback(memory.close)
    encoder = index.embedder if settings.encoder == embed.DEFAULT else embed.load(threads=settings.threads)
    offline = Extractor(reader, settings.accepted_wrong, kinds_of(encoder), alike_by(encoder))
    if not settings.llm:
        return Assistant(index, offline, memory, settings.offers)

    from article_assistant.prompts import PromptError
    from article_assistant.settings import SettingsError
    from article_assistant.writing import providers
    from article_assistant.writing.calls import Caller
    from article_assistant.writing.entailment import Checker
    from article_assistant.writing.writer import Writer

    llm = providers.load_llm(settings)
    caller = Caller(llm, settings.llm_seconds, settings.llm_tokens_a_day, index.library.home)
    parts.callback(caller.close)
    checker = Checker(index.embedder, settings.threads)
    try:
        writer = Writer(offline, caller, checker, settings.unsupported == "remove", settings.prompts)
    except PromptError as error:
        raise SettingsError(f"the setting prompts is not usable: {error}") from error
    return Assistant(index, writer, memory, settings.offers)
