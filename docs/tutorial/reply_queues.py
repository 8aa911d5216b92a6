#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a call costs with one reply queue for all calls, and with a new one for each."""

import argparse
import contextlib
import threading
import time

import amqp

CALLS = 200
SERVER = "echo"
DEFAULT_ADDRESS = "127.0.0.1:5673"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default=DEFAULT_ADDRESS, help="the broker (default: %(default)s)")
    args = parser.parse_args()
    ready, done = threading.Event(), threading.Event()
    server = threading.Thread(target=serve, args=(args.address, ready, done))
    server.start()
    ready.wait(30)
    try:
        with connected(args.address) as channel:
            shared = measured(CallerWithOneQueue(channel))
            single = measured(CallerWithAQueuePerCall(channel))
    finally:
        done.set()
        server.join()
    print(f"one reply queue for all calls  {shared:6.2f} ms a call")
    print(f"one reply queue for each call  {single:6.2f} ms a call")


@contextlib.contextmanager
def connected(address):
    """A channel for a while."""
    connection = amqp.Connection(address)
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.close()


def serve(address, ready, done):
    """Answers what comes to queue `echo`."""
    with connected(address) as channel:

        def answer(request):
            channel.basic_publish(amqp.Message(request.body), "", request.properties["reply_to"])

        channel.queue_declare(SERVER, auto_delete=True)
        channel.basic_consume(SERVER, no_ack=True, callback=answer)
        ready.set()
        while not done.is_set():
            drain(channel, 0.2)


class CallerWithOneQueue:
    """Declares its reply queue once, as oslo.messaging does."""

    def __init__(self, channel):
        self._channel = channel
        self._answers = []
        self._queue = channel.queue_declare(exclusive=True).queue
        channel.basic_consume(self._queue, no_ack=True, callback=self._answers.append)

    def call(self):
        request(self._channel, self._queue, self._answers)


class CallerWithAQueuePerCall:
    """Makes, consumes and gives up a queue for each call."""

    def __init__(self, channel):
        self._channel = channel

    def call(self):
        answers = []
        queue = self._channel.queue_declare(exclusive=True).queue
        consumer_tag = self._channel.basic_consume(queue, no_ack=True, callback=answers.append)
        request(self._channel, queue, answers)
        # With its only consumer the queue goes, too.
        self._channel.basic_cancel(consumer_tag)


def request(channel, reply_queue, answers):
    before = len(answers)
    channel.basic_publish(amqp.Message("hello", reply_to=reply_queue), "", SERVER)
    deadline = time.monotonic() + 30
    while len(answers) == before and time.monotonic() < deadline:
        drain(channel, 1)


def drain(channel, seconds):
    try:
        channel.connection.drain_events(timeout=seconds)
    except TimeoutError:
        return


def measured(caller):
    """Milliseconds of a call."""
    begin = time.monotonic()
    for _ in range(CALLS):
        caller.call()
    return (time.monotonic() - begin) / CALLS * 1000


if __name__ == "__main__":
    main()
