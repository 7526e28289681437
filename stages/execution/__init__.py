"""How stages run: as well-behaved processes, on a device, in batches of jobs."""
