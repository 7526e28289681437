"""The pictures of the page: thumbnails, and what one pass over the store tells of them.

- `picture`: a picture decoded, encoded and cropped, by Pillow alone;
- `thumbnails`: which are inside the page, which in a folder beside it;
- `survey`: one pass over the stored pictures;
- `opening`: one photograph and what survives of it.
"""
