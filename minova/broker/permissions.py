# SPDX-License-Identifier: Apache-2.0
"""Which permission each method takes, as in RabbitMQ's guide to access control."""

from pamqp import commands

from minova.broker import errors, reply_to


def check(channel, method):
    """:raises errors.ChannelException: 403 when the channel's user may not do what the method asks for"""
    find_needed = _NEEDED.get(type(method))
    if find_needed is not None:
        for permission, kind, name in find_needed(channel, method):
            require(channel, permission, kind, name)


def require(channel, permission, kind, name):
    """:raises errors.ChannelException: 403 when the user may not 'configure', 'write' or 'read' it"""
    name = name or "amq.default"  # which is what RabbitMQ calls the default exchange here
    user = channel.connection.user
    if not user.may(channel.vhost.name, permission, name):
        raise errors.access_refused(
            f"access to {kind} '{name}' in vhost '{channel.vhost.name}' refused for user '{user.name}'"
        )


def _exchange_declare(channel, method):
    if method.passive or not method.exchange:
        return
    yield "configure", "exchange", method.exchange
    alternate = (method.arguments or {}).get("alternate-exchange")
    if isinstance(alternate, str):
        yield "read", "exchange", method.exchange
        yield "write", "exchange", alternate


def _exchange_delete(channel, method):
    if method.exchange:
        yield "configure", "exchange", method.exchange


def _exchange_bind(channel, method):
    # The default exchange cannot be bound, which the method itself says better.
    if method.destination:
        yield "write", "exchange", method.destination
    if method.source:
        yield "read", "exchange", method.source


def _queue_declare(channel, method):
    if method.passive or method.queue.startswith(reply_to.QUEUE_NAME):
        return
    name = method.queue or channel.vhost.make_queue_name()  # stands for the one that it will get
    yield "configure", "queue", name
    dead_letter_exchange = (method.arguments or {}).get("x-dead-letter-exchange")
    if isinstance(dead_letter_exchange, str):
        yield "read", "queue", name
        yield "write", "exchange", dead_letter_exchange


def _queue_bind(channel, method):
    yield from _on_queue("write", channel, method)
    if method.exchange:
        yield "read", "exchange", method.exchange


def _queue_delete(channel, method):
    return _on_queue("configure", channel, method)


def _queue_read(channel, method):
    return _on_queue("read", channel, method)


def _on_queue(permission, channel, method):
    name = method.queue or channel.last_queue_name
    if name and name != reply_to.QUEUE_NAME:
        yield permission, "queue", name


# Basic.Publish, which does not come this way, takes `write` on its exchange; methods that are not here take nothing.
_NEEDED = {
    commands.Exchange.Declare: _exchange_declare,
    commands.Exchange.Delete: _exchange_delete,
    commands.Exchange.Bind: _exchange_bind,
    commands.Exchange.Unbind: _exchange_bind,
    commands.Queue.Declare: _queue_declare,
    commands.Queue.Delete: _queue_delete,
    commands.Queue.Bind: _queue_bind,
    commands.Queue.Unbind: _queue_bind,
    commands.Queue.Purge: _queue_read,
    commands.Basic.Get: _queue_read,
    commands.Basic.Consume: _queue_read,
}
