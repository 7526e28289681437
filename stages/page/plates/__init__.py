"""Plates: sheets of pictures as papers print them, on the page and as files.

- `tiles`: a sheet drawn, as PNG and as SVG;
- `sheets`: what is laid out by layers, seeds, halves of channels, regions;
- `files`: all of a study's sheets and charts, written.
"""
