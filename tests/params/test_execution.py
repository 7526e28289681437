"""Where jobs run: which addresses of clusters are taken, and which refused."""

import pytest
from pydantic import ValidationError

from stages.params.execution import ExecutionSettings


def dask(address, **keys):
    return ExecutionSettings(backend="dask", address=address, **keys)


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786",
        "127.0.0.1:8786",
        "localhost:8786",
        "tcp://[::1]:8786",
        "tls://127.0.0.1:8786",
    ],
)
def test_a_scheduler_on_this_machine_is_taken(address):
    assert dask(address).address == address


@pytest.mark.parametrize(
    "address",
    [
        "tcp://node1:8786",
        "10.0.0.7:8786",
        "tcp://[2001:db8::1]:8786",
        "ws://node1:8786",
        # Names that only look like what is allowed.
        "tlsbox:8786",
        "tcp://localhost.example.org:8786",
        "tcp://127.0.0.1@node1:8786",
    ],
)
def test_another_machine_without_encryption_is_refused_unless_it_is_wanted(address):
    with pytest.raises(ValidationError, match=r"without TLS .*insecure: true"):
        dask(address, store="/shared")
    assert dask(address, store="/shared", insecure=True).insecure


@pytest.mark.parametrize("address", ["tls://node1:8786", "wss://node1:8786"])
def test_another_machine_with_encryption_is_taken_if_there_is_a_shared_place(address):
    assert dask(address, store="s3://bucket/study").address == address
    with pytest.raises(ValidationError, match="`store` must name"):
        dask(address)


@pytest.mark.parametrize(
    "address", ["", "node1", "http://node1:8786", "tcp://node1", "tcp://:8786", "a:b"]
)
def test_what_is_no_address_of_a_scheduler_is_refused(address):
    with pytest.raises(ValidationError, match="must be a scheduler's"):
        dask(address, insecure=True, store="/shared")


def test_an_address_needs_the_backend_that_it_is_of():
    with pytest.raises(ValidationError, match="needs backend: dask"):
        ExecutionSettings(address="tcp://127.0.0.1:8786")
