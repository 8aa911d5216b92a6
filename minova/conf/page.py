# SPDX-License-Identifier: Apache-2.0
"""Options of group [page]: the page that shows what is said on the bus."""

from oslo_config import cfg

GROUP = cfg.OptGroup("page", title="the page that shows messages, topology, servers and services.")

OPTS = [
    cfg.HostAddressOpt(
        "listen",
        default="127.0.0.1",
        help="Address on which the page listens. It asks for no password, so an address that is not loopback is "
        "refused unless allow_remote is set.",
    ),
    cfg.PortOpt("port", default=8780, help="TCP port of the page; 0 picks a free one and logs it."),
    cfg.BoolOpt(
        "allow_remote",
        default=False,
        help="Lets the page listen on an address other than loopback although anyone who reaches it may read every "
        "message, boot and delete servers, and kill services.",
    ),
    cfg.ListOpt(
        "host_names",
        default=[],
        help="Names by which browsers reach the page, beside localhost and addresses. A request for another name is "
        "refused: it may come from a web page of somebody else's.",
    ),
    cfg.URIOpt(
        "api_url",
        schemes=["http"],
        sample_default="http://<[api] listen>:<[api] port>",
        help="The Compute API through which the page boots and lists servers.",
    ),
    cfg.URIOpt(
        "management_url",
        schemes=["http", "https"],
        sample_default="http://<host of transport_url>:<its port + 10000>",
        help="The broker's management API, which tells exchanges, queues and connections. It is asked with the user "
        "and password of transport_url.",
    ),
    cfg.IntOpt(
        "kept_messages",
        default=5000,
        min=1,
        help="Messages that the page keeps in memory; the oldest requests are forgotten when there are more.",
    ),
    cfg.IntOpt(
        "kept_bytes",
        default=8 * 1024 * 1024,
        min=1024,
        help="The same by size: bytes on the wire of the messages that are kept. In memory they take about ten "
        "times that.",
    ),
    cfg.IntOpt(
        "recording_bytes",
        default=64 * 1024 * 1024,
        min=0,
        help="Largest size of the recording under state_path, from which `minova trace show` draws requests; its "
        "oldest half goes when it is full. 0 records nothing.",
    ),
    cfg.IntOpt(
        "max_listeners",
        default=16,
        min=1,
        help="Open pages that are told of changes at the same time; each holds a connection and a thread.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
