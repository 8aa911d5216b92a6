# SPDX-License-Identifier: Apache-2.0

import pytest

from minova.broker import access
from minova.broker.access import Access, User

# Made by RabbitMQ 3.10 for the password "guest".
RABBITMQ_HASH = "HEdICJRpORxIFeHtmVuPfy8RGRMyMmdUtvJmh3oLDas+Lheh"


def make_user(name="nova", password="secret", **kwargs):
    return User(name, access.hash_password(password), **kwargs)


def test_user_logs_in_with_the_password():
    user = make_user()
    assert Access([user]).authenticate("nova", "secret") is user


@pytest.mark.parametrize(
    ("name", "password"),
    [("nova", "wrong"), ("nova", ""), ("nova", None), ("other", "secret"), (None, None), ("", "")],
)
def test_wrong_name_or_password_is_nobody(name, password):
    assert Access([make_user()]).authenticate(name, password) is None


def test_hash_that_rabbitmq_made_is_understood():
    users = Access([User("guest", RABBITMQ_HASH)])
    assert users.authenticate("guest", "guest")
    assert users.authenticate("guest", "Guest") is None


def test_user_without_a_password_never_logs_in():
    assert Access([User("nova", "")]).authenticate("nova", "") is None


@pytest.mark.parametrize(
    ("password_hash", "algorithm"),
    [("?", access.DEFAULT_ALGORITHM), ("AAAA", access.DEFAULT_ALGORITHM), (RABBITMQ_HASH, "rot13")],
)
def test_hash_that_nothing_could_match_is_refused(password_hash, algorithm):
    with pytest.raises(ValueError, match="hash"):
        User("nova", password_hash, algorithm=algorithm)


@pytest.mark.parametrize(
    ("peer_host", "let_in"),
    [
        (None, True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("::ffff:192.0.2.1", False),
        ("unknown", False),
    ],
)
def test_guest_comes_from_this_machine_only(peer_host, let_in):
    users = Access([make_user("guest", "guest"), make_user()])
    assert bool(users.authenticate("guest", "guest", peer_host)) == let_in
    assert users.authenticate("nova", "secret", peer_host)


@pytest.mark.parametrize(
    ("pattern", "name", "may"),
    [
        (".*", "anything", True),
        ("^nova", "nova.compute", True),
        ("^nova", "a.nova", False),
        ("nova", "a.nova.b", True),  # RabbitMQ's patterns match anywhere
        ("", "anything", False),
        ("^$", "anything", False),
        ("^(a|b)$", "b", True),
    ],
)
def test_permission_is_a_regular_expression(pattern, name, may):
    user = make_user()
    user.permit("v", configure=pattern, write="^$", read="^$")
    assert user.may("v", "configure", name) == may
    assert not user.may("v", "write", name)
    assert not user.may("other", "configure", name)


def test_permission_taken_away_is_gone_at_once():
    user = make_user()
    user.permit("v")
    assert user.may("v", "read", "q")
    user.permit("v", read="^x")
    assert not user.may("v", "read", "q")


def test_user_enters_the_vhosts_of_its_permissions():
    user = make_user()
    user.permit("v", "", "", "")
    assert user.may_enter("v")
    assert not user.may_enter("/")
