"""The script for SLURM, with stand-ins for SLURM and DVC and a real Dask."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stages.plan.source_text import ROOT
from tests.execution.cluster.conftest import free_port, stand_ins

pytest.importorskip("distributed", reason="Dask is not installed")

# In place of `dvc repro`: a driver that asks a worker for something.
DRIVER = """
import os
from distributed import Client
with Client(f"tls://127.0.0.1:{os.environ['PORT']}", timeout=300) as client:
    client.wait_for_workers(1, timeout=300)
    print("answer", client.submit(abs, -7).result())
    print(client.scheduler.address, oct(os.stat(os.environ["KEY"]).st_mode))
"""


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_script_brings_workers_and_driver_together_encrypted(tmp_path):
    port = free_port()
    known = f"PORT={port} KEY=$DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
    stand_ins(tmp_path, DRIVER, srun='exec "$@"', dvc=known)
    script = ROOT / "stages" / "presets" / "slurm.sh"
    with subprocess.Popen(
        ["bash", script, f"{port}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        told, _ = running.communicate(timeout=600)
    assert running.returncode == 0
    assert "answer 7" in told
    assert f"tls://127.0.0.1:{port} 0o100600" in told
    # The keys are gone with the job.
    assert not list(Path(tmp_path).glob(".keys-*"))
