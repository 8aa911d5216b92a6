# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of images; runs in minova-api. The image service proper is still to come."""

from minova.db import images


class API:
    """A read-only list of images."""

    def __init__(self, database):
        self._database = database

    def find(self, _context, name=None, status=None):
        """All images, or those of a name and a status, by name."""
        with self._database.reader() as conn:
            return images.find(conn, name, status)

    def get(self, _context, image_id):
        """:raises ImageNotFound:"""
        with self._database.reader() as conn:
            return images.get(conn, image_id)
