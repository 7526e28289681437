"""What is no file of MATLAB's, or only a part of one."""

import pytest

from stages.weights.matconvnet import read
from tests.weights.matconvnet_files import network, save


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the bytes given cannot be read as such"),
        (b"<!DOCTYPE html><title>404 Not Found</title>" * 9, "Unknown mat file type"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), r"7.2 at most; .*\(HDF5\). .* -v7"),
        # As MATLAB 7.3 begins its files: 116 bytes of text, version 0x0200.
        (
            b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM" + bytes(600),
            r"7.2 at most; .*\(HDF5\). .* -v7",
        ),
    ],
    ids=["empty", "page", "hdf5", "matlab-7.3"],
)
def test_what_is_no_file_of_matlabs_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        read(data)


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_refused_wherever_it_ends(packed):
    data = save(network(), packed=packed)
    for end in (100, 128, 200, len(data) // 2, len(data) - 9):
        with pytest.raises(ValueError, match=r"`file`|`layers|`meta|`normalization"):
            read(data[:end])
