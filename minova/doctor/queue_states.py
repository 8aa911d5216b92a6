# SPDX-License-Identifier: Apache-2.0
"""Asks a broker over AMQP how many messages and consumers queues have."""

import dataclasses

import amqp

from minova.doctor import broker


@dataclasses.dataclass(frozen=True)
class Queue:
    """``ready`` counts the messages that wait for a consumer."""

    name: str
    ready: int
    consumers: int


def read(address, names):
    """The Queues of these names that exist and are nobody's own."""
    connection = broker.connect(address)
    try:
        # One for all: a channel for each queue of a thousand hosts would take three times as long.
        channel = connection.channel()
        return [one for name in names if (one := _read(channel, name))]
    finally:
        connection.close()


def _read(channel, name):
    try:
        declared = channel.queue_declare(name, passive=True)
    except amqp.exceptions.ChannelError:
        # The broker has closed the channel, and py-amqp has opened it again.
        return None
    return Queue(name, declared.message_count, declared.consumer_count)
