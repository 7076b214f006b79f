#!/usr/bin/env bash
# A row of a matrix product has other bits alone than among other rows: X[i:i+1] @ W is not (X @ W)[i:i+1], with NumPy 2.3.5
# and the OpenBLAS 0.3.30 of its wheel, in float32. It is not only the one row, which takes another routine (gemv): of
# blocks of 16 rows nearly all differ from the same rows in a product of 256, of blocks of 2 about half, as the kernel's tiles
# fall otherwise. Each result is right to rounding. But who shares a batch over processes gives each its own number of rows,
# and the same sample then has another loss at another number of processes, before anything is added up; so it is for
# predictions that are asked for one by one and together.
#
# Seen on Debian 12, x86-64, with OPENBLAS_CORETYPE=Haswell and one thread; 256 × 784 times 784 × 256:
#     blocks of 1 rows: 256 of 256 differ
#     blocks of 2 rows: 65 of 128 differ
#     blocks of 16 rows: 15 of 16 differ
#     blocks of 256 rows: 0 of 1 differ
#
# Ends with 0 while this is so, else with 1. Needs a processor with AVX2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/python"
"$folder/python/bin/pip" --quiet --disable-pip-version-check install numpy==2.3.5

cat >"$folder/rows.py" <<'END'
import numpy

random = numpy.random.default_rng(0)
x = random.standard_normal((256, 784)).astype("float32")
w = random.standard_normal((784, 256)).astype("float32")
together = x @ w
for rows in (1, 2, 16, 256):
    blocks = [(together[i : i + rows], x[i : i + rows] @ w) for i in range(0, 256, rows)]
    differ = sum(not numpy.array_equal(a, b) for a, b in blocks)
    print(f"blocks of {rows} rows: {differ} of {len(blocks)} differ")
    assert all(numpy.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in blocks)
END
found=$(OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1 "$folder/python/bin/python" "$folder/rows.py")
echo "$found"
expected="blocks of 1 rows: 256 of 256 differ
blocks of 2 rows: 65 of 128 differ
blocks of 16 rows: 15 of 16 differ
blocks of 256 rows: 0 of 1 differ"
[ "$found" = "$expected" ] || {
    echo "Not as it was seen: $expected"
    exit 1
}
