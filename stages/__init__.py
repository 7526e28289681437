"""A batch study of image representations by inverting them: five stages, in order.

- `fetch`    pictures                              -> data/images
- `extract`  picture -> target code, statistics    -> data/targets
- `invert`   target -> pre-images                  -> data/preimages
- `score`    pre-images -> a row of metrics each   -> data/scores.parquet
- `report`   scores and pictures -> one page       -> reports/

`study` shows the plan and looks after the job store. Underneath: `params` (what a user
may write), `settings` (load and check it), `grid` (cells), `plan` (jobs and their
keys), `jobs` (the store of finished ones), `batch` (jobs that run together), `codes`
and `store` (files), `schemas` (tables), `yardsticks` (what scores are held to),
`images` (pixels), `source_text` (what a key covers), and a folder for each noun:
`sources`, `representations`, `preimage`, `execution`, `metrics`, `page`.
"""

import os

# Waiting threads sleep instead of spinning. Beside any other load two spinning threads
# wait for each other: 3 to 9 times slower here. Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
