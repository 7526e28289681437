"""Batches on a Dask cluster: it schedules, watches, retries and reports.

The driver (`driver`) cuts the work up; a worker (`worker`) runs a batch as any process
does. Codes are computed there, too (`extraction`), and scores (`scoring_task` of the
metrics); `client` hands tasks out, `here` is what they find. Tasks carry what describes
a batch (`parcel`); weights, codes and records lie in a place that all of them see
(`inputs`, `codes`, `stages.store.shared_records`).
"""
