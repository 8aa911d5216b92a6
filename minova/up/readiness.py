# SPDX-License-Identifier: Apache-2.0
"""Whether every service of a deployment answers, asked through the API alone."""

import datetime

from minova.up.api_client import ApiClient, ApiError

# Services that report their state to the records, and so appear in GET /os-services.
REPORTING = ("conductor", "scheduler", "network", "compute")


class Readiness:
    """Asks until all is there, and knows what is still missing."""

    def __init__(self, api_urls, expected, since, page_url=None):
        """
        :param expected: how many reports there have to be of each of REPORTING.
        :param since: seconds since the epoch; an older report is of an earlier run and says nothing.
        :param page_url: None when there is no page to wait for.
        """
        self._apis = [ApiClient(url) for url in api_urls]
        self._expected = expected
        # Reports are written with whole seconds.
        self._since = int(since)
        self._page = ApiClient(page_url) if page_url else None

    def missing(self):
        """Sentences on what does not answer yet; empty when all is ready."""
        try:
            for api in self._apis:
                api.get("/")
            services = self._apis[0].get("/os-services")["services"]
        except (ApiError, KeyError, TypeError) as err:
            return [f"the API ({err})"]
        up = [service_name(row) for row in services if row.get("state") == "up" and self._is_new(row)]
        missing = [
            _shortage(name, up.count(name), wanted)
            for name, wanted in self._expected.items()
            if up.count(name) < wanted
        ]
        return missing or self._missing_page()

    def _missing_page(self):
        try:
            if self._page:
                self._page.get("/api/state")
        except ApiError as err:
            return [f"the page ({err})"]
        return []

    def _is_new(self, row):
        reported = seconds_since_epoch(row.get("updated_at"))
        return reported is not None and reported >= self._since


def service_name(row):
    """`compute` of a row of GET /os-services, where the binary is minova-compute."""
    return str(row.get("binary")).rpartition("-")[2]


def seconds_since_epoch(text):
    """A time of the API (UTC, with or without fraction and zone), or None."""
    try:
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()


def _shortage(name, have, wanted):
    return f"{name} ({have} of {wanted})" if wanted > 1 else name
