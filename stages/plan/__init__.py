"""The plan: from params to jobs, each step once.

- `study`            a params file checked whole, its grid spelled out
- `sections`         what score and report read, without the grid
- `representations`  definitions, shapes and costs of what the params name
- `grid`             entries -> settings, checked against layers, channels and windows
- `selections`       channels and regions, by their names
- `resolution`       what depends on the layer: weights by depth, rates, schedules
- `cells`            settings with all their numbers
- `keys`             names of results; `source_text`, `own_code`: the text in them
- `jobs`             cells x pictures x seeds, and their batches
- `planned`          what a job is; many of them in columns
- `costs`            multiply-adds and memory of a code
"""
