# SPDX-License-Identifier: Apache-2.0
"""`minova explain`: the story of one server."""

import argparse
import dataclasses
import json
import sys

from minova.up import configuration, errors


def parser():
    explain = argparse.ArgumentParser(
        prog="minova explain",
        description="Tell the story of a server: what was asked, who was asked, which hosts were refused and why, "
        "which was chosen, what was retried, what its faults mean, and what is going on now. It is told from the "
        "database, from the recording that `minova up` makes of the bus, and from the broker's management API, "
        "as far as they are there.",
    )
    explain.add_argument("server", metavar="SERVER", help="uuid or name; deleted ones, too")
    explain.add_argument("--json", action="store_true", help="the story as one JSON object")
    configuration.add_arguments(explain)
    return explain


def run(args):
    """Exit code: 0, or 1 when there is no such server, or the database cannot be read."""
    # Only here: these cost half a second, which --help need not take.
    import oslo_db.exception
    import sqlalchemy as sa

    from minova import exception

    try:
        story = _story(args)
    except errors.UpError as err:
        return _fail(str(err))
    except exception.MinovaException as err:
        return _fail(err.message)
    except (oslo_db.exception.DBError, sa.exc.SQLAlchemyError) as err:
        return _fail(f"The database cannot be read: {str(err).partition(chr(10))[0]}")
    _show(story, args.json)
    return 0


def _story(args):
    from minova.explain import bus_view, case, lives, messages, sentence, story
    from minova.manage import db

    found = configuration.load(args)
    configuration.check_database_is_there()
    with db.opened() as database:
        read = case.read(database, args.server)
    bus = bus_view.look(configuration.CONF.transport_url, found.management_url if found else "")
    said = messages.read(configuration.CONF.state_path, read.uuid, sentence.epoch(read.instance.updated_at))
    return story.tell(read, bus, said, lives.sentences(found))


def _show(story, as_json):
    from minova.explain import text, width

    print(
        json.dumps(dataclasses.asdict(story), indent=1) if as_json else text.render(story, width.of_output())
    )


def _fail(sentence):
    print(f"minova explain: {sentence}", file=sys.stderr)
    return 1
