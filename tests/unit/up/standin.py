# SPDX-License-Identifier: Apache-2.0
"""Stands in for every service of minova: reads the generated configuration, answers, ends on SIGTERM."""

import configparser
import datetime
import http.server
import json
import os
import signal
import socket
import sys
import time

HOSTS = ("host1", "host2", "host3")


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = {"services": services(), "servers": [], "flavors": [{"id": "1", "ram": 64}], "images": []}
        raw = json.dumps({"versions": []} if self.path == "/" else content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def services():
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None).isoformat()
    # As one process each, and as two.
    places = ("here", "controller1", "controller2")
    hosts = [(name, place) for name in ("conductor", "scheduler", "network") for place in places]
    hosts += [("compute", host) for host in HOSTS]
    return [{"binary": f"minova-{b}", "host": h, "state": "up", "updated_at": now} for b, h in hosts]


def main():
    name = os.path.basename(sys.argv[0]).removeprefix("minova-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{name} begins", flush=True)
    if name == "manage":
        return
    config = configparser.RawConfigParser(default_section="\0")
    config.read(sys.argv[sys.argv.index("--config-file") + 1])
    if name == "api":
        port = int(os.environ.get("OS_API__PORT", config.getint("api", "port")))
        http.server.HTTPServer(("127.0.0.1", port), Api).serve_forever()
    if name == "page":
        http.server.HTTPServer(("127.0.0.1", config.getint("page", "port")), Page).serve_forever()
    listener = (
        socket.create_server(("127.0.0.1", config.getint("broker", "port"))) if name == "broker" else None
    )
    while True:
        print(f"{name} lives {listener or ''}", flush=True)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
