#!/usr/bin/env bash
# The study on a SLURM cluster: scheduler and driver on the first node, a worker a task.
#
#   sbatch --ntasks=32 --gpus-per-task=1 --cpus-per-task=4 stages/presets/slurm.sh
#
# Submit it in the project's folder, which all nodes see, with its environment in .venv
# (installed with the extra `cluster`), and with these params:
#
#   execution: {backend: dask, address: "tls://127.0.0.1:8786", store: /scratch/study}
#
# The driver speaks to the scheduler on its own node; workers come from the others, which
# is why all of it is encrypted, with a key that this job alone can read.
# Another port than 8786 is the script's only argument.
set -euo pipefail
port=${1:-8786}
. .venv/bin/activate

keys=$(mktemp -d "$PWD/.keys-XXXXXX")
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$keys"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=preimages \
  -keyout "$keys/key.pem" -out "$keys/cert.pem" 2> /dev/null
export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE="$keys/cert.pem"
for role in SCHEDULER WORKER CLIENT; do
  export "DASK_DISTRIBUTED__COMM__TLS__${role}__CERT=$keys/cert.pem"
  export "DASK_DISTRIBUTED__COMM__TLS__${role}__KEY=$keys/key.pem"
done
# A batch that two workers died of is taken apart.
export DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=1
# Sampling what tasks do, and heaps of a thread's own, take a tenth of a descent.
export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False MALLOC_ARENA_MAX=1

dask scheduler --protocol tls --port "$port" --dashboard-address 127.0.0.1:0 &
srun dask worker "tls://$(hostname):$port" --nthreads 1 --memory-limit 0 \
  --local-directory "${TMPDIR:-/tmp}" &
dvc repro
