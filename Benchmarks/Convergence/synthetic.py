"""Writes a table of known difficulty as LIBSVM text: python3 synthetic.py imbalanced|heavy FILE [ROWS]

imbalanced: seven classes, 80 % to 0.01 % of the rows; nine features about a mean of each class, one with heavy tails.
heavy: two classes; ten features of Student's t with 2.5 degrees of freedom and ten rare flags, down to 0.02 % of the rows.
"""

import sys

import numpy as np

kind, path = sys.argv[1], sys.argv[2]
rows = int(sys.argv[3]) if len(sys.argv) > 3 else 580_000
random = np.random.default_rng(7)
if kind == "imbalanced":
    shares = np.array([0.8, 0.15, 0.04, 0.008, 0.0015, 0.0004, 0.0001])
    labels = random.choice(7, rows, p=shares) + 1
    means = 1.5 * random.standard_normal((7, 9))
    values = means[labels - 1] + random.standard_normal((rows, 9)) * (0.5 + random.random(9))
    values[:, 4] = np.sign(values[:, 4]) * np.abs(values[:, 4]) ** 2
elif kind == "heavy":
    flags = random.random((rows, 10)) < np.geomspace(2e-4, 0.3, 10)
    values = np.hstack([random.standard_t(2.5, (rows, 10)), flags])
    margins = values @ (random.standard_normal(20) * np.r_[np.full(10, 0.4), np.full(10, 1.5)]) - 0.5
    labels = np.where(random.random(rows) < 1 / (1 + np.exp(-margins)), 1, -1)
else:
    sys.exit(__doc__)
with open(path, "w") as file:
    for label, row in zip(labels, values):
        file.write(f"{label} " + " ".join(f"{j + 1}:{v:.5g}" for j, v in enumerate(row) if v != 0) + "\n")
