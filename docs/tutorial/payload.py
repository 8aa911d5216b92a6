#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the first message of a method carries, from `minova trace show SERVER --format json`.

For example: minova trace show web-1 --format json | payload.py select_destinations args
"""

import argparse
import json
import sys


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("method")
    parser.add_argument("part", nargs="?", help="a key of the message, such as args (default: all)")
    args = parser.parse_args()
    message = first_message(json.load(sys.stdin), args.method)
    if message is None:
        sys.exit(f"no message of method {args.method}")
    print(json.dumps(message["body"][args.part] if args.part else message["body"], indent=1))


def first_message(found, method):
    """The first one anywhere in the requests."""
    if isinstance(found, list):
        return next(filter(None, (first_message(item, method) for item in found)), None)
    if not isinstance(found, dict):
        return None
    if found.get("method") == method and "body" in found:
        return found
    return first_message(list(found.values()), method)


if __name__ == "__main__":
    main()
