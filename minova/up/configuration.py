# SPDX-License-Identifier: Apache-2.0
"""The configuration of a deployment for commands that look into it: that of its `minova up`, or of given files."""

import os

import minova.conf
from minova import rpc
from minova.db import engine
from minova.up import errors, record, settings

CONF = minova.conf.CONF


def add_arguments(parser):
    settings.add_state_path(parser)
    parser.add_argument(
        "--config-file",
        action="append",
        default=[],
        metavar="FILE",
        help="configuration file of the services, where they were not started by `minova up`; may be repeated",
    )


def load(args):
    """Read the services' configuration into CONF; returns the record of the running `minova up`, or None.

    :raises errors.UpError: when a file cannot be read.
    """
    state_path = settings.state_path(args.state_path)
    found = None if args.config_file else record.running(state_path)
    files = args.config_file or (found.config_files if found else _left_behind(state_path))
    rpc.set_defaults(CONF)
    engine.set_defaults(CONF)
    try:
        CONF([], project="minova", default_config_files=files or None)
    except Exception as err:  # noqa: BLE001 - oslo.config raises whatever its parser does
        raise errors.UpError(f"The configuration cannot be read: {err}") from err
    if args.state_path:
        CONF.set_override("state_path", state_path)
    return found


def check_database_is_there():
    """:raises errors.UpError: when the records would be a file that does not exist: reading it would make it."""
    url = CONF.database.connection or f"sqlite:///{os.path.join(CONF.state_path, 'minova.sqlite3')}"
    path = url.partition(":///")[2].partition("?")[0]
    if url.startswith("sqlite") and path and not os.path.exists(path):
        raise errors.UpError(
            f"There is no database {path}. Name the deployment with --state-path or --config-file."
        )


def _left_behind(state_path):
    """The file of the last `minova up` here, whose records and recording may still be read."""
    path = os.path.join(state_path, settings.GENERATED_CONFIG)
    return [path] if os.path.exists(path) else []
