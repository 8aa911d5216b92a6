# SPDX-License-Identifier: Apache-2.0
"""What `minova up` was asked for: its options, then the user's configuration files, then defaults."""

import argparse
import configparser
import dataclasses
import os
import urllib.parse

from minova.up import errors

DEFAULT_STATE_PATH = "state"
# In the state path: what all processes read after the user's own files.
GENERATED_CONFIG = "minova-up.conf"
DEFAULT_API_PORT = 8774
DEFAULT_BROKER_PORT = 5673
# From the broker's port to that of its management API, as at RabbitMQ: 5672 and 15672.
MANAGEMENT_STEP = 10000
DEFAULT_PAGE_PORT = 8780
# Services whose number of processes is an option `workers` of the group of the same name.
WORKER_SERVICES = ("api", "conductor", "scheduler", "network")
# Services of which several processes may run side by side, each to be stopped or killed alone.
PROCESS_SERVICES = ("api", "conductor", "scheduler", "network", "compute")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What one `minova up` runs with; every port is a number that is really used."""

    state_path: str
    hosts: int = 3
    api_listen: str = "127.0.0.1"
    api_port: int = DEFAULT_API_PORT
    broker_listen: str = "127.0.0.1"
    broker_port: int = DEFAULT_BROKER_PORT
    # Of the embedded broker's HTTP API.
    management_port: int = DEFAULT_BROKER_PORT + MANAGEMENT_STEP
    page_listen: str = "127.0.0.1"
    # None: no page is served.
    page_port: int | None = DEFAULT_PAGE_PORT
    # Whether the embedded broker is started.
    embedded_broker: bool = True
    transport_url: str = ""
    # None: what the configuration files say, or else SQLite under the state path.
    database_connection: str | None = None
    config_files: tuple = ()
    workers: dict = dataclasses.field(default_factory=dict)
    # Service to the number of its processes, where that is not 1.
    processes: dict = dataclasses.field(default_factory=dict)
    # Ports of the API's processes after the first.
    further_api_ports: tuple = ()
    # Options of group [oslo_messaging_rabbit].
    rabbit_options: dict = dataclasses.field(default_factory=dict)

    @property
    def api_url(self):
        return self.url_of_port(self.api_port)

    def url_of_port(self, api_port):
        return f"http://{reachable(self.api_listen)}:{api_port}"

    @property
    def management_url(self):
        return f"http://{reachable(self.broker_listen)}:{self.management_port}/api/"

    @property
    def page_url(self):
        """None without a page."""
        return None if self.page_port is None else f"http://{reachable(self.page_listen)}:{self.page_port}"

    @property
    def generated_config(self):
        return os.path.join(self.state_path, GENERATED_CONFIG)

    @property
    def log_path(self):
        return os.path.join(self.state_path, "log")


def reachable(listen):
    """The address by which a client on this machine reaches a listener on `listen`, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)
    return f"[{host}]" if ":" in host else host


def add_arguments(parser):
    """The options of `minova up`."""
    parser.add_argument(
        "--hosts",
        type=positive,
        default=3,
        metavar="N",
        help="simulated compute hosts (default: %(default)s)",
    )
    parser.add_argument(
        "--api-port",
        type=port,
        metavar="PORT",
        help=f"port of the API, 0 for a free one (default: {DEFAULT_API_PORT})",
    )
    parser.add_argument(
        "--broker-port",
        type=port,
        metavar="PORT",
        help=f"port of the embedded broker, 0 for a free one (default: {DEFAULT_BROKER_PORT})",
    )
    parser.add_argument(
        "--management-port",
        type=port,
        metavar="PORT",
        help="port of the embedded broker's management API, 0 for a free one (default: the broker's port and "
        f"{MANAGEMENT_STEP}, or a free one where that is taken)",
    )
    page = parser.add_mutually_exclusive_group()
    page.add_argument(
        "--page-port",
        type=port,
        metavar="PORT",
        help="port of the page that shows messages, topology, servers and services, 0 for a free one (default: "
        f"{DEFAULT_PAGE_PORT}, or a free one where that is taken or --api-port is 0)",
    )
    page.add_argument("--no-page", dest="page", action="store_false", help="serve no page")
    add_state_path(parser)
    parser.add_argument(
        "--transport-url",
        metavar="URL",
        help="use this broker, for example rabbit://guest:guest@127.0.0.1:5672/; no embedded one is started",
    )
    parser.add_argument(
        "--database-connection",
        metavar="URL",
        help="SQLAlchemy URL of the database (default: SQLite under the state path)",
    )
    parser.add_argument(
        "--config-file",
        action="append",
        default=[],
        metavar="FILE",
        help="configuration file for all services; these options override it; may be repeated",
    )
    parser.add_argument(
        "--workers",
        action="append",
        type=workers,
        default=[],
        metavar="SERVICE=N",
        help=f"worker processes of a service, under one master ({', '.join(WORKER_SERVICES)}); may be repeated",
    )
    parser.add_argument(
        "--processes",
        action="append",
        type=processes,
        default=[],
        metavar="SERVICE=N",
        help=f"processes of a service, as if on controllers of their own ({', '.join(PROCESS_SERVICES)}); those of "
        "compute share the hosts, those of api after the first listen on free ports; may be repeated",
    )


def add_state_path(parser):
    parser.add_argument(
        "--state-path",
        metavar="DIR",
        help=f"directory of everything that is kept on disk (default: {DEFAULT_STATE_PATH})",
    )


def resolve(args, free_port):
    """Settings from the parsed options `args`.

    :param free_port: called with an address, returns a free port on it; used where a port of 0 was asked for.
    :raises errors.UpError: when a configuration file cannot be read.
    """
    files = tuple(os.path.abspath(path) for path in args.config_file)
    given = read_config_files(files)
    api_listen = given.get("api", "listen", fallback="127.0.0.1")
    broker_listen = given.get("broker", "listen", fallback="127.0.0.1")
    page_listen = given.get("page", "listen", fallback="127.0.0.1")
    api_port = _chosen_port(args.api_port, given, "api", DEFAULT_API_PORT)
    broker_port = _chosen_port(args.broker_port, given, "broker", DEFAULT_BROKER_PORT)
    from_file = given.get("DEFAULT", "transport_url", fallback=None)
    embedded = not args.transport_url and (not from_file or _names(from_file, broker_listen, broker_port))
    broker_port = broker_port or (free_port(broker_listen) if embedded else 0)
    management_port = _chosen_port(args.management_port, given, "broker", None, "management_port")
    if management_port is None:
        management_port = free_port(broker_listen, _stepped(broker_port)) if embedded else 0
    processes_of = dict(args.processes)
    if args.hosts < processes_of.get("compute", 1):
        raise errors.UpError("--processes compute is more than there are --hosts.")
    own_url = f"rabbit://guest:guest@{reachable(broker_listen)}:{broker_port}/"
    return Settings(
        state_path=state_path(args.state_path or given.get("DEFAULT", "state_path", fallback=None)),
        hosts=args.hosts,
        api_listen=api_listen,
        api_port=api_port or free_port(api_listen),
        broker_listen=broker_listen,
        broker_port=broker_port,
        management_port=management_port or (free_port(broker_listen) if embedded else 0),
        page_listen=page_listen,
        page_port=_page_port(args, given, page_listen, free_port),
        embedded_broker=embedded,
        transport_url=own_url if embedded else args.transport_url or from_file,
        database_connection=args.database_connection,
        config_files=files,
        workers=dict(args.workers),
        processes=processes_of,
        further_api_ports=tuple(free_port(api_listen) for _ in range(processes_of.get("api", 1) - 1)),
    )


def state_path(given):
    return os.path.abspath(os.path.expanduser(given or DEFAULT_STATE_PATH))


def read_config_files(paths):
    """The sections of oslo.config files, later files over earlier ones; only plain values matter here."""
    # To oslo.config [DEFAULT] is a section like any other; to configparser no section is called \0.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    for path in paths:
        try:
            with open(path, encoding="utf-8") as lines:
                parser.read_file(lines)
        except OSError as err:
            raise errors.UpError(f"The configuration file {path} cannot be read: {err.strerror}.") from err
        except (configparser.Error, UnicodeDecodeError) as err:
            raise errors.UpError(f"The configuration file {path} is not understood: {err}.") from err
    return parser


def addresses(transport_url):
    """[(host, port)] of a transport URL, of which there may be several, separated by commas.

    :raises errors.UpError: when it is no URL.
    """
    try:
        netloc = urllib.parse.urlsplit(transport_url).netloc
        return [_address(part.rpartition("@")[2]) for part in netloc.split(",") if part]
    except ValueError as err:
        raise errors.UpError(f"The transport URL is not understood: {err}.") from err


def without_password(url):
    """The URL as it may be shown."""
    netloc = urllib.parse.urlsplit(url).netloc
    masked = ",".join(_masked(part) for part in netloc.split(","))
    return url.replace(netloc, masked, 1) if netloc else url


def bus(url, embedded_broker):
    """The bus in one line for people."""
    return without_password(url) + (" (embedded)" if embedded_broker else "")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def port(text):
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def workers(text):
    """`api=2` as ("api", 2)."""
    return _service_and_number(text, WORKER_SERVICES)


def processes(text):
    """`api=2` as ("api", 2)."""
    return _service_and_number(text, PROCESS_SERVICES)


def _service_and_number(text, services):
    service, _, number = text.partition("=")
    if service not in services or not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not SERVICE=N with one of {', '.join(services)}")
    return service, int(number)


def _stepped(broker_port):
    """The usual port of the management API for that of a broker; 0 when it would be none."""
    return broker_port + MANAGEMENT_STEP if broker_port + MANAGEMENT_STEP <= 65535 else 0


def _page_port(args, given, listen, free_port):
    if not args.page:
        return None
    chosen = _chosen_port(args.page_port, given, "page", None)
    if chosen is None and args.api_port != 0:
        return free_port(listen, DEFAULT_PAGE_PORT)
    # Whoever wants a free port for the API runs several: two that start together would both find the usual one free.
    return chosen or free_port(listen)


def _chosen_port(option, given, section, default, name="port"):
    if option is not None:
        return option
    text = given.get(section, name, fallback=None)
    if text is None:
        return default
    try:
        return port(text)
    except argparse.ArgumentTypeError as err:
        raise errors.UpError(f"[{section}] {name} of the configuration file: {err}.") from err


def _names(transport_url, listen, broker_port):
    """Whether a URL of a configuration file is the embedded broker's own address."""
    local = {"127.0.0.1", "localhost", "::1", listen}
    return all(host in local and number == broker_port for host, number in addresses(transport_url))


def _address(text):
    parts = urllib.parse.urlsplit(f"//{text}")
    return parts.hostname or "127.0.0.1", parts.port or 5672


def _masked(part):
    credentials, at, host = part.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{user}{colon}{'***' if colon else ''}{at}{host}"
