"""The report as one HTML file that needs no network: figures, tables, provenance.

- `summary`: scores -> means and deviations, for the page, `metrics.json` and the plots;
- `wording`: how numbers and names are written;
- `gallery`: which pre-images are shown, as thumbnails with captions;
- `tables`: the table of errors, the table of codes, what went wrong;
- `provenance`: what the study was made from and with;
- `page`: all of these in `template.html` and `page.css`.
"""
