# SPDX-License-Identifier: Apache-2.0
"""Exchanges: where a message goes, by type of exchange, binding and routing key (AMQP 0-9-1, section 3.1.3).

The type `headers` is in headers_exchange.py, the way through several exchanges in routing.py.
"""

_CACHE_SIZE = 10_000
_NO_ARGUMENTS: dict = {}  # one for all bindings that have none


class Exchange:
    """Base of all types: bindings to queues and to other exchanges."""

    type: str

    def __init__(self, name, vhost_name, durable=False, auto_delete=False, internal=False, arguments=None):
        self.name = name
        self.vhost_name = vhost_name
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments = arguments or {}
        self.alternate = self.arguments.get("alternate-exchange")  # for messages that go nowhere from here
        self.leads_onwards = self.alternate is not None  # perhaps to other exchanges
        self.publish_in = 0  # messages that came, and went to queues, through this exchange
        self.publish_out = 0
        self.bound_to = {}  # exchanges that have, or had, a binding to this one; see vhost.py
        self._bindings = {}  # destination: {(key, frozen arguments): arguments}
        self._destinations = {}  # key: {destination: number of bindings}

    @property
    def destinations(self):
        return tuple(self._bindings)

    def bindings(self):
        """Yield (destination, key, arguments) of each binding."""
        for destination, bindings in self._bindings.items():
            for (key, _), arguments in bindings.items():
                yield destination, key, arguments

    def check_binding(self, arguments):
        """:raises errors.ChannelException: 406 for arguments that this type cannot bind with"""

    def bind(self, destination, key, arguments=None):
        bindings = self._bindings.setdefault(destination, {})
        binding = (key, _freeze(arguments))
        if binding in bindings:
            return
        bindings[binding] = arguments or _NO_ARGUMENTS
        if isinstance(destination, Exchange):
            self.leads_onwards = True
        counts = self._destinations.setdefault(key, {})
        counts[destination] = counts.get(destination, 0) + 1
        self._bindings_changed()

    def unbind(self, destination, key, arguments=None):
        """Take a binding away; return whether there was one."""
        bindings = self._bindings.get(destination, {})
        if (key, _freeze(arguments)) not in bindings:
            return False
        del bindings[key, _freeze(arguments)]
        if not bindings:
            del self._bindings[destination]
        self._forget(destination, key)
        self._bindings_changed()
        return True

    def unbind_all(self, destination):
        """Take all bindings to a destination away; return whether there was one."""
        bindings = self._bindings.pop(destination, {})
        for key, _ in bindings:
            self._forget(destination, key)
        self._bindings_changed()
        return bool(bindings)

    def route_message(self, message):
        """Return the destinations of a message, each once."""
        if not message.properties.extra_keys:
            return self.route(message.routing_key)
        return tuple(dict.fromkeys(found for key in message.routing_keys for found in self.route(key)))

    def route(self, routing_key):
        """Return the destinations of messages with that routing key, each once."""
        raise NotImplementedError

    def describe(self):
        return f"exchange '{self.name}' in vhost '{self.vhost_name}'"

    def _forget(self, destination, key):
        counts = self._destinations[key]
        counts[destination] -= 1
        if not counts[destination]:
            del counts[destination]
        if not counts:
            del self._destinations[key]

    def _bindings_changed(self):
        pass


class DefaultExchange(Exchange):
    """The exchange without a name: every queue is bound to it by its own name."""

    type = "direct"

    def __init__(self, vhost_name, queues):
        super().__init__("", vhost_name, durable=True)
        self._queues = queues

    def route(self, routing_key):
        queue = self._queues.get(routing_key)
        return () if queue is None else (queue,)

    def bindings(self):
        for queue in self._queues.values():
            yield queue, queue.name, {}


class DirectExchange(Exchange):
    """A message goes where the binding key equals its routing key."""

    type = "direct"

    def route(self, routing_key):
        return tuple(self._destinations.get(routing_key, ()))


class FanoutExchange(Exchange):
    """A message goes to everything that is bound."""

    type = "fanout"

    def route(self, routing_key):
        return self.destinations


class TopicExchange(Exchange):
    """A message goes where the binding key, with `*` for a word and `#` for any number, fits its routing key."""

    type = "topic"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._patterns = {}  # binding key that has a wildcard: its words
        self._routes = {}  # what route() found before; emptied when bindings change

    def route(self, routing_key):
        if not self._patterns:
            return tuple(self._destinations.get(routing_key, ()))
        found = self._routes.get(routing_key)
        if found is None:
            if len(self._routes) >= _CACHE_SIZE:
                self._routes.clear()
            found = self._routes[routing_key] = self._find(routing_key)
        return found

    def _find(self, routing_key):
        words = routing_key.split(".")
        found = dict.fromkeys(self._destinations.get(routing_key, ()))
        for key, pattern in self._patterns.items():
            if _words_match(pattern, words):
                found.update(dict.fromkeys(self._destinations[key]))
        return tuple(found)

    def bind(self, destination, key, arguments=None):
        super().bind(destination, key, arguments)
        if "*" in key or "#" in key:
            self._patterns[key] = key.split(".")

    def _forget(self, destination, key):
        super()._forget(destination, key)
        if key not in self._destinations:
            self._patterns.pop(key, None)

    def _bindings_changed(self):
        self._routes.clear()


def _words_match(pattern, words):
    """Whether the words fit the pattern, in time pattern x words however many `#` there are."""
    reachable = {0}  # how many words the pattern so far can have used
    for part in pattern:
        if part == "#":
            reachable = set(range(min(reachable), len(words) + 1))
        else:
            reachable = {n + 1 for n in reachable if n < len(words) and part in ("*", words[n])}
        if not reachable:
            return False
    return len(words) in reachable


def _freeze(arguments):
    return repr(sorted(arguments.items())) if arguments else ""
