# SPDX-License-Identifier: Apache-2.0
"""What a channel has been sent and has not acknowledged."""

import itertools
import typing

from minova.broker import errors
from minova.broker.backlog import Entry
from minova.broker.consumer import Consumer
from minova.broker.queue import Queue


class Delivery(typing.NamedTuple):
    """One message on its way; `consumer` is None for the answer to a Basic.Get."""

    tag: int
    entry: Entry
    queue: Queue
    consumer: Consumer | None


class Deliveries:
    """Those of one channel, by delivery tag, in order."""

    def __init__(self):
        self.consumed_count = 0  # those of consumers: what a channel's prefetch limit counts
        self._by_tag = {}

    def __len__(self):
        return len(self._by_tag)

    def add(self, tag, entry, queue, consumer):
        self._by_tag[tag] = Delivery(tag, entry, queue, consumer)
        if consumer is not None:
            self.consumed_count += 1
            consumer.unacked += 1

    def take(self, tag, multiple=False):
        """Take off, and return, the delivery of that tag; with `multiple` all up to it, or all for tag 0.

        :raises errors.ChannelException: 406 for a tag that is not here
        """
        if multiple and tag == 0:
            return self.take_all()
        if tag not in self._by_tag:
            raise errors.precondition_failed(f"unknown delivery tag {tag}")
        tags = [tag]
        if multiple:
            tags = list(itertools.takewhile(lambda other: other <= tag, self._by_tag))
        return [self._by_tag.pop(tag) for tag in tags]

    def take_all(self):
        taken = list(self._by_tag.values())
        self._by_tag.clear()
        return taken

    def put_back(self, taken):
        """Take deliveries back in that were not settled after all (Tx.Rollback)."""
        self._by_tag = dict(sorted((self._by_tag | {delivery.tag: delivery for delivery in taken}).items()))

    def settle(self, taken, outcome):
        """Tell the queues the outcome of deliveries that were taken off: 'acknowledge', 'reject' or 'requeue'."""
        by_queue = {}
        for delivery in taken:
            by_queue.setdefault(delivery.queue, []).append(delivery.entry)
            if delivery.consumer is not None:
                self.consumed_count -= 1
                delivery.consumer.unacked -= 1
        for queue, entries in by_queue.items():
            getattr(queue, outcome)(entries)
