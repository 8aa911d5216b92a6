# SPDX-License-Identifier: Apache-2.0
# One image for all of minova's services; docker-compose.yml says which command each container runs.
# Any base with Python 3.11 or newer, its venv module and Debian's useradd will do.
ARG BASE_IMAGE=python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY minova minova
RUN python3 -m venv /opt/minova \
    && /opt/minova/bin/pip install --no-cache-dir '.[postgresql,mysql]' \
    && /opt/minova/bin/pip uninstall --yes pip

FROM ${BASE_IMAGE}
RUN useradd --system --user-group --create-home --home-dir /var/lib/minova --shell /usr/sbin/nologin minova
COPY --from=build /opt/minova /opt/minova
ENV PATH=/opt/minova/bin:$PATH \
    PYTHONUNBUFFERED=1
USER minova
WORKDIR /var/lib/minova
CMD ["minova", "--help"]
