"""What the study keeps on disk: paths, schemas, tables, codes, finished jobs."""
