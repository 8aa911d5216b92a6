# SPDX-License-Identifier: Apache-2.0
"""The server that is shown as an example: the smallest flavor and the first image that the API has."""

import json

from minova.up.api_client import ApiError


def server_body(api, name="hello"):
    """Body of POST /servers.

    :raises ApiError: when the API does not answer, or has nothing to choose from.
    """
    try:
        flavor = min(api.get("/flavors/detail")["flavors"], key=lambda flavor: flavor["ram"])
        image = api.get("/images")["images"][0]
        return {"server": {"name": name, "flavorRef": flavor["id"], "imageRef": image["id"]}}
    except (LookupError, TypeError, ValueError) as err:
        raise ApiError(f"{api.url} has no flavor or no image") from err


def curl_command(api_url, body):
    """What one would type to boot that server."""
    content_type = "Content-Type: application/json"
    return ["curl", "-X", "POST", f"{api_url}/servers", "-H", content_type, "-d", json.dumps(body)]


def shown(command, indent=""):
    """The command for a shell, on two lines."""
    quoted = [f"'{part}'" if " " in part else part for part in command]
    return " ".join(quoted[:-2]) + f" \\\n{indent}  " + " ".join(quoted[-2:])
