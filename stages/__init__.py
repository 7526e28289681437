"""A batch study of image representations by inverting them: five stages, in order.

- `fetch`    pictures and weights                  -> data/images, data/weights
- `extract`  picture -> target code, statistics    -> data/targets
- `invert`   target -> pre-images                  -> data/preimages
- `score`    pre-images -> a row of metrics each   -> data/scores.parquet
- `report`   scores and pictures -> one page       -> reports/

`study` shows the plan and looks after the job store; `images` is pixel space. Each
folder is one noun, and imports run one way, from the first to the last of these lists:

- `page`             the report: what it says and how it looks
- `metrics`          what is measured of a pre-image, a row a metric
- `execution`        jobs in batches, from codes to records, and where they run
- `plan`             params -> settings -> cells -> jobs, and the keys that name them
- `params`           what a user may write
- `weights`          files of weights: where they are had, verified, converted, kept
- `sources`          where pictures come from
- `preimage`         priors, objective, parameterisations, solvers, the loop
- `representations`  HOG, DSIFT, CaffeNet, any network; selections, receptive fields
- `store`            paths, schemas, files written whole, codes, finished jobs
- `process`          a stage as a process: its words, signals, exit codes, progress
- `presets`          ready-made studies
"""

import os

from stages.process.loading import end_at_signals

# Waiting threads of OpenMP spin only for a moment, then sleep. Left to spin, two of
# them beside one busy program took 160 to 650 ms a step here; with a short spin 37 to
# 80 ms, and as long as before (15 to 21 ms) on quiet cores. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

end_at_signals()
