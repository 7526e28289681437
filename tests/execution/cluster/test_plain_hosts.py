"""The README's lines for plain hosts, with this machine in place of each of them."""

import os
import re
import subprocess

import pytest

from stages.params.execution import ExecutionSettings
from stages.plan.source_text import ROOT
from tests.execution.cluster.conftest import end, free_port, stand_ins

pytest.importorskip("distributed", reason="Dask is not installed")

# In place of `dvc repro`: a driver that waits for a worker of either host.
DRIVER = """
from distributed import Client
with Client("tcp://127.0.0.1:{port}", timeout=300) as client:
    client.wait_for_workers(2, timeout=300)
    told = client.scheduler_info()["workers"].values()
    with open("answer", "w") as file:
        print(sum(one["nthreads"] for one in told), file=file)
"""


def lines():
    """Return the block of the README."""
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"```sh\n(dask scheduler.*?)```", readme, re.DOTALL)
    return block


def test_the_lines_bring_a_scheduler_and_the_workers_of_two_hosts_together(tmp_path):
    port = free_port()
    ssh = 'echo "$1" >> hosts; exec bash -c "${@:2}"'
    programs = stand_ins(tmp_path, DRIVER.format(port=port), ssh=ssh)
    script = lines().replace("10.0.0.1", "127.0.0.1").replace("8786", f"{port}")
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            ["bash", "-e", "-c", script.replace("--nworkers 8", "--nworkers 1")],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        assert running.wait(600) == 0, (tmp_path / "log").read_text()
    finally:
        end(running)
    # A thread a worker; of each host there is one.
    assert (tmp_path / "answer").read_text() == "2\n"
    assert sorted((tmp_path / "hosts").read_text().split()) == ["node1", "node2"]


def test_its_address_is_taken_where_the_network_is_trusted_and_no_other():
    (address,) = set(re.findall(r"tcp://\S+", lines()))
    place = {"backend": "dask", "address": address, "store": "/data/study"}
    assert ExecutionSettings(**place, insecure=True).address == address
    with pytest.raises(ValueError, match="set insecure: true"):
        ExecutionSettings(**place)
