# SPDX-License-Identifier: Apache-2.0
"""A virtual host: its exchanges and queues by name, and the way of a message through them."""

import base64
import logging
import uuid

from minova.broker import (
    dead_letter,
    errors,
    exchange,
    firehose,
    queue,
    queue_arguments,
    reply_to,
    routing,
    stats,
)
from minova.broker import properties as message_properties
from minova.broker.debugger.faults import Faults
from minova.broker.debugger.holds import Holds
from minova.broker.debugger.reader import Reader

LOG = logging.getLogger(__name__)

_RESERVED_PREFIX = "amq."
_PREDECLARED = {
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.headers": "headers",
    "amq.match": "headers",
    "amq.topic": "topic",
}


class Vhost:
    """One name space of a broker; `settings` and `memory` are the broker's."""

    def __init__(self, name, settings, memory, store=None):
        self.name = name
        self.store = store  # of a durable broker (store/); None: everything is in memory
        self.settings = settings
        self.memory = memory
        self.exchanges = {}
        self.queues = {}
        self.stats = stats.ChannelStats()  # of channels that are closed
        self.churn = stats.Churn()
        self.dead_letters = dead_letter.DeadLetters(self)
        self.reply_consumers = {}  # routing key: ReplyConsumer
        reader = Reader()
        self.holds = Holds(self, reader)
        self.faults = Faults(self, reader)
        self.default_exchange = self.exchanges[""] = exchange.DefaultExchange(name, self.queues)
        for exchange_name, type_name in _PREDECLARED.items():
            self._add_exchange(exchange_name, type_name, durable=True)
        self.firehose = firehose.Firehose(
            self, self._add_exchange(firehose.EXCHANGE_NAME, "topic", durable=True, internal=True)
        )

    def publish(self, message, source, channel):
        """Put a message into all queues that it is for; return those queues."""
        queues = self.route(message, source, channel)
        self.put(message, queues)
        return queues

    def route(self, message, source, channel):
        """Find the queues that a message of a client's is for; a direct reply is sent at once."""
        queues = self.find_queues(message, source)
        source.publish_in += 1
        source.publish_out += len(queues)
        if self.firehose.is_on:
            names = self._names_of(queues, message, source)
            self.firehose.published(message, names, channel)
            if names and not queues:
                self.firehose.noted("unrouted", message, message.routing_key, {}, channel)
        if source is self.default_exchange and self.reply_consumers:
            self._reply(message)
        return queues

    def find_queues(self, message, source):
        return routing.find_queues(message, source, self.exchanges)

    def put(self, message, queues):
        """Put a message into queues; return False if one of them refused it."""
        accepted = True
        if queues:
            message.charge(self.memory, len(queues))
        chosen = self.holds.choose(message) if self.holds.is_on else None
        for target in queues:
            accepted &= target.put(message, chosen)
        return accepted

    def find_exchange(self, name):
        if name not in self.exchanges:
            raise errors.not_found("exchange", name, self.name)
        return self.exchanges[name]

    def declare_exchange(self, name, type_name, **properties):
        """:raises errors.AMQPError: 403 reserved, 406 exists and is different, 503 unknown type"""
        routing.exchange_class(type_name)
        self._refuse_default_exchange(name)
        existing = self.exchanges.get(name)
        if existing is None:
            self._refuse_reserved("exchange", name)
            self._check_alternate(name, properties.get("arguments"))
            made = self._add_exchange(name, type_name, **properties)
            if self._keeps(made):
                self.store.exchange_declared(made)
            return
        wanted = {"type": type_name} | properties
        for argument in ("type", "durable", "auto_delete", "internal"):
            self._compare(existing, argument, wanted[argument], getattr(existing, argument))
        alternate = (properties.get("arguments") or {}).get("alternate-exchange")
        queue_arguments.compare_one("alternate-exchange", alternate, existing.alternate, existing.describe())

    def find_exchange_passively(self, name):
        self._refuse_default_exchange(name)
        return self.find_exchange(name)

    def delete_exchange(self, name, if_unused=False):
        self._refuse_default_exchange(name)
        if name.startswith(_RESERVED_PREFIX):
            raise errors.access_refused(
                f"deletion of system exchange '{name}' in vhost '{self.name}' not allowed"
            )
        doomed = self.exchanges.get(name)
        if doomed is None:
            return
        if if_unused and doomed.destinations:
            raise errors.precondition_failed(f"{doomed.describe()} in use")
        self._remove_exchange(doomed)

    def find_queue(self, name, connection):
        """:raises errors.ChannelException: 404, or 405 when another connection has it for itself"""
        found = self.queues.get(name)
        if found is None:
            raise errors.not_found("queue", name, self.name)
        if found.owner not in (None, connection):
            raise self._locked(name)
        return found

    def declare_queue(self, name, connection, *, durable, exclusive, auto_delete, arguments):
        """Return the queue, made if it does not exist.

        :raises errors.ChannelException: 403 reserved, 405 locked, 406 exists and is different
        """
        self.churn.queue_declared += 1
        queue_arguments.check(arguments, self._describe_queue(name), self.settings.accept_quorum_arguments)
        if name in self.queues:
            existing = self.find_queue(name, connection)
            self._compare_queue(existing, durable, exclusive, auto_delete, arguments)
            existing.touch()
            return existing
        self._refuse_reserved("queue", name)
        self._refuse_too_many(name)
        made = self._add_queue(name, connection if exclusive else None, durable, auto_delete, arguments)
        made.keep()
        return made

    def delete_queue(self, doomed):
        """Remove a queue, its bindings and what waits in it; its consumers are told. Return how many waited."""
        if self.queues.get(doomed.name) is not doomed:
            return 0
        del self.queues[doomed.name]
        self.memory.queue_count -= 1
        self.churn.queue_deleted += 1
        if doomed.owner is not None:
            doomed.owner.owned_queues.discard(doomed)
        for consumer in list(doomed.consumers.values()):
            consumer.channel.consumer_lost(consumer)
        self._unbind_everywhere(doomed)
        count = doomed.purge()
        doomed.close()
        return count

    def bind(self, source_name, destination, key, arguments):
        """Bind a queue or an exchange to the exchange of that name."""
        self._refuse_default_exchange(source_name)
        source = self.find_exchange(source_name)
        source.check_binding(arguments)
        self._bind(source, destination, key, arguments)
        if self._keeps(source) and self._keeps(destination):
            self.store.bound(*self._describe_binding(source, destination, key, arguments))

    def unbind(self, source_name, destination, key, arguments):
        """Take a binding away; as on RabbitMQ, one that does not exist is gone as wished."""
        self._refuse_default_exchange(source_name)
        source = self.exchanges.get(source_name)
        if source is not None and source.unbind(destination, key, arguments):
            if self._keeps(source) and self._keeps(destination):
                self.store.unbound(*self._describe_binding(source, destination, key, arguments))
            self._bindings_removed(source)

    # What a durable broker keeps on disk

    def forget_exchanges(self):
        """Have the store forget the exchanges: the vhost is deleted, its queues are."""
        for doomed in self.exchanges.values():
            if self._keeps(doomed):
                self.store.exchange_deleted(doomed)

    def restore_exchange(self, name, type_name, **properties):
        self._add_exchange(name, type_name, **properties)

    def restore_queue(self, store_id, name, auto_delete, arguments):
        made = self._add_queue(name, None, True, auto_delete, arguments)
        made.keep(store_id)
        return made

    def restore_binding(self, source_name, destination, key, arguments):
        self._bind(self.exchanges[source_name], destination, key, arguments)

    def _keeps(self, thing):
        """Whether the store has this exchange or queue."""
        return self.store is not None and thing.durable and getattr(thing, "owner", None) is None

    def _describe_binding(self, source, destination, key, arguments):
        kind = "exchange" if isinstance(destination, exchange.Exchange) else "queue"
        return self.name, source.name, kind, destination.name, key, arguments

    def _bind(self, source, destination, key, arguments):
        self.firehose.flush()  # who listens from now on hears of what comes from now on
        source.bind(destination, key, arguments)
        destination.bound_to[source] = None
        self.firehose.refresh()

    def _reply(self, message):
        for key in message.routing_keys:
            if key in self.reply_consumers:
                self.reply_consumers[key].deliver(message)

    def _names_of(self, queues, message, source):
        # As on RabbitMQ: what the default exchange is asked for counts, whether it exists or not.
        if source is self.default_exchange:
            names = {key for key in message.routing_keys if not key.startswith(reply_to.PREFIX)}
        else:
            names = [found.name for found in queues]
        return tuple(sorted(names))

    def _add_exchange(self, name, type_name, **properties):
        made = routing.exchange_class(type_name)(name, self.name, **properties)
        self.exchanges[name] = made
        return made

    def _remove_exchange(self, doomed):
        del self.exchanges[doomed.name]
        for destination in doomed.destinations:
            destination.bound_to.pop(doomed, None)
        self._unbind_everywhere(doomed)
        if self._keeps(doomed):
            self.store.exchange_deleted(doomed)

    def _unbind_everywhere(self, destination):
        sources, destination.bound_to = destination.bound_to, {}
        for source in sources:
            if source.unbind_all(destination):
                self._bindings_removed(source)

    def _bindings_removed(self, source):
        self.firehose.refresh()
        if source.auto_delete and not source.destinations and self.exchanges.get(source.name) is source:
            self._remove_exchange(source)

    def _add_queue(self, name, owner, durable, auto_delete, arguments):
        made = queue.Queue(
            name or self.make_queue_name(),
            self,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
            store=self.store if durable and owner is None else None,
        )
        self.queues[made.name] = made
        self.memory.queue_count += 1
        self.churn.queue_created += 1
        if owner is not None:
            owner.owned_queues.add(made)
        queue_arguments.log_differences(made)
        return made

    @staticmethod
    def make_queue_name():
        return "amq.gen-" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    def _compare_queue(self, existing, durable, exclusive, auto_delete, arguments):
        if exclusive != (existing.owner is not None):
            raise self._locked(existing.name)
        if not exclusive:  # an exclusive queue cannot outlive its connection, durable or not
            self._compare(existing, "durable", durable, existing.durable)
        self._compare(existing, "auto_delete", auto_delete, existing.auto_delete)
        queue_arguments.compare(arguments, existing.arguments, existing.describe())

    def _compare(self, existing, argument, received, current):
        if received != current:
            raise errors.precondition_failed(
                f"inequivalent arg '{argument}' for {existing.describe()}: "
                f"received '{_flag(received)}' but current is '{_flag(current)}'"
            )

    def _check_alternate(self, name, arguments):
        alternate = (arguments or {}).get("alternate-exchange", "")
        if not isinstance(alternate, str):
            raise errors.precondition_failed(
                f"invalid type '{message_properties.type_name(alternate)}' for arg 'alternate-exchange' in "
                f"exchange '{name}' in vhost '{self.name}'"
            )

    def _describe_queue(self, name):
        return f"queue '{name}' in vhost '{self.name}'"

    def _locked(self, name):
        return errors.ChannelException(
            405,
            f"cannot obtain exclusive access to locked {self._describe_queue(name)}. It could be originally declared "
            "on another connection or the exclusive property value does not match that of the original declaration.",
        )

    def _refuse_too_many(self, queue_name):
        most = self.memory.most_queues
        if self.memory.queue_count >= most:
            raise errors.precondition_failed(
                f"cannot declare queue '{queue_name}': queue limit in vhost '{self.name}' ({most}) is reached"
            )

    @staticmethod
    def _refuse_default_exchange(name):
        if not name:
            raise errors.access_refused("operation not permitted on the default exchange")

    @staticmethod
    def _refuse_reserved(kind, name):
        if name.startswith(_RESERVED_PREFIX):
            raise errors.access_refused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def _flag(value):
    return str(value).lower() if isinstance(value, bool) else value
