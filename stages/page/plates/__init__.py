"""Plates: sheets of pre-images as papers print them, on the page and as files.

- `plate`: what a plate is; `plates`: the grid -> plates, one an entry;
- `layout`: rows and columns, by what an entry varies;
- `tiles`: a sheet drawn, as PNG and as SVG; `pdf`: as PDF;
- `files`: all plates and charts, written.
"""
