"""The report as one HTML file that needs no network: pictures, tables, provenance.

- `summary`: scores -> means and deviations, for the page, `metrics.json` and the plots;
- `wording`: how numbers and names are written;
- `gallery`: the opening: one photograph and what survives of it;
- `pictures`: thumbnails: which are inside the page, which in a folder beside it;
- `data`: the study as JSON, for the scripts;
- `tables`: the table of errors and the table of codes;
- `alerts`: what went wrong, or is worth a second look;
- `provenance`: what the study was made from and with;
- `assets`: styles and the modules of `scripts/`, joined, and their policy;
- `page`: all of these in `template.html`.
"""
