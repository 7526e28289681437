"""How good pre-images are: numbers from tensors, and nothing read or written.

- `code`: distances between codes, and the three errors made of them;
- `pixel`: errors between images, as they are and after the best gain and offset;
- `diversity`: how far apart the pre-images of several seeds are;
- `baselines`: images that know next to nothing of the code, the floor of every error;
- `measures`: all of these for a batch, named as the columns of the scores.
"""
