"""From pictures to records: all that a pre-image is made by.

What this module imports, directly or not, is in the key of every job
(`stages.plan.keys`); nothing else is. So here is no plan and no progress, no memory
planning and no file of the study's.
"""

from stages.execution.batch import Batch
from stages.execution.coding import codes_of_layers, single_code
from stages.store.codes import StoredCodes

__all__ = ["Batch", "StoredCodes", "codes_of_layers", "single_code"]
