"""A batch study of image representations by inverting them: five stages, in order.

- `fetch`    pictures                              -> data/images
- `extract`  picture -> target code, statistics    -> data/targets
- `invert`   target -> pre-images                  -> data/preimages
- `score`    pre-images -> a row of metrics each   -> data/scores.parquet
- `report`   scores and pictures -> one page       -> reports/

`study` shows the plan and looks after the job store. Underneath: `params` (what a user
may write), `settings` (load and check it), `grid` (cells), `plan` (jobs and their
keys), `jobs` (the store of finished ones), `batch` (jobs that run together), `attempts`
(batches run and kept, in one process or in several), `codes` and `store` (files),
`schemas` (tables), `yardsticks` (what scores are held to), `images` (pixels),
`source_text` (what a key covers), `conclusions`, `contents`, `gleaning`,
`illustrations` and `against` (what the report is made of), and a folder for each noun:
`sources`, `representations`, `preimage`, `execution`, `metrics`, `page`.
"""

import os

from stages.execution.loading import end_at_signals

# Waiting threads of OpenMP spin only for a moment, then sleep. Left to spin, two of
# them beside one busy program took 160 to 650 ms a step here; with a short spin 37 to
# 80 ms, and as long as before (15 to 21 ms) on quiet cores. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

end_at_signals()
