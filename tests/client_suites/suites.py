# SPDX-License-Identifier: Apache-2.0
"""The table of client libraries: which of their tests need a broker, and how these are led to one."""

import dataclasses

# aio-pika's tests start RabbitMQ in Docker by this module; in its place stands the broker that is tested.
_BROKER_IN_PLACE_OF_DOCKER = """
import dataclasses


class DockerNotAvailableError(Exception):
    pass


@dataclasses.dataclass
class ContainerInfo:
    id: str
    ports: dict
    host: str


class DockerHostInfo:
    pass


def check_docker_available():
    return DockerHostInfo()


class DockerClient:
    def __init__(self, docker_host_info=None):
        pass

    def run(self, image, ports, environment=None):
        return ContainerInfo("broker", {{"5672/tcp": {port}, "5671/tcp": {tls_port}}}, "{host}")

    def kill(self, container_id):
        pass

    def remove(self, container_id):
        pass
"""


@dataclasses.dataclass(frozen=True)
class Suite:
    """One library.

    In texts that say so, {host} and other names of an Address stand for those of the broker.
    """

    name: str
    # The name on the package index.
    distribution: str
    tests: tuple
    # Beside the library itself, pytest and its plugins.
    requirements: tuple = ()
    # pytest's -k: what is left out, and why_left_out.
    deselect: str = ""
    why_left_out: str = ""
    # {file: ((regular expression, replacement text with {host} and so on), ...)}
    edits: dict = dataclasses.field(default_factory=dict)
    # {file: text with {host} and so on}
    replaced_files: dict = dataclasses.field(default_factory=dict)
    # {variable: text with {host} and so on}
    environment: dict = dataclasses.field(default_factory=dict)
    # True: they want a TLS port, and run where the brokers have one.
    is_tls: bool = False
    # False: only a checkout has them.
    tests_in_sdist: bool = True


_RABBITMQ_VARIABLES = {"RABBITMQ_HOST": "{host}", "RABBITMQ_5672_TCP": "{port}"}
_PY_AMQP_VHOST = (
    r"amqp\.Connection\(host=host, vhost=vhost",
    "amqp.Connection(host=host, virtual_host='{vhost}'",
)
_PIKA_PLAIN = (
    (r"host='127\.0\.0\.1',", "host='{host}', virtual_host='{vhost}',"),
    (r"port=5672\b", "port={port}"),
)
_AIO_PIKA_REQUIREMENTS = ("aiomisc", "aiomisc-pytest", "shortuuid", "timeout-decorator")
_AIO_PIKA_VHOST = (r'path="//"', 'path="/{vhost}"')

SUITES = (
    Suite(
        name="py-amqp",
        distribution="amqp",
        tests=("t/integration/test_rmq.py",),
        deselect="tls",
        why_left_out="TLS: py-amqp-tls has it",
        edits={"t/integration/test_rmq.py": (_PY_AMQP_VHOST,)},
        environment=_RABBITMQ_VARIABLES,
    ),
    Suite(
        name="py-amqp-tls",
        distribution="amqp",
        tests=("t/integration/test_rmq.py",),
        deselect="plain or default_certs",
        why_left_out="what py-amqp has, and what connects to a web site in place of a broker",
        edits={"t/integration/test_rmq.py": (_PY_AMQP_VHOST, (r"'t/certs/", "'{certificates}/"))},
        environment=_RABBITMQ_VARIABLES | {"RABBITMQ_5671_TCP": "{tls_port}"},
        is_tls=True,
    ),
    Suite(
        name="kombu",
        distribution="kombu",
        tests=("t/integration/test_py_amqp.py",),
        edits={
            "t/integration/test_py_amqp.py": (
                (r"pyamqp://\{hostname\}:\{port\}", "pyamqp://{{hostname}}:{{port}}/{vhost}"),
            )
        },
        environment=_RABBITMQ_VARIABLES,
    ),
    Suite(
        name="pika",
        distribution="pika",
        tests=(
            "tests/acceptance/blocking_adapter_test.py",
            "tests/acceptance/async_adapter_tests.py",
            "tests/acceptance/enforce_one_basicget_test.py",
            "tests/acceptance/thread_safe_bounded_queue_test.py",
            "tests/acceptance/thread_safe_connection_test.py",
        ),
        requirements=("gevent", "tornado", "twisted"),
        edits={
            "tests/acceptance/blocking_adapter_test.py": (
                (r"127\.0\.0\.1:%\(port\)s/%%2f", "{host}:%(port)s/{vhost}"),
                (r"'port': 5672", "'port': {port}"),
            ),
            "tests/base/async_test_base.py": (
                (r"host='127\.0\.0\.1', port=5672", "host='{host}', port={port}, virtual_host='{vhost}'"),
            ),
            "tests/acceptance/thread_safe_bounded_queue_test.py": _PIKA_PLAIN,
            "tests/acceptance/thread_safe_connection_test.py": _PIKA_PLAIN,
        },
        tests_in_sdist=False,
    ),
    Suite(
        name="aio-pika",
        distribution="aio-pika",
        tests=("tests",),
        requirements=_AIO_PIKA_REQUIREMENTS,
        deselect="test_amqps",
        why_left_out="TLS: aio-pika-tls has it",
        edits={"tests/conftest.py": (_AIO_PIKA_VHOST,)},
        replaced_files={"tests/docker_client.py": _BROKER_IN_PLACE_OF_DOCKER},
    ),
    Suite(
        name="aio-pika-tls",
        distribution="aio-pika",
        tests=("tests/test_amqps.py",),
        requirements=_AIO_PIKA_REQUIREMENTS,
        edits={
            "tests/conftest.py": (_AIO_PIKA_VHOST,),
            "tests/test_amqps.py": (_AIO_PIKA_VHOST, (r"with_port\(5671\)", "with_port({tls_port})")),
        },
        replaced_files={"tests/docker_client.py": _BROKER_IN_PLACE_OF_DOCKER},
        is_tls=True,
    ),
    Suite(
        name="oslo.messaging",
        distribution="oslo.messaging",
        tests=(
            "oslo_messaging/tests/functional/test_functional.py",
            "oslo_messaging/tests/functional/notify/test_logger.py",
        ),
        requirements=("oslotest", "testscenarios", "eventlet"),
        why_left_out="test_rabbitmq.py, which starts a cluster of RabbitMQ itself",
        edits={
            # Its own runner multiplies tests by scenarios with load_tests, which pytest does not know.
            "oslo_messaging/tests/functional/notify/test_logger.py": (
                (
                    r"(?m)^(\w+)\.generate_scenarios\(\)$",
                    r"\1.generate_scenarios()"
                    "\nfor name, attributes in \\1.scenarios:"
                    "\n    globals()[name] = type(name, (\\1,), attributes)"
                    "\ndel \\1",
                ),
            )
        },
        environment={
            "RPC_TRANSPORT_URL": "rabbit://guest:guest@{host}:{port}/{vhost}",
            "NOTIFY_TRANSPORT_URL": "rabbit://guest:guest@{host}:{port}/{vhost}",
        },
    ),
)
