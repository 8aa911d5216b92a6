# SPDX-License-Identifier: Apache-2.0
"""What the management API answers when it refuses, in RabbitMQ's words."""


class ApiError(Exception):
    """Becomes the answer `{"error": error, "reason": reason}` with an HTTP status."""

    def __init__(self, status, error, reason):
        super().__init__(status, error, reason)
        self.status = status
        self.error = error
        self.reason = reason


def bad_request(reason, error="bad_request"):
    return ApiError(400, error, reason)


def not_found(reason="Not Found", error="Object Not Found"):
    return ApiError(404, error, reason)


def not_authorised(reason):
    """The user is known, and may not do this: 401 as on RabbitMQ, although 403 would say it better."""
    return ApiError(401, "not_authorised", reason)


def login_failed():
    return ApiError(401, "not_authorized", "Login failed")
