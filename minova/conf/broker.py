# SPDX-License-Identifier: Apache-2.0
"""Options of group [broker]: the embedded AMQP broker."""

from oslo_config import cfg

GROUP = cfg.OptGroup("broker", title="the embedded AMQP broker.")

OPTS = [
    cfg.HostAddressOpt("listen", default="127.0.0.1", help="Address on which the broker listens."),
    cfg.PortOpt("port", default=5673, help="TCP port of the broker; 0 picks a free one and logs it."),
    cfg.DictOpt(
        "users",
        default={"guest": "guest"},
        secret=True,
        help="Who may connect, as name:password pairs. Each of them is an administrator with every permission in "
        "every virtual host; for anything finer, and to keep passwords as hashes, see definitions_file.",
    ),
    cfg.ListOpt(
        "vhosts",
        default=["/"],
        help="Virtual hosts that exist; a connection to another one is refused. The virtual host of a transport "
        "URL that ends in a single slash, or in no path, is /.",
    ),
    cfg.ListOpt(
        "loopback_users",
        default=["guest"],
        help="Users who may connect from this machine only, wherever the broker listens.",
    ),
    cfg.StrOpt(
        "definitions_file",
        help="File in RabbitMQ's JSON form of definitions, as rabbitmqctl export_definitions and the management API "
        "write it, with users (password_hash or password, tags), vhosts, permissions, exchanges, queues and bindings. "
        "It is read at start. With it the options users and vhosts are not used. Unset: there is none.",
    ),
    cfg.PortOpt(
        "tls_port",
        help="TCP port for clients that speak TLS (amqps, rabbit:// with ssl=1); 0 picks a free one and logs it. It "
        "needs tls_certificate_file. Unset: there is none.",
    ),
    cfg.BoolOpt("tls_only", default=False, help="Whether tls_port alone is open, and port is not."),
    cfg.StrOpt(
        "tls_certificate_file",
        help="The broker's certificate, PEM, with those of the CAs between it and the root.",
    ),
    cfg.StrOpt(
        "tls_key_file", help="The certificate's private key, PEM. Unset: it is in the certificate's file."
    ),
    cfg.StrOpt("tls_ca_file", help="The CAs, PEM, that clients' certificates must come from."),
    cfg.StrOpt(
        "tls_client_certificate",
        default="none",
        choices=[
            ("none", "clients are not asked for a certificate"),
            ("optional", "a client may have none, but not a wrong one"),
            ("required", "a client without a certificate that is right is turned away"),
        ],
        help="What the broker wants of clients' certificates. Users log in by password in any case.",
    ),
    cfg.StrOpt(
        "tls_minimum_version", default="1.2", choices=["1.2", "1.3"], help="The oldest TLS that is spoken."
    ),
    cfg.IntOpt(
        "heartbeat_seconds",
        default=60,
        min=0,
        max=65535,
        help="Interval of heartbeats that the broker proposes to a client, which has the last word; a client that is "
        "silent for two intervals is cut off. 0 proposes to do without.",
    ),
    cfg.IntOpt(
        "handshake_timeout",
        default=10,
        min=1,
        help="Seconds in which a client must finish the TLS handshake, and again as many to log in.",
    ),
    cfg.IntOpt(
        "write_timeout",
        default=1800,
        min=1,
        help="Seconds in which a client must read something of what waits for it. Meanwhile nothing more is "
        "delivered to it; then its connection ends, and what it had not acknowledged goes back to the queues.",
    ),
    cfg.IntOpt(
        "max_connections",
        default=0,
        min=0,
        help="Largest number of connections; more are refused. 0 means as many as the limit of open files allows.",
    ),
    cfg.IntOpt(
        "frame_max",
        default=131072,
        min=4096,
        max=2**31 - 1,
        help="Largest frame, in octets, that the broker proposes to a client. Larger messages travel in more frames.",
    ),
    cfg.IntOpt(
        "channel_max",
        default=2047,
        min=1,
        max=65535,
        help="Largest number of channels on one connection.",
    ),
    cfg.PortOpt(
        "management_port",
        help="TCP port, on the address that listen says, of the HTTP management API (RabbitMQ's, for rabbitmqadmin and "
        "its like; see docs/broker.md). 0 picks a free one and logs it. Unset: the API is not served. "
        "The usual port is 15673.",
    ),
    cfg.IntOpt(
        "memory_high_watermark_mb",
        min=1,
        help="Megabytes that messages, queues and channels may take. Above it nothing more is read from clients that "
        "publish, until consumers have made room; queues alone may take half of it, then no more can be declared. "
        "Unset: 40% of the memory of the machine, or of the container.",
    ),
    cfg.BoolOpt(
        "durable",
        default=False,
        help="Whether durable exchanges and queues, the bindings between them, and persistent messages in durable "
        "queues survive a restart and a crash of the broker, as on RabbitMQ. They are then kept in durable_file, and "
        "a persistent message is confirmed once it is on disk. Otherwise everything is in memory.",
    ),
    cfg.StrOpt(
        "durable_file",
        default="$state_path/broker.sqlite",
        help="SQLite file of a durable broker, one for each broker; made if it does not exist.",
    ),
    cfg.BoolOpt(
        "accept_quorum_arguments",
        default=False,
        help="Whether queues may be declared as quorum queues or streams (x-queue-type). They are then served like "
        "every other queue, in memory, and the log says so; otherwise such a declaration is refused.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
