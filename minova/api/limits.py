# SPDX-License-Identifier: Apache-2.0
"""/limits"""

import flask

from minova.api import apis, body
from minova.api.views import limits as views

bp = flask.Blueprint("limits", __name__)


@bp.get("/limits")
def index():
    """200: an administrator may ask for another project by ``tenant_id``."""
    context = flask.g.context
    project_id = flask.request.args.get("tenant_id") if context.is_admin else None
    limits, usage = apis.current().compute.get_limits(context, project_id)
    return body.answer({"limits": {"rate": [], "absolute": views.absolute(limits, usage)}})
