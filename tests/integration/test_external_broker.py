# SPDX-License-Identifier: Apache-2.0
"""What `minova up` asks of a real RabbitMQ."""

import pytest

from minova.up import errors, external_broker


def test_a_wrong_password_is_told_in_a_sentence(rabbitmq_url):
    wrong = rabbitmq_url.replace("guest:guest", "guest:wrong")

    with pytest.raises(errors.UpError, match="does not let 'guest' into"):
        external_broker.rabbit_options(wrong)
