# SPDX-License-Identifier: Apache-2.0
"""Lists as RabbitMQ's management API gives them: filtered by name, sorted, in pages, with some columns only."""

import asyncio
import re

from minova.broker.management import errors

MAX_UNPAGED = 50_000
_MAX_PAGE_SIZE = 500
_SLICE = 100  # items between which the broker gets to work


async def make(call, objects, view, name=None):
    """Return the document that answers a GET of a list.

    :param call: the call.Call, whose query has the parameters
    :param objects: what is listed, in its natural order
    :param view: called with each, returns its dict
    :param name: called with an object, returns what parameter `name` is compared with; None: the list has no pages
    :raises errors.ApiError: 400
    """
    objects, query = list(objects), call.query
    if name is None or "page" not in query:
        _refuse_too_many(objects)
        return await _make_items(objects, view, query)
    page, page_size = _read_page(query)
    found = _filter(objects, name, call)
    if (page - 1) * page_size >= max(len(found), 1):
        raise errors.bad_request(
            f"Page out of range, page: {page} page size: {page_size}, len: {len(found)}", "page_out_of_range"
        )
    window = slice((page - 1) * page_size, page * page_size)
    items = await _make_page(found, view, query, window)
    return {
        "filtered_count": len(found),
        "item_count": len(items),
        "items": items,
        "page": page,
        "page_count": -(-len(found) // page_size) or 1,
        "page_size": page_size,
        "total_count": len(objects),
    }


def pick(document, columns):
    """Return the parts of a dict that the parameter `columns` names, `a.b` being b within a; all without it."""
    if not columns:
        return document
    picked = {}
    for column in columns.split(","):
        _pick_one(document, column.split("."), picked)
    return picked


def _pick_one(document, path, picked):
    head, *rest = path
    if not isinstance(document, dict) or head not in document:
        return
    if not rest:
        picked[head] = document[head]
    elif isinstance(document[head], dict):
        inner = picked.setdefault(head, {})
        if inner is not document[head]:
            _pick_one(document[head], rest, inner)


async def _make_items(objects, view, query):
    items = []
    sort = query.get("sort")
    columns = query.get("columns")
    for number, listed in enumerate(objects, 1):
        item = view(listed)
        # What it is sorted by need not be among the columns.
        items.append((_sort_key(item, sort) if sort else None, pick(item, columns)))
        if number % _SLICE == 0:
            await asyncio.sleep(0)
    if sort:
        items.sort(key=lambda item: item[0])
    if query.get("sort_reverse") == "true":
        items.reverse()
    return [item for _, item in items]


async def _make_page(found, view, query, window):
    if query.get("sort"):
        _refuse_too_many(found)
        return (await _make_items(found, view, query))[window]
    if query.get("sort_reverse") == "true":
        found.reverse()
    return await _make_items(found[window], view, {"columns": query.get("columns")})


def _refuse_too_many(objects):
    if len(objects) > MAX_UNPAGED:
        raise errors.bad_request(
            f"{len(objects)} items are too many for one answer: ask for pages (page=1&page_size=500), unsorted"
        )


def _read_page(query):
    try:
        page, page_size = int(query["page"]), int(query.get("page_size") or 100)
    except ValueError as err:
        raise errors.bad_request("Pagination parameters are invalid") from err
    if page < 1 or not 1 <= page_size <= _MAX_PAGE_SIZE:
        raise errors.bad_request(
            f"Invalid pagination parameters: page number {page}, page size {page_size}",
            "invalid_pagination_parameters",
        )
    return page, page_size


def _filter(objects, name, call):
    wanted = call.query.get("name", "")
    if not wanted:
        return list(objects)
    if call.query.get("use_regex") == "true":
        # One such expression can keep the broker busy for ever: it is for those who can stop it anyway.
        call.check_administrator()
        pattern = _read_pattern(wanted)
        return [listed for listed in objects if pattern.search(name(listed))]
    return [listed for listed in objects if wanted.lower() in name(listed).lower()]


def _read_pattern(text):
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as err:
        raise errors.bad_request("Pagination parameters are invalid") from err


def _sort_key(item, sort):
    """Return what orders numbers before texts, and both after items that have no such field."""
    for part in sort.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    if item is None:
        return (0, 0)
    if isinstance(item, (bool, int, float)):
        return (1, item)
    return (2, str(item))
