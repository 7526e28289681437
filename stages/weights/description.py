"""What a published file of weights is: its sources, how each is known and read.

A source is an address (`Url`) or a file inside a distribution of the Python package
index (`Package`). Its `form` says how the tensors lie in it. Whatever the source, the
tensors that are kept, and their names, are the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Torchvision:
    """A state of torchvision's model of so many classes; `part` of it is kept.

    `part` is what the names of the kept tensors begin with; all are kept if it is "".
    """

    model: str
    classes: int = 1000
    side: int = 224
    part: str = ""


@dataclass(frozen=True)
class FlaxConvolutions:
    """A pickle of numpy arrays: the convolutions of torchvision's model, in order.

    They lie under `scope`, as `Conv_0`, `Conv_1` and so on, each with a `kernel` (rows,
    columns, channels in, channels out) and a `bias`.
    """

    model: str
    scope: str


@dataclass(frozen=True)
class Tensors:
    """A file of torch's with named tensors, kept as they are."""


@dataclass(frozen=True)
class CaffeReference:
    """MatConvNet's file of CaffeNet, for images of `side` pixels a side."""

    side: int


Form = Torchvision | FlaxConvolutions | Tensors | CaffeReference


@dataclass(frozen=True)
class Url:
    """A file at an address.

    `known_hash` is what is known of its sha256, as `stages.sources.download` wants it;
    `megabytes` its size, None if unknown. `name` is that of its copy among the
    downloads, where the address ends in one that other files have, too.
    """

    address: str
    known_hash: str
    form: Form
    licence: str
    megabytes: int | None = None
    name: str = ""

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return self.name or self.address.rpartition("/")[2]


@dataclass(frozen=True)
class Package:
    """A file inside a distribution, an sdist or a wheel, of the Python package index.

    `file` is the distribution's name and `sha256` its hash; `member` is the path
    inside, below the folder that an sdist has, `member_bytes` its size.
    """

    project: str
    version: str
    file: str
    sha256: str
    megabytes: int
    member: str
    member_sha256: str
    member_bytes: int
    form: Form
    licence: str

    @property
    def known_hash(self) -> str:
        """Return the hash by which the distribution is known."""
        return self.sha256


Source = Url | Package


@dataclass(frozen=True)
class WeightsFile:
    """Weights that are published: the name they are kept by, and sources in order."""

    name: str
    sources: tuple[Source, ...]
