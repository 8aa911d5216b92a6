# SPDX-License-Identifier: Apache-2.0
"""The forms of a path: ``/servers``, ``/v2.1/servers`` and ``/v2.1/PROJECT/servers`` are one resource."""

VERSION_PREFIX = "/v2.1"
PROJECT = "minova.project_in_path"


class PathPrefixes:
    """WSGI layer that takes version and project off a path, so that each view has one route.

    :param nouns: the first segments of all routes: what stands where a project could stand, and is none.
    """

    def __init__(self, wsgi_app, nouns):
        self._wsgi_app = wsgi_app
        self._nouns = nouns

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path == VERSION_PREFIX:
            path += "/"
        elif path.startswith(VERSION_PREFIX + "/") and len(path) > len(VERSION_PREFIX) + 1:
            path = self._without_project(path.removeprefix(VERSION_PREFIX), environ)
        environ["PATH_INFO"] = path
        return self._wsgi_app(environ, start_response)

    def _without_project(self, path, environ):
        first, _, rest = path[1:].partition("/")
        noun = rest.partition("/")[0]
        if first and first not in self._nouns and noun in self._nouns:
            environ[PROJECT] = first
            return "/" + rest
        return path
