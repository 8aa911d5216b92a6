# SPDX-License-Identifier: Apache-2.0
"""Console script `minova-broker`: the embedded AMQP broker in a process of its own."""

import asyncio
import dataclasses
import importlib.metadata
import os
import resource
import signal
import sys

from oslo_config import cfg

import minova.conf
from minova import broken_pipe
from minova.broker import definitions, tls
from minova.broker.server import Server, Settings
from minova.broker.store import StoreError
from minova.cmd import plain_logging

_CLI_OPTS = [
    cfg.HostAddressOpt("listen", help="Address on which the broker listens, in place of [broker] listen."),
    cfg.PortOpt(
        "port", help="TCP port of the broker, in place of [broker] port; 0 picks a free one and logs it."
    ),
    plain_logging.DEBUG_OPT,
]


@broken_pipe.ends_quietly
def main(argv=None):
    conf = minova.conf.CONF
    conf.register_cli_opts(_CLI_OPTS)
    try:
        conf(sys.argv[1:] if argv is None else argv, project="minova")
        settings = _read_settings(conf)
    except cfg.Error as err:
        print(f"minova-broker: {err}", file=sys.stderr)
        return 1
    plain_logging.set_up(conf.debug)
    _raise_open_files_limit()
    return asyncio.run(_serve(settings))


async def _serve(settings):
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        version = importlib.metadata.version("minova")
        server = Server(settings, version, _read_definitions(settings))
    except (definitions.DefinitionsError, StoreError) as err:
        print(f"minova-broker: {err}", file=sys.stderr)
        return 1
    try:
        await server.start()
    except OSError as err:
        print(_explain(err, settings.listen, settings.port, "--port"), file=sys.stderr)
        return 1
    except tls.TlsError as err:
        print(f"minova-broker: {err}", file=sys.stderr)
        return 1
    try:
        management = await _serve_management(server)
    except OSError as err:
        print(
            _explain(err, settings.listen, settings.management_port, "[broker] management_port"),
            file=sys.stderr,
        )
        await server.stop()
        return 1
    await stopped.wait()
    if management is not None:
        await management.stop()
    await server.stop()
    return 0


async def _serve_management(server):
    """Serve the management API if it is wanted, which alone is worth its modules' memory."""
    if server.settings.management_port is None:
        return None
    from minova.broker.management.server import ManagementServer

    management = ManagementServer(server, server.settings.listen, server.settings.management_port)
    await management.start()
    return management


def _read_settings(conf):
    settings = Settings(**{field.name: conf.broker[field.name] for field in dataclasses.fields(Settings)})
    given = {name: conf[name] for name in ("listen", "port") if conf[name] is not None}
    return dataclasses.replace(settings, **given)


def _read_definitions(settings):
    return definitions.read(settings.definitions_file) if settings.definitions_file else None


def _explain(error, listen, port, option):
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return (
        f"minova-broker: cannot listen on {listen} port {port} ({reason}); "
        f"stop what uses the port or choose another with {option}"
    )


def _raise_open_files_limit():
    """Every connection is an open file, and a shell's usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
