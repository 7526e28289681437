"""A real server of S3 for tests, on this machine; without one they are skipped."""

import uuid

import pytest


@pytest.fixture(scope="session")
def s3_server():
    """Return the address of a server of S3."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    reason = "moto's server of S3 is not installed"
    server = pytest.importorskip("moto.server", reason=reason)
    running = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def s3(s3_server, monkeypatch):
    """Return the address of an empty place in a bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import s3fs

    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(bucket)
    return f"s3://{bucket}/study"
