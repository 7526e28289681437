"""The params of a study: every key that params.yaml may hold, its type and range.

- `reading`: the file, checked whole; `mistakes`: what is told of a wrong one;
- `study`: all sections; `fetching`, `representations`, `methods`, `grid`: each of them;
- `pictures`: the sources of pictures, a row each; `representation`, `descriptors`,
  `networks`, `timm`: the kinds of representations;
- `selections`, `numbers`, `zoo`: what they are made of; `checks`: the words of errors.

Settings are frozen; a key that is not named, a wrong type, a NaN or an infinity is a
mistake, never ignored. No key may be called `size` or `nfiles` (tested): DVC's run
cache leaves such keys out when it compares params, and would hand back the outputs of
another size.
"""
