"""Two studies side by side.

- `other_scores`: the scores of the other one: a file, or a Git revision's;
- `differences`: which cells got better, which worse, and beyond what noise;
- `comparison`: the same in words, for the page.
"""
