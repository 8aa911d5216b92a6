# SPDX-License-Identifier: Apache-2.0
"""Options of the libraries beneath that a user of minova sets, for the sample; the libraries register them.

Of several hundred these are the ones that matter; all of them may be set.
"""

from oslo_config import cfg

_DEFAULT = [
    cfg.StrOpt(
        "transport_url",
        sample_default="rabbit://guest:guest@127.0.0.1:5673/",
        help="The message broker: minova-broker, or a RabbitMQ or cluster of them, as "
        "rabbit://USER:PASSWORD@HOST:PORT[,HOST:PORT...]/VHOST.",
    ),
    cfg.IntOpt(
        "executor_thread_pool_size",
        default=64,
        help="Messages that one service process works on at a time; further ones stay in their queue.",
    ),
    cfg.BoolOpt("debug", default=False, help="Log at level DEBUG. Reread at SIGHUP."),
]

_DATABASE = [
    cfg.StrOpt(
        "connection",
        sample_default="sqlite:///<state_path>/minova.sqlite3",
        help="The database as SQLAlchemy writes it: sqlite:///PATH, postgresql+psycopg2://USER@HOST/NAME (extra "
        "[postgresql]) or mysql+pymysql://USER@HOST/NAME (extra [mysql]).",
    ),
]

_RABBIT = [
    cfg.BoolOpt(
        "rabbit_quorum_queue",
        default=False,
        help="Declare the topic queues as quorum queues. RabbitMQ 4.3 and newer need this and the next option "
        "(they refuse the transient queues that oslo.messaging declares by default); minova-broker needs "
        "neither.",
    ),
    cfg.BoolOpt(
        "rabbit_transient_quorum_queue",
        default=False,
        help="Declare the reply and fanout queues as quorum queues, too.",
    ),
    cfg.IntOpt(
        "rabbit_transient_queues_ttl",
        default=1800,
        help="Seconds without a consumer after which RabbitMQ deletes a reply or fanout queue.",
    ),
    cfg.IntOpt(
        "rabbit_qos_prefetch_count",
        default=16,
        help="Messages that the broker sends ahead to a consumer that is busy; 0 is without a limit.",
    ),
    cfg.IntOpt(
        "kombu_missing_consumer_retry_timeout",
        default=10,
        help="Seconds in which a reply is tried again whose caller has no queue for it, because it reconnects. A "
        "service that is told to stop waits so long for a caller that has left.",
    ),
]


def register_bus(conf, default_url):
    """Register transport_url for a process that reads the bus without oslo.messaging, which else does."""
    conf.register_opts(_DEFAULT[:1])
    conf.set_default("transport_url", default_url)


def list_opts():
    return [("DEFAULT", _DEFAULT), ("database", _DATABASE), ("oslo_messaging_rabbit", _RABBIT)]
