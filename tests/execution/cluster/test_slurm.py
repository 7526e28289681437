"""The script for SLURM, with stand-ins for SLURM and DVC and a real Dask."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stages.plan.source_text import ROOT

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


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_script_brings_workers_and_driver_together_encrypted(tmp_path):
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f"PATH={programs}:$PATH\n")
    (tmp_path / "driver.py").write_text(DRIVER)
    python = f"{sys.executable} -W ignore"
    key = "KEY=$DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
    scripts = {
        "dask": f'exec {python} -m distributed.cli.dask_$1 "${{@:2}}"',
        "srun": 'exec "$@"',
        "dvc": f"PORT={(port := free_port())} {key} exec {python} driver.py",
    }
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (programs / name).chmod(0o755)
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
