# SPDX-License-Identifier: Apache-2.0
"""Queues that nobody reads, and messages that do not move.

Counts are asked for over AMQP, which every broker answers at once; RabbitMQ's management API is seconds behind.
"""

import json
import time

import amqp

from minova.doctor import broker, queue_states, services
from minova.doctor.finding import error, ok, warning
from minova.explain.sentence import count, duration
from minova.page.management import ManagementError

TOPICS = ("conductor", "scheduler", "network", "compute", "api")
_MANAGEMENT_SECONDS = 2
# Between the two looks at the heads of the queues.
_LOOK_SECONDS = 2
_NAMED = 5
_HEADS_LOOKED_AT = 50


def unread(patient):
    """Queues without a consumer: what lies in them waits, what is sent to them will."""
    if why := broker.why_silent(patient):
        return _not_looked_at(why)
    found = _queues(patient)
    deserted = [one for one in found if not one.consumers and not _is_of_one_process(one.name)]
    waiting = [one for one in deserted if one.ready]
    findings = [_deserted(patient, one) for one in waiting[:_NAMED]]
    if len(waiting) > _NAMED:
        findings.append(error(f"{len(waiting) - _NAMED} more queues hold messages and have no consumer."))
    empty = [one.name for one in deserted if not one.ready]
    if empty:
        more = f" and {len(empty) - _NAMED} more" if len(empty) > _NAMED else ""
        findings.append(
            warning(
                f"No service listens on {', '.join(empty[:_NAMED])}{more}: what is sent there waits until one does.",
                "Start the service, or delete the queue of a host that is gone for good.",
            )
        )
    return findings or _all_read(found)


def _all_read(found):
    left = sum(not one.consumers for one in found)
    behind = f" {count(left, 'queue')} of processes that died will go by themselves." if left else ""
    return ok(f"All {count(len(found) - left, 'queue')} of minova's services have a consumer.{behind}")


def _is_of_one_process(name):
    """Whether it is for the answers to one process, or its copies of fanouts: then it goes some time after that."""
    return name.startswith("reply_") or "_fanout_" in name


def stuck(patient):
    """Messages that stay at the head of a queue although somebody listens there."""
    if why := broker.why_silent(patient):
        return _not_looked_at(why)
    findings = _held(patient)
    with_work = [one for one in _queues(patient) if one.ready and one.consumers][:_HEADS_LOOKED_AT]
    if with_work:
        before = _heads(patient, with_work)
        time.sleep(_LOOK_SECONDS)
        after = _heads(patient, with_work)
        findings += [
            _unmoved(one, before[one.name])
            for one in with_work
            if before[one.name] and before[one.name] == after[one.name]
        ]
    return findings or ok("No message stands still in a queue.")


def _not_looked_at(why):
    return error(f"The queues could not be looked at, since the broker does not answer ({why}).")


def _deserted(patient, one):
    topic = one.name.partition(".")[0]
    return error(
        f"Queue {one.name} holds {count(one.ready, 'message')} and has no consumer: no minova-{topic} listens.",
        f"Start it: {patient.start(topic)}, or minova-{topic}. Then they are taken.",
    )


def _unmoved(one, head):
    return error(
        f"In queue {one.name} the same message ({head[1]}) has been at the head for {_LOOK_SECONDS} s, of "
        f"{one.ready} that wait, although it has {count(one.consumers, 'consumer')}.",
        "The service is paused or cut off, or all of its threads are busy (executor_thread_pool_size).",
    )


def _held(patient):
    """What the debugger of the embedded broker holds."""
    try:
        held = patient.management(_MANAGEMENT_SECONDS).held()
    except ManagementError:
        return []
    return [
        warning(
            f"The debugger holds {row.get('method') or 'a message'} in queue {row.get('queue')} for "
            f"{duration(row.get('age_seconds', 0))}.",
            "`minova step` lets it go, `minova hold clear` all.",
        )
        for row in held[:_NAMED]
    ]


def _queues(patient):
    return queue_states.read(patient.address, _names(patient))


def _names(patient):
    """Names of minova's queues: from the management API, or as they follow from the services' records."""
    try:
        rows = patient.management(_MANAGEMENT_SECONDS).queues()
    except ManagementError:
        registered = services.registered()
        return [*TOPICS[:-1], *dict.fromkeys(f"{row.topic}.{row.host}" for row in registered)]
    return [row["name"] for row in rows if _is_ours(row["name"])]


def _is_ours(name):
    topic = name.partition(".")[0].partition("_fanout")[0]
    return topic in TOPICS or name.startswith("reply_")


def _heads(patient, found):
    """Of each queue the message that waits longest as (its id, its name), or None; it goes back at once."""
    connection = broker.connect(patient.address)
    try:
        return {one.name: _head(connection, one.name) for one in found}
    finally:
        connection.close()


def _head(connection, name):
    channel = connection.channel()
    try:
        message = channel.basic_get(name)
    except amqp.exceptions.ChannelError:
        return None
    if message is None:
        channel.close()
        return None
    identity = _identity(message.body)
    # It goes back to its place at the head.
    channel.basic_reject(message.delivery_tag, requeue=True)
    channel.close()
    return identity


def _identity(body):
    try:
        content = json.loads(json.loads(body)["oslo.message"])
        return content["_unique_id"], content.get("method") or "an answer"
    except (ValueError, KeyError, TypeError):
        return body, "not one of oslo.messaging"
