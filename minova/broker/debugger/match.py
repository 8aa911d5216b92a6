# SPDX-License-Identifier: Apache-2.0
"""Which messages a rule is for."""

import dataclasses
import fnmatch

from minova.broker.debugger import envelope

PATTERNS = ("method", "routing_key", "exchange", "host", "server")
DEFAULT_EXCHANGE = "amq.default"  # what the exchange without a name is called in patterns, as in URLs


@dataclasses.dataclass(frozen=True)
class Match:
    """Patterns with * and ?, all of which have to fit; None fits everything."""

    method: str | None = None
    routing_key: str | None = None
    exchange: str | None = None
    host: str | None = None  # where a message is from or where it goes
    server: str | None = None  # uuid or name
    kinds: tuple = ()  # of envelope.KINDS; (): see _wants

    def fits(self, reading):
        """Whether a reader.Reading is of such a message."""
        if not _any(self.exchange, [reading.exchange or DEFAULT_EXCHANGE]):
            return False
        if not _any(self.routing_key, reading.routing_keys):
            return False
        found = reading.envelope
        if found is None:
            return self._is_of_address_alone
        return (
            self._wants(found.kind)
            and _any(self.method, [found.method])
            and _any(self.host, reading.hosts)
            and _any(self.server, reading.server_words)
        )

    @property
    def _is_of_address_alone(self):
        return self.method is self.host is self.server is None and not self.kinds

    def _wants(self, kind):
        """Without kinds: everything, but of a method only the requests, and no signs of life."""
        if self.kinds:
            return kind in self.kinds
        if kind == envelope.REPLY:
            return self.method is None
        return kind != envelope.ALIVE


def _any(pattern, texts):
    return pattern is None or any(fnmatch.fnmatchcase(text, _without_sets(pattern)) for text in texts)


def _without_sets(pattern):
    """Only * and ? stand for others; to fnmatch [ does, too."""
    return pattern.replace("[", "[[]")
