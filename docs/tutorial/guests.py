#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows what runs on the simulated hypervisors, whatever the services know of it.

For example: guests.py web-1
"""

import argparse
import contextlib
import pathlib
import sqlite3
import sys

DEFAULT_FILE = "state/hypervisor.sqlite3"
RUNNING = 1


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="only guests of servers of this name")
    parser.add_argument("--file", default=DEFAULT_FILE, help="where they are kept (default: %(default)s)")
    args = parser.parse_args()
    try:
        for host, name, power_state in guests(args.file):
            if name in args.names or not args.names:
                print(f"{host}: {name}, {'running' if power_state == RUNNING else 'not running'}")
    except sqlite3.Error as err:
        sys.exit(f"{args.file}: {err}")


def guests(path):
    """(host, name, power state) of each."""
    uri = pathlib.Path(path).absolute().as_uri()
    with contextlib.closing(sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=30)) as store:
        return store.execute("SELECT host, name, power_state FROM guest ORDER BY host, name").fetchall()


if __name__ == "__main__":
    main()
