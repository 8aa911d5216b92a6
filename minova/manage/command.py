# SPDX-License-Identifier: Apache-2.0
"""The command line of minova-manage: which function runs, and how its errors are told.

A command's module is imported only when it is asked for: those that need the bus take half a second more.
"""

import argparse
import importlib
import logging
import sys

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import exception as db_exception

import minova.conf
from minova import broken_pipe, exception

CONF = minova.conf.CONF
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LONGEST_TIMEOUT_SECONDS = 3600


def run(argv):
    """Run one command; returns the exit code: 0, 1 (refused or not reached) or 2 (the command line)."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    # It says what it gets while a connection is being closed, which is nobody's trouble.
    logging.getLogger("amqp").setLevel(logging.ERROR)
    try:
        _parse(argv)
        module, _, function = CONF.command.run.partition(":")
        return getattr(importlib.import_module(module), function)(CONF.command) or 0
    except cfg.Error as error:
        return _fail(str(error), 2)
    except exception.MinovaException as error:
        return _fail(error.message)
    except (db_exception.DBError, sa.exc.SQLAlchemyError) as error:
        return _fail(f"The database cannot be used: {_first_line(error)}")
    except ModuleNotFoundError as error:
        # SQLAlchemy loads a database's driver when its URL is first used.
        return _fail(
            f"The Python package {error.name} is missing; install minova with the extra for its database."
        )
    except OSError as error:
        if broken_pipe.reader_has_gone():
            raise
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _parse(argv):
    CONF.register_cli_opt(COMMAND)
    CONF(argv, project="minova", prog="minova-manage")


def _add_commands(nouns):
    db = _noun(nouns, "db", "the database")
    _verb(db, "sync", "minova.manage.db:sync", "bring the database to the present schema")
    _verb(db, "version", "minova.manage.db:version", "show the database's revision")

    service = _noun(nouns, "service", "the services")
    _verb(service, "list", "minova.manage.service:show_all", "list all services that ever reported")
    ping = _verb(
        service, "ping", "minova.manage.ping:ping", "ask each service over RPC, exit 1 unless all answer"
    )
    ping.add_argument("--topic", help="ask only the services of this topic")
    ping.add_argument(
        "--host",
        dest="host_name",
        help="ask only the services of this host; with --topic, without the database",
    )
    ping.add_argument("--timeout", type=_seconds, default=5.0, help="seconds to wait for an answer (5)")
    level = _verb(
        service, "log-level", "minova.manage.log_level:set_log_level", "set the log level of services"
    )
    level.add_argument("binary", help="such as minova-conductor: all of its processes are told")
    level.add_argument("level", type=str.upper, choices=_LEVELS)

    host = _noun(nouns, "host", "the compute hosts")
    _verb(host, "list", "minova.manage.host:show_all", "list the compute hosts and what is used of them")
    remove = _verb(
        host, "remove", "minova.manage.host:remove", "forget a host that is down and has no instances"
    )
    remove.add_argument("host_name", metavar="NAME")

    decision = _noun(nouns, "decision", "the scheduler's decisions")
    show = _verb(
        decision, "show", "minova.manage.decision:show", "why an instance went to its host, or to none"
    )
    show.add_argument("instance_uuid", metavar="UUID")

    reset = _verb(
        nouns, "reset", "minova.manage.reset:reset", "back to the beginning: no instances, no services"
    )
    reset.add_argument("--force", action="store_true", help="although services are running")


def _noun(nouns, name, help_text):
    parser = nouns.add_parser(name, help=help_text)
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _verb(verbs, name, function, help_text):
    parser = verbs.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(run=function)
    return parser


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _LONGEST_TIMEOUT_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to {_LONGEST_TIMEOUT_SECONDS}")
    return seconds


def _first_line(error):
    return str(error).partition("\n")[0]


def _fail(sentence, code=1):
    print(f"minova-manage: {sentence}", file=sys.stderr)
    return code


COMMAND = cfg.SubCommandOpt("command", title="commands", handler=_add_commands)
