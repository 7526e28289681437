"""Two studies side by side.

- `other_study`: the other one: a file of scores, or a Git revision;
- `differences`: which cells got better, which worse, and beyond what noise;
- `changed_params`, `changes`: the params that differ, the pictures that changed most;
- `comparison`: the same in words, for the page.
"""
