# SPDX-License-Identifier: Apache-2.0
"""Checks Dockerfile and docker-compose.yml without a container engine; scripts/check-image starts it.

buildah builds the image, on a base that debootstrap makes from Debian. Every service of docker-compose.yml then runs
its own command in a container of its own, with its own environment and health check, but on this machine's network,
RabbitMQ and PostgreSQL, until servers booted through the API are ACTIVE. At last SIGTERM must end each with 0.
"""

import argparse
import contextlib
import socket
import sys
import tempfile
import time

from deploy import compose, containers, image
from minova.up.api_client import ApiClient, ApiError
from tests import real_servers

# These have images of their own; the machine's servers stand in for them.
SERVERS = ("rabbitmq", "postgresql")
# One-shot: it ends before the others start.
FIRST = "db-sync"
INSTANCES = 6
ACTIVE_SECONDS = 60
PUBLISHED_API = "127.0.0.1:8774"
PUBLISHED_PAGE = "127.0.0.1:8780"


def main():
    arguments = _parse_arguments()
    try:
        image.need_programs()
        base_image = arguments.base_image or make_base_image(arguments.suite, arguments.rebuild_base)
        say(f"building {image.IMAGE} on {base_image}")
        image.build(base_image)
        check_services()
    except (image.CheckError, real_servers.RabbitmqctlError, ApiError) as err:
        sys.exit(f"check-image: {err}")
    say("all is well")


def _parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/check-image", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--suite", default="trixie", help="Debian release of the base image (default: trixie)"
    )
    parser.add_argument("--rebuild-base", action="store_true", help="make the base image anew")
    parser.add_argument("--base-image", help="take this image as base and make none")
    return parser.parse_args()


def make_base_image(suite, rebuild):
    say(f"base image: Debian {suite}, made by debootstrap unless it is there")
    return image.make_base_image(suite, rebuild)


def check_services():
    """Start all services of docker-compose.yml, boot servers, and stop the services."""
    with contextlib.ExitStack() as stack:
        port = _free_port()
        settings = {
            "OS_DEFAULT__TRANSPORT_URL": stack.enter_context(_own_virtual_host()),
            "OS_DATABASE__CONNECTION": stack.enter_context(_own_database()),
            "OS_API__PORT": str(port),
            "OS_PAGE__PORT": str(_free_port()),
            "OS_PAGE__API_URL": f"http://127.0.0.1:{port}",
        }
        services = _make_containers(stack, settings)
        say(f"{FIRST}: {' '.join(compose.read_services()[FIRST]['command'])}")
        services.pop(FIRST).run()
        _start(stack, services.values())
        boot_instances(ApiClient(f"http://127.0.0.1:{port}", timeout_seconds=30))
        _stop(services.values())


def _own_virtual_host():
    server = real_servers.find_rabbitmq()
    say(server.line)
    _need(server)
    return real_servers.own_virtual_host(server)


def _own_database():
    server = real_servers.find_postgresql()
    say(server.line)
    _need(server)
    return real_servers.own_database(server, real_servers.connect_postgresql)


def _need(server):
    if not server.version:
        raise image.CheckError(f"needs {server.name}: {server.why_not}")


def _make_containers(stack, settings):
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="check-image-"))
    replacements = {
        PUBLISHED_API: f"127.0.0.1:{settings['OS_API__PORT']}",
        PUBLISHED_PAGE: f"127.0.0.1:{settings['OS_PAGE__PORT']}",
    }
    return {
        name: containers.ServiceContainer(
            name,
            specification,
            stack.enter_context(image.container(image.IMAGE)),
            settings,
            replacements,
            f"{directory}/{name}.log",
        )
        for name, specification in compose.read_services().items()
        if name not in SERVERS
    }


def _start(stack, services):
    for service in services:
        stack.callback(service.kill)
        service.start()
    for service in services:
        started = time.monotonic()
        service.wait_until_healthy()
        say(f"{service.name}: healthy after another {time.monotonic() - started:.1f} s")


def boot_instances(api):
    """Create servers in one request and wait until all are ACTIVE."""
    flavor = api.get("/v2.1/flavors")["flavors"][0]
    image_id = api.get("/v2.1/images")["images"][0]["id"]
    body = {"name": "check", "flavorRef": flavor["id"], "imageRef": image_id}
    api.send("POST", "/v2.1/servers", {"server": body | {"min_count": INSTANCES, "max_count": INSTANCES}})
    deadline = time.monotonic() + ACTIVE_SECONDS
    while True:
        servers = api.get("/v2.1/servers/detail")["servers"]
        statuses = [server["status"] for server in servers]
        if statuses == ["ACTIVE"] * INSTANCES:
            break
        if time.monotonic() > deadline or "ERROR" in statuses:
            raise image.CheckError(f"servers are {statuses}: {[server.get('fault') for server in servers]}")
        time.sleep(0.1)
    hosts = sorted(server.get("OS-EXT-SRV-ATTR:host") or "?" for server in servers)
    say(f"{INSTANCES} servers ACTIVE on {', '.join(hosts)}")


def _stop(services):
    for service in services:
        service.tell_to_stop()
    for service in services:
        service.wait_until_stopped()
    say("SIGTERM ended every service with 0")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"check-image: {text}", flush=True)


if __name__ == "__main__":
    main()
