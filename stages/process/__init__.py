"""A stage as a process: its words, its signals, its exit codes, its progress.

Below everything else: nothing of the study is imported here, and no key covers it.
"""
