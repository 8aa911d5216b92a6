# SPDX-License-Identifier: Apache-2.0
"""A virtual host: its exchanges and queues by name, and the way of a message through them."""

import base64
import logging
import uuid

from minova.broker import errors, exchange, firehose, queue, queue_arguments, stats

LOG = logging.getLogger(__name__)

_RESERVED_PREFIX = "amq."
_PREDECLARED = {"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic"}


class Vhost:
    """One name space of a broker; `settings` are the broker's."""

    def __init__(self, name, settings):
        self.name = name
        self.settings = settings
        self.exchanges = {}
        self.queues = {}
        self.stats = stats.ChannelStats()  # of channels that are closed
        self.churn = stats.Churn()
        self.default_exchange = self.exchanges[""] = exchange.DefaultExchange(name, self.queues)
        for exchange_name, type_name in _PREDECLARED.items():
            self._add_exchange(exchange_name, type_name, durable=True)
        self.firehose = firehose.Firehose(
            self, self._add_exchange(firehose.EXCHANGE_NAME, "topic", durable=True, internal=True)
        )

    def publish(self, message, source, channel, expiration_seconds=None):
        """Put a message into all queues that it is for; return whether there was one."""
        queues = self._route(source, message.routing_key)
        source.publish_in += 1
        source.publish_out += len(queues)
        if self.firehose.is_on:
            self.firehose.published(message, queues, channel)
        for target in queues:
            target.put(message, expiration_seconds)
        return bool(queues)

    def find_exchange(self, name):
        if name not in self.exchanges:
            raise errors.not_found("exchange", name, self.name)
        return self.exchanges[name]

    def declare_exchange(self, name, type_name, **properties):
        """:raises errors.AMQPError: 403 reserved, 406 exists and is different, 503 unknown type"""
        exchange.exchange_class(type_name)
        self._refuse_default_exchange(name)
        existing = self.exchanges.get(name)
        if existing is None:
            self._refuse_reserved("exchange", name)
            made = self._add_exchange(name, type_name, **properties)
            if "alternate-exchange" in made.arguments:
                LOG.warning("%s: argument alternate-exchange has no effect on this broker", made.describe())
            return
        wanted = {"type": type_name} | properties
        for argument in ("type", "durable", "auto_delete", "internal"):
            self._compare(existing, argument, wanted[argument], getattr(existing, argument))

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
        return self._add_queue(name, connection if exclusive else None, durable, auto_delete, arguments)

    def delete_queue(self, doomed):
        """Remove a queue, its bindings and what waits in it; its consumers are told. Return how many waited."""
        if self.queues.get(doomed.name) is not doomed:
            return 0
        del self.queues[doomed.name]
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
        source.bind(destination, key, arguments)
        destination.bound_to.add(source)
        self.firehose.refresh()

    def unbind(self, source_name, destination, key, arguments):
        """Take a binding away; as on RabbitMQ, one that does not exist is gone as wished."""
        self._refuse_default_exchange(source_name)
        source = self.exchanges.get(source_name)
        if source is not None and source.unbind(destination, key, arguments):
            self._bindings_removed(source)

    def _route(self, source, routing_key):
        found = source.route(routing_key)
        if any(isinstance(destination, exchange.Exchange) for destination in found):
            return self._route_onwards(source, routing_key)
        return found

    def _route_onwards(self, source, routing_key):
        queues, seen, waiting = {}, {source}, [source]
        while waiting:
            for destination in waiting.pop().route(routing_key):
                if not isinstance(destination, exchange.Exchange):
                    queues[destination] = None
                elif destination not in seen:
                    seen.add(destination)
                    waiting.append(destination)
        return tuple(queues)

    def _add_exchange(self, name, type_name, **properties):
        made = exchange.exchange_class(type_name)(name, self.name, **properties)
        self.exchanges[name] = made
        return made

    def _remove_exchange(self, doomed):
        del self.exchanges[doomed.name]
        for destination in doomed.destinations:
            destination.bound_to.discard(doomed)
        self._unbind_everywhere(doomed)

    def _unbind_everywhere(self, destination):
        for source in destination.bound_to:
            if source.unbind_all(destination):
                self._bindings_removed(source)
        destination.bound_to = set()

    def _bindings_removed(self, source):
        self.firehose.refresh()
        if source.auto_delete and not source.destinations and self.exchanges.get(source.name) is source:
            self._remove_exchange(source)

    def _add_queue(self, name, owner, durable, auto_delete, arguments):
        made = queue.Queue(
            name or self.make_queue_name(),
            self.name,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
            on_unused=self.delete_queue,
        )
        self.queues[made.name] = made
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

    def _describe_queue(self, name):
        return f"queue '{name}' in vhost '{self.name}'"

    def _locked(self, name):
        return errors.ChannelException(
            405,
            f"cannot obtain exclusive access to locked {self._describe_queue(name)}. It could be originally declared "
            "on another connection or the exclusive property value does not match that of the original declaration.",
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
