# SPDX-License-Identifier: Apache-2.0
"""Options of group [api]: the REST API."""

from oslo_config import cfg

GROUP = cfg.OptGroup("api", title="the REST API.")

OPTS = [
    cfg.HostAddressOpt(
        "listen",
        default="127.0.0.1",
        help="Address on which the API listens. There is no authentication yet, so an address that is not "
        "loopback is refused unless allow_remote is set.",
    ),
    cfg.PortOpt("port", default=8774, help="TCP port of the API; 0 picks a free one and logs it."),
    cfg.BoolOpt(
        "allow_remote",
        default=False,
        help="Lets the API listen on an address other than loopback although anyone who reaches it may do anything.",
    ),
    cfg.IntOpt("workers", default=1, min=1, help="Number of minova-api processes that share the port."),
    cfg.IntOpt("threads", default=8, min=1, help="Requests that one process works on at a time."),
    cfg.IntOpt(
        "max_waiting_requests",
        default=500,
        min=1,
        help="Requests of one process that may wait for a thread; those that come when so many wait are answered with "
        "503 at once.",
    ),
    cfg.FloatOpt(
        "max_waiting_seconds",
        default=30.0,
        min=0.1,
        help="Seconds that a request may wait for a thread; then it is answered with 503. Nobody has looked at it yet, "
        "so it has changed nothing.",
    ),
    cfg.FloatOpt(
        "host_patience",
        default=5.0,
        min=0.0,
        help="Seconds that the API, when it starts, waits for a compute host that is up before it answers: a server "
        "that is booted before there is one ends in ERROR. 0 answers at once.",
    ),
    cfg.FloatOpt(
        "bus_timeout",
        default=5.0,
        min=0.1,
        help="Seconds in which the message bus has to take a message. When it does not, the request that sent it is "
        "still accepted, for its record stands and a conductor goes on with it; those that come later and need the bus "
        "are refused with 503 until it is back. Where only the queue of the message is missing, as just "
        "after a restart of the broker, it is tried again for so long.",
    ),
    cfg.FloatOpt(
        "database_timeout",
        default=5.0,
        min=0.0,
        help="Seconds that a request waits for a database that is away or locked before it is answered with 503.",
    ),
    cfg.IntOpt(
        "retry_after",
        default=2,
        min=1,
        help="Seconds after which a client that got 503 is told to try again (the header Retry-After).",
    ),
    cfg.IntOpt(
        "max_limit",
        default=1000,
        min=1,
        help="Most items in one page of a list; also the page size when the client names none.",
    ),
    cfg.IntOpt(
        "max_request_body_bytes",
        default=114688,
        min=1024,
        help="Longest request body in bytes; a longer one is refused with 413.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
