# SPDX-License-Identifier: Apache-2.0
"""Queries of the images."""

import sqlalchemy as sa

from minova import exception
from minova.db.models import images

_GET = sa.select(images).where(images.c.id == sa.bindparam("image_id"))


def find(conn, name=None, status=None):
    """All images, or those of a name and a status, by name."""
    statement = sa.select(images).order_by(images.c.name, images.c.id)
    if name is not None:
        statement = statement.where(images.c.name == name)
    if status is not None:
        statement = statement.where(images.c.status == status)
    return conn.execute(statement).all()


def get(conn, image_id):
    """:raises ImageNotFound:"""
    row = conn.execute(_GET, {"image_id": image_id}).first()
    if row is None:
        raise exception.ImageNotFound(image_id=image_id)
    return row
