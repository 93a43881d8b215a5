"""DokuWiki's rules of who may read a page, as groups of readers.

A rule is a scope (a page, or a namespace and `:*`), a user or `@group`, and a level: from 1 on one may read. The
nearest scope with a rule for somebody decides, and there the highest level (https://www.dokuwiki.org/acl).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from article_assistant.index.types import EVERYONE

Rule = tuple[str, str, int]
"""Scope, user or `@group`, level."""
MEDIA = "media/"
"""What the keys of files begin with; no page has a slash in its id."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one wiki. `users` are its people with their groups, None where they are not known.

    `superusers` are users and `@groups` that may read everything.
    """

    rules: tuple[Rule, ...]
    superusers: frozenset[str] = frozenset()
    users: Mapping[str, frozenset[str]] | None = None

    def may_read(self, page: str, user: str = "", groups: Iterable[str] = ()) -> bool:
        """Whether somebody may read a page; without a user and groups, whether a guest may.

        >>> rules = Rules((("*", "@ALL", 1), ("hr:*", "@ALL", 0), ("hr:*", "@hr", 1)))
        >>> rules.may_read("start"), rules.may_read("hr:pay"), rules.may_read("hr:pay", "mia", {"hr"})
        (True, False, True)
        """
        who = {"@ALL", *(f"@{group}" for group in groups), *([user] if user else [])}
        if who & self.superusers:
            return True
        scopes = self._scopes(user, groups)
        for scope in _upwards(page):
            levels = [level for name, level in scopes.get(scope, ()) if name in who]
            if levels:
                return max(levels) > 0
        return False

    def readers(self, page: str, label: str) -> frozenset[str]:
        """The groups of articles that a page goes to: `everyone` where a guest may read it, who need only log out.

        Otherwise `label:@group` for each group whose members may all read it, whatever other groups and names they
        have, and `label:user` for whoever else is known to. Where people are not known and rules forbid a page to
        some of a group, none of the group sees it.
        """
        if self.may_read(page):
            return frozenset({EVERYONE})
        named = {name for _, name, _ in self.rules if name != "@ALL" and "%" not in name} | self.superusers
        found = {name for name in named if name in self.superusers}
        for name in named - found:
            if self._alone(page, {name}) and all(self._alone(page, {name, other}) for other in named):
                found.add(name)
        if self.users is not None:
            may = {user for user, groups in self.users.items() if self.may_read(page, user, groups)}
            for user, groups in self.users.items():
                if user not in may:  # rules with placeholders, which only people have
                    found -= {user, *(f"@{group}" for group in groups)}
            found |= {user for user in may if not found & {user, *(f"@{group}" for group in self.users[user])}}
        elif any(_may_be_of(scope, page) and not level for scope, name, level in self.rules if "%" in scope + name):
            found &= self.superusers
        return frozenset(f"{label}:{name}" for name in found)

    def _alone(self, page: str, names: set[str]) -> bool:
        """Whether somebody may read a page who is of these names and groups, and no others."""
        users = [name for name in names if not name.startswith("@")]
        groups = [name[1:] for name in names if name.startswith("@")]
        if len(users) > 1:  # nobody is two users
            return True
        return self.may_read(page, users[0] if users else "", groups)

    def _scopes(self, user: str, groups: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
        """The rules as they are for somebody, by scope: placeholders stand for their name and groups."""
        scopes = defaultdict[str, list[tuple[str, int]]](list)
        for scope, name, level in self.rules:
            if "%USER%" in scope + name:
                if not user:
                    continue
                scope, name = scope.replace("%USER%", user), name.replace("%USER%", user)
            if "%GROUP%" in scope + name:
                for group in groups:
                    scopes[scope.replace("%GROUP%", group)].append((name.replace("%GROUP%", f"@{group}"), level))
            else:
                scopes[scope].append((name, level))
        return scopes


def readers_of(key: str, rules: Rules, label: str) -> frozenset[str]:
    """The groups of articles that a page goes to, or a file: whoever may read all of its namespace."""
    file = key.removeprefix(MEDIA)
    return rules.readers(key if file == key else f"{file.rpartition(':')[0]}:*".lstrip(":"), label)


def rules_of(text: str) -> tuple[Rule, ...]:
    """The rules of a file `acl.auth.php`.

    >>> rules_of("# rules\\nhr:*  @the%2dteam  1  # may read")
    (('hr:*', '@the-team', 1),)
    """
    found = []
    for line in text.splitlines():
        parts = re.sub(r"#.*", "", line).split()
        if len(parts) >= 3 and parts[2].lstrip("-").isdigit():
            name = parts[1] if parts[1] in {"%USER%", "%GROUP%"} else unquote(parts[1])
            found.append((parts[0], name, int(parts[2])))
    return tuple(found)


def _upwards(page: str) -> list[str]:
    """The scopes of a page, the nearest first."""
    parts = page.split(":")
    return [page, *(":".join([*parts[:end], "*"]) for end in range(len(parts) - 1, -1, -1))]


def _may_be_of(scope: str, page: str) -> bool:
    """Whether a scope with placeholders may be one of a page's."""
    pattern = re.sub("%USER%|%GROUP%", "[^:]+", re.escape(scope).replace("\\%", "%"))
    return any(re.fullmatch(pattern, one) for one in _upwards(page))
