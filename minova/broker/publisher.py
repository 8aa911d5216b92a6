# SPDX-License-Identifier: Apache-2.0
"""Messages from the client: a channel's Basic.Publish, content header and body frames, and what comes of them."""

from pamqp import commands

from minova.broker import errors, method, permissions, reply_to
from minova.broker import message as messages
from minova.broker.memory import RESERVED_FROM_OCTETS

MAX_MESSAGE_SIZE_BYTES = 128 * 1024 * 1024  # RabbitMQ's default

_NO_ROUTE = 312


class Publisher:
    """Puts together what is published on one channel, and sends it on its way."""

    def __init__(self, channel):
        self._channel = channel
        self._published = 0
        self._publish = None  # arguments of the Basic.Publish whose content is coming
        self._header = None
        self._properties = None
        self._body_size = 0
        self._body_parts = []
        self._body_received = 0
        self._reserved_octets = 0

    @property
    def is_busy(self):
        """Whether the content of a message is still coming."""
        return self._publish is not None

    def begin(self, payload):
        """Take a Basic.Publish."""
        self._publish = method.decode_publish(payload)

    def take_header(self, payload):
        if self._publish is None or self._header is not None:
            raise self.unexpected_frame()
        self._body_size, self._properties = messages.decode_header(payload)
        if self._body_size > MAX_MESSAGE_SIZE_BYTES:
            raise errors.precondition_failed(
                f"message size {self._body_size} is larger than configured max size {MAX_MESSAGE_SIZE_BYTES}"
            )
        self._header = payload
        self._reserve(self._body_size)
        if not self._body_size:
            self._content_complete()

    def take_body(self, payload):
        if self._header is None:
            raise self.unexpected_frame()
        self._body_parts.append(payload)
        self._body_received += len(payload)
        if self._body_received > self._body_size:
            raise errors.ConnectionException(501, "the body is longer than its header says")
        if self._body_received == self._body_size:
            self._release_reserved()
            self._content_complete()

    def release(self):
        """Drop what has come of a message: the channel is closing."""
        self._release_reserved()
        self._body_parts = []

    def put(self, message, queues, mandatory):
        """Put a routed message into its queues, or give it back; return False if a queue refused it."""
        if not queues:
            self._unroutable(message, mandatory)
        vhost = self._channel.vhost
        if vhost.faults.is_on:
            return vhost.faults.put(message, queues, self._channel)
        return vhost.put(message, queues)

    def unexpected_frame(self):
        """Return the error for a frame of another kind than the one that has to come."""
        if self._publish is None:
            return errors.no_method()
        if self._header is None:
            text = "expected content header for class 60, got non content header frame instead"
        else:
            text = "expected content body, got non content body frame instead"
        return errors.ConnectionException(505, text)

    def _reserve(self, octets):
        if octets >= RESERVED_FROM_OCTETS:
            self._reserved_octets = octets
            self._channel.vhost.memory.add(octets)

    def _release_reserved(self):
        """What was reserved for a body now counts as a message, or not at all."""
        if self._reserved_octets:
            self._channel.vhost.memory.remove(self._reserved_octets)
            self._reserved_octets = 0

    def _content_complete(self):
        publish, message_properties, header = self._publish, self._properties, self._header
        body = b"".join(self._body_parts)
        self._publish = self._header = self._properties = None
        self._body_parts = []
        self._body_received = 0
        source = self._check(publish, message_properties)
        if message_properties.reply_to == reply_to.QUEUE_NAME or message_properties.has_bcc:
            header = self._change_header(header, message_properties)
        message = messages.Message(
            publish.exchange, publish.routing_key, publish.address, header, body, message_properties
        )
        self._send(message, source, publish.mandatory)

    def _check(self, publish, message_properties):
        if publish.immediate:
            raise errors.not_implemented("immediate=true")
        permissions.require(self._channel, "write", "exchange", publish.exchange)
        source = self._channel.vhost.find_exchange(publish.exchange)
        if source.internal:
            raise errors.access_refused(f"cannot publish to internal {source.describe()}")
        user = self._channel.connection.user.name
        if message_properties.user_id not in (None, user):
            raise errors.precondition_failed(
                f"user_id property set to '{message_properties.user_id}' but authenticated user was '{user}'"
            )
        if message_properties.flaw is not None:
            raise errors.precondition_failed(message_properties.flaw)
        return source

    def _change_header(self, header, message_properties):
        """Name the one who waits for direct replies; nobody sees BCC."""
        changes = {}
        if message_properties.reply_to == reply_to.QUEUE_NAME:
            if self._channel.reply_consumer is None:
                raise errors.precondition_failed("fast reply consumer does not exist")
            changes["reply_to"] = method.short_string(self._channel.reply_consumer.routing_key)
        if message_properties.has_bcc:
            changes["headers"] = messages.without_header(header, "BCC")
        return messages.change_header(header, **changes)

    def _send(self, message, source, mandatory):
        channel = self._channel
        channel.stats.publish += 1
        queues = channel.vhost.route(message, source, channel)
        if channel.transaction is not None:
            channel.transaction.publish(message, queues, mandatory)
            return
        store = channel.vhost.store
        added_count = store.added_count if store is not None else 0
        accepted = self.put(message, queues, mandatory)
        if not channel.confirms:
            return
        self._published += 1
        if store is not None and store.added_count != added_count:
            store.after_commit(self._confirm, self._published, accepted)
        else:
            self._confirm(self._published, accepted)

    def _confirm(self, number, accepted):
        if self._channel.is_closed:
            return  # meanwhile
        if accepted:
            self._channel.stats.confirm += 1
            self._channel.connection.write(method.encode_ack(self._channel.id, number))
        else:
            self._channel.send(commands.Basic.Nack(number, requeue=False))

    def _unroutable(self, message, mandatory):
        if not mandatory:
            self._channel.stats.drop_unroutable += 1
            return
        self._channel.stats.return_unroutable += 1
        self._channel.send_message(
            message, method.encode_return(self._channel.id, _NO_ROUTE, "NO_ROUTE", message.address)
        )
