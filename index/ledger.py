"""What a library knows of its sources: when each was read, what it gave, and what could not be read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from article_assistant.index.address import like, page_of
from article_assistant.index.schema import Failure, Source, Trouble, count_change, folded
from article_assistant.index.types import Groups, Numbers, Scope

if TYPE_CHECKING:
    from article_assistant.index.library import Library


class Ledger:
    """The sources of one library; written to, like the library, inside `with library.writing():`."""

    def __init__(self, library: "Library") -> None:
        self._library = library

    def sources(self) -> list[Source]:
        """All sources, oldest first."""
        query = "SELECT id, address, label, synced, state, waiting, groups FROM source ORDER BY id"
        return [
            Source(number, address, label, synced, frozenset(json.loads(groups)), state, waiting)
            for number, address, label, synced, state, waiting, groups in self._library.all(query)
        ]

    def add(self, address: str, label: str) -> Source:
        """The source at `address`, with a label no other one has: `label`, or `label~2` and so on."""
        for source in self.sources():
            if source.address == address:
                return source
        taken = {source.label for source in self.sources()}
        free = next(name for name in [label, *(f"{label}~{n}" for n in range(2, len(taken) + 3))] if name not in taken)
        with self._library.transaction() as connection:
            connection.execute("INSERT INTO source (address, label) VALUES (?, ?)", (address, free))
        return next(source for source in self.sources() if source.address == address)

    def note(self, source: Source) -> None:
        """Keep a source's groups, its state, and how many of its articles wait."""
        row = json.dumps(sorted(source.groups)), source.state, source.waiting, source.id
        with self._library.transaction() as connection:
            connection.execute("UPDATE source SET groups = ?, state = ?, waiting = ? WHERE id = ?", row)

    def readers(self, source: Source) -> dict[str, frozenset[str]]:
        """Article id to the groups that may see it, for one source."""
        query = "SELECT id, groups FROM article WHERE source = ?"
        return {str(one): frozenset(json.loads(groups)) for one, groups in self._library.all(query, (source.id,))}

    def regroup(self, readers: Mapping[str, frozenset[str]]) -> None:
        """Give articles other groups, in one transaction; nothing is embedded again.

        Their chunks get new numbers: a generation filters by the groups that it was built with.
        """
        if not readers:
            return
        with self._library.transaction() as connection:
            for article, groups in readers.items():
                connection.execute("UPDATE article SET groups = ? WHERE id = ?", (json.dumps(sorted(groups)), article))
                if not groups:  # what nobody may see has no chunks, and is read again when somebody may
                    connection.execute("DELETE FROM chunk WHERE article = ?", (article,))
                    connection.execute("UPDATE article SET fingerprint = '' WHERE id = ?", (article,))
                numbers = connection.execute("SELECT number FROM chunk WHERE article = ? ORDER BY number", (article,))
                for (number,) in numbers.fetchall():
                    another = connection.execute(
                        'INSERT INTO chunk (article, start, "end", heading, vector, terms) '
                        'SELECT article, start, "end", heading, vector, terms FROM chunk WHERE number = ?',
                        (number,),
                    ).lastrowid
                    connection.execute("UPDATE sentence SET chunk = ? WHERE chunk = ?", (another, number))
                    connection.execute("DELETE FROM chunk WHERE number = ?", (number,))
            count_change(connection)

    def stumbled(self, address: str, reason: str, at: str) -> bool:
        """Keep why a source could not be read at a UTC time; whether it could the time before."""
        synced = next((source.synced for source in self.sources() if source.address == address), None)
        before = self.troubles().get(address)
        goes_on = before is not None and (synced is None or synced < before.at)
        since = before.since if before and goes_on else at
        with self._library.transaction() as connection:
            row = address, since, at, reason
            connection.execute("INSERT OR REPLACE INTO trouble VALUES (?, ?, ?, ?)", row)
        return not goes_on

    def troubles(self) -> dict[str, Trouble]:
        """Of each address that ever failed, the last failure; it is over where its source was read since."""
        rows = self._library.all("SELECT address, since, at, reason FROM trouble ORDER BY address")
        return {str(address): Trouble(since, at, reason) for address, since, at, reason in rows}

    def shown(self) -> list[tuple[int, frozenset[str], int]]:
        """How many articles there are, by source (its number) and by the groups that may see them."""
        rows = self._library.all("SELECT source, groups, count(*) FROM article GROUP BY source, groups")
        return [(source, frozenset(json.loads(groups)), articles) for source, groups, articles in rows]

    def titles(self, groups: Groups) -> list[tuple[str, str, str | None]]:
        """Id, title and date of each article that `groups` may see, by id."""
        rows = self._library.all("SELECT id, title, updated, groups FROM article ORDER BY id")
        seen = {shown: groups is None or bool(groups & set(json.loads(shown))) for shown in {row[3] for row in rows}}
        return [(identifier, title, updated) for identifier, title, updated, shown in rows if seen[shown]]

    def categories(self, groups: Groups) -> dict[str, int]:
        """How many articles that `groups` may see each category holds, by the name that most of them write, sorted."""
        query = (
            "SELECT folded, name, groups, count(*) FROM category JOIN article ON article.id = article "
            "GROUP BY folded, name, groups"
        )
        held = dict[str, Counter[str]]()
        for key, name, shown, articles in self._library.all(query):
            if groups is None or groups & set(json.loads(shown)):
                held.setdefault(key, Counter())[name] += articles
        return {names.most_common(1)[0][0]: names.total() for _, names in sorted(held.items())}

    def forget(self, source: Source) -> None:
        """Drop a source with its articles and failures."""
        with self._library.transaction() as connection:
            connection.execute("DELETE FROM source WHERE id = ?", (source.id,))
            connection.execute("DELETE FROM trouble WHERE address = ?", (source.address,))
            count_change(connection)

    def synced(
        self,
        source: Source,
        failures: Mapping[str, Failure],
        place: str = "",
        others: Mapping[tuple[str, str], int] = MappingProxyType({}),
    ) -> None:
        """Note that a source is up to date now, and which articles at or below `place` failed, and why.

        `others` counts the files of kinds that are not read, by folder (like the id of an article) and kind.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._library.transaction() as connection:
            connection.execute("UPDATE source SET synced = ? WHERE id = ?", (now, source.id))
            connection.execute(
                "DELETE FROM failure WHERE source = ? AND (article = ? OR substr(article, 1, ?) = ?)",
                (source.id, place, *_below(place)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)",
                [(article, source.id, failed.reason, failed.fingerprint) for article, failed in failures.items()],
            )
            connection.execute(
                "DELETE FROM other WHERE source = ? AND (folder = ? OR substr(folder, 1, ?) = ?)",
                (source.id, place, *_below(place)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO other VALUES (?, ?, ?, ?)",
                [(folder, source.id, kind, files) for (folder, kind), files in others.items()],
            )

    def within(self, scope: Scope) -> Numbers:
        """The chunks of the articles in a scope, whoever may see them."""
        query = (
            "SELECT number FROM article JOIN chunk ON article = id WHERE (id = ? OR substr(id, 1, ?) = ?) "
            "AND (? = '' OR substr(updated, 1, 10) >= ?) AND (? = '' OR substr(updated, 1, 10) <= ?) "
            "AND (? = '' OR id IN (SELECT article FROM category WHERE folded = ?)) "
            "AND (? OR id IN (SELECT value FROM json_each(?)))"
        )
        place, days = scope.place.strip("/"), (scope.since, scope.since, scope.until, scope.until)
        named, pages = folded(scope.category), (not scope.pages, json.dumps(self._at(scope.pages)))
        found = self._library.all(query, (place, *_below(place), *days, named, named, *pages))
        return np.sort(np.fromiter((number for (number,) in found), np.int64, len(found)))

    def _at(self, addresses: Sequence[str]) -> list[str]:
        """The ids of the articles of the pages at these addresses."""
        wanted = {page: like(address) for address in addresses if (page := page_of(address))}
        narrow = "SELECT id, url FROM article WHERE url LIKE ? OR url LIKE ?"
        found = {row for patterns in set(wanted.values()) for row in self._library.all(narrow, patterns)}
        return sorted(identifier for identifier, url in found if page_of(url) in wanted)

    def others(self, source: Source) -> dict[str, int]:
        """How many files of kinds that are not read a source holds, by kind, the most first."""
        query = "SELECT kind, sum(files) FROM other WHERE source = ? GROUP BY kind ORDER BY sum(files) DESC, kind"
        return {str(kind): int(files) for kind, files in self._library.all(query, (source.id,))}

    def failures(self) -> dict[str, str]:
        """The articles that could not be read when their source was last brought up to date, and why."""
        return {str(a): str(b) for a, b in self._library.all("SELECT article, reason FROM failure ORDER BY article")}

    def failed(self, source: Source) -> dict[str, Failure]:
        """Article id to failure, for one source."""
        query = "SELECT article, reason, fingerprint FROM failure WHERE source = ?"
        return {
            str(article): Failure(reason, tried) for article, reason, tried in self._library.all(query, (source.id,))
        }

    def fingerprints(self, source: Source, place: str = "") -> dict[str, str]:
        """Article id to fingerprint, for a source's articles at or below `place`, the id of an article or a folder."""
        query = "SELECT id, fingerprint FROM article WHERE source = ? AND (id = ? OR substr(id, 1, ?) = ?)"
        return {str(a): str(b) for a, b in self._library.all(query, (source.id, place, *_below(place)))}

    def looked(self, address: str) -> None:
        """Note that nothing in a source has changed until now."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._library.transaction() as connection:
            connection.execute("UPDATE source SET synced = ? WHERE address = ?", (now, address))

    def doubt(self, articles: Sequence[str]) -> None:
        """Have these articles (ids) read and embedded again when their source is next brought up to date."""
        with self._library.transaction() as connection:
            connection.executemany("UPDATE article SET fingerprint = '' WHERE id = ?", [(one,) for one in articles])


def _below(place: str) -> tuple[int, str]:
    """Length and text of the prefix of ids below `place`: with its slash, so that `a.htm` is no folder of `a.html`."""
    prefix = f"{place}/" if place else ""
    return len(prefix), prefix
