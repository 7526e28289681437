"""Where jobs run: the device, how many share a batch, processes or a Dask cluster."""

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from stages.params.checks import Part, must_be
from stages.params.numbers import Count

# Protocols that encrypt, and in which both sides show certificates.
_ENCRYPTED = ("tls", "wss")


class ExecutionSettings(Part):
    """Where jobs run, how many share a batch, and how many processes the batches.

    `processes: auto` is one a core of a CPU, and one a GPU. With `targets:
    recompute` no codes are stored; they are computed whenever they are needed.
    `precision: bfloat16` lets `fast` compute networks in it until the last tenth of its
    steps, which are in float32, as all else is. `allow_large` lets begin what is beyond
    this machine, see `stages.execution.estimate`.

    `backend: dask` gives the batches to a Dask cluster: to that of the scheduler at
    `address`, or to one of `processes` workers, started for the run. Workers read and
    write `store`, a folder or any address that fsspec knows, such as
    `s3://bucket/study`. What is finished there counts as finished for both backends.
    """

    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$"),
        must_be("auto, cpu, cuda or cuda:1"),
    ] = "auto"
    batch_size: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    processes: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    targets: Literal["store", "recompute"] = "store"
    precision: Literal["float32", "bfloat16"] = "float32"
    allow_large: bool = False
    backend: Literal["local", "dask"] = "local"
    address: str | None = None
    insecure: bool = False
    store: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _address_fits(self) -> "ExecutionSettings":
        if self.address is None:
            return self
        if self.backend != "dask":
            raise ValueError("`address` is that of a cluster: it needs backend: dask")
        scheme, host = _parsed(self.address)
        if not host:
            raise ValueError(
                "`address` must be a scheduler's, such as tcp://127.0.0.1:8786 or "
                f"tls://node1:8786; got {self.address!r}"
            )
        near = _is_loopback(host)
        if not (near or self.insecure or scheme in _ENCRYPTED):
            raise ValueError(
                f"`address` {self.address} is another machine's, and without TLS "
                "anybody on the network can run programs there: use tls://, or, on a "
                "network that you trust, set insecure: true"
            )
        if not near and self.store is None:
            raise ValueError(
                f"`address` {self.address} is another machine's: `store` must name a "
                "folder that it sees, too, or an address such as s3://bucket/study"
            )
        return self


def _parsed(address: str) -> tuple[str, str]:
    """Return protocol and host of a scheduler's address; no host if it is none."""
    whole = address if "://" in address else f"tcp://{address}"
    try:
        parts = urlsplit(whole)
        good = parts.scheme in ("tcp", "ws", *_ENCRYPTED) and parts.port
    except ValueError:
        return "", ""
    return parts.scheme, (parts.hostname or "") if good else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
