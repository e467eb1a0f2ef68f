"""Which MCP servers the API's door leads to, and what is said of one that it could lead to."""

import pytest

from api.failures import Failure
from api.mcp.gateway import Gateway


def test_a_server_that_does_not_run_is_named_with_what_would_run_it() -> None:
    gateway = Gateway({"market": "http://127.0.0.1:1/mcp"}, {"market": "t"})
    assert gateway.known("market")
    for name, said in (
        ("memory", "there are: market; `outcry up --servers memory` runs it too"),
        ("else", "there are: market"),
    ):
        with pytest.raises(Failure) as caught:
            gateway.known(name)
        assert (caught.value.status, caught.value.details) == (404, said)
