# SPDX-License-Identifier: Apache-2.0

import asyncio

import pytest

from minova.broker.management import errors, listing

ITEMS = [{"name": name, "stats": {"rate": rate}} for name, rate in (("ab", 2), ("b", 10), ("ac", 1))]
ITEMS.append({"name": "d"})


class Call:
    """The part of a call.Call that lists need."""

    def __init__(self, query, is_administrator):
        self.query = query
        self._is_administrator = is_administrator

    def check_administrator(self):
        if not self._is_administrator:
            raise errors.not_authorised("Not administrator user")


def make(query, name=lambda item: item["name"], items=None, is_administrator=True):
    return asyncio.run(listing.make(Call(query, is_administrator), items or ITEMS, dict, name))


def names(document):
    return [item["name"] for item in document]


def test_everything_comes_in_its_natural_order():
    assert make({}) == ITEMS


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": "name"}, ["ab", "ac", "b", "d"]),
        ({"sort": "name", "sort_reverse": "true"}, ["d", "b", "ac", "ab"]),
        ({"sort": "stats.rate"}, ["d", "ac", "ab", "b"]),
        ({"sort": "nothing"}, ["ab", "b", "ac", "d"]),
        ({"sort": "stats.rate", "columns": "name"}, ["d", "ac", "ab", "b"]),
        ({"sort_reverse": "true"}, ["d", "ac", "b", "ab"]),
    ],
)
def test_sorting(query, expected):
    assert names(make(query)) == expected


def test_what_cannot_be_compared_is_sorted_all_the_same():
    items = [{"name": name} for name in ("a", None, 3, ["x"], True, {"b": 1})]
    assert names(make({"sort": "name"}, items=items))[:3] == [None, True, 3]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("name", {"name": "ab"}),
        ("stats.rate,name", {"stats": {"rate": 2}, "name": "ab"}),
        ("stats", {"stats": {"rate": 2}}),
        ("stats,stats.rate", {"stats": {"rate": 2}}),
        ("stats.rate,stats.none", {"stats": {"rate": 2}}),
        ("name.x,none", {}),
        ("", ITEMS[0]),
    ],
)
def test_columns(columns, expected):
    assert listing.pick(ITEMS[0], columns) == expected
    assert ITEMS[0] == {"name": "ab", "stats": {"rate": 2}}


def test_a_page():
    assert make({"page": "2", "page_size": "3", "columns": "name"}) == {
        "filtered_count": 4,
        "item_count": 1,
        "items": [{"name": "d"}],
        "page": 2,
        "page_count": 2,
        "page_size": 3,
        "total_count": 4,
    }


def test_pages_of_what_has_a_name_in_it():
    document = make({"page": "1", "name": "A", "sort": "stats.rate", "use_regex": "false"})
    assert names(document["items"]) == ["ac", "ab"]
    assert (document["filtered_count"], document["total_count"], document["page_count"]) == (2, 4, 1)


def test_regular_expressions_are_for_administrators():
    query = {"page": "1", "name": "^A.|d", "use_regex": "true"}
    assert names(make(query)["items"]) == ["ab", "ac", "d"]
    with pytest.raises(errors.ApiError, match="Not administrator user"):
        make(query, is_administrator=False)


def test_the_first_page_of_nothing_is_empty():
    document = make({"page": "1", "name": "nothing"})
    assert (document["items"], document["page_count"]) == ([], 1)


@pytest.mark.parametrize(
    ("query", "error", "reason"),
    [
        ({"page": "9"}, "page_out_of_range", "Page out of range, page: 9 page size: 100, len: 4"),
        (
            {"page": "1", "page_size": "0"},
            "invalid_pagination_parameters",
            "Invalid pagination parameters: page number 1, page size 0",
        ),
        (
            {"page": "1", "page_size": "501"},
            "invalid_pagination_parameters",
            "Invalid pagination parameters: page number 1, page size 501",
        ),
        ({"page": "x"}, "bad_request", "Pagination parameters are invalid"),
        (
            {"page": "1", "name": "(", "use_regex": "true"},
            "bad_request",
            "Pagination parameters are invalid",
        ),
    ],
)
def test_pages_that_are_refused(query, error, reason):
    with pytest.raises(errors.ApiError) as caught:
        make(query)
    assert (caught.value.status, caught.value.error, caught.value.reason) == (400, error, reason)


def test_lists_without_pages_ignore_the_parameters():
    assert make({"page": "1"}, name=None) == ITEMS


def test_too_many_for_one_answer_are_given_in_pages_only(monkeypatch):
    monkeypatch.setattr(listing, "MAX_UNPAGED", 3)
    with pytest.raises(errors.ApiError, match="ask for pages"):
        make({})
    with pytest.raises(errors.ApiError, match="ask for pages"):
        make({"page": "1", "sort": "name"})
    assert make({"page": "1"})["item_count"] == 4
    assert names(make({"page": "1", "name": "a", "sort": "name"})["items"]) == ["ab", "ac"]
