#!/usr/bin/env python3
"""Writes the tables beside this file: one table as CSV, by pandas, and in all forms of Arrow and Parquet, by pyarrow.

python3 make.py [FOLDER [ROWS [SEED]]]; needs pandas and pyarrow.
"""
import decimal
import pathlib
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 60
random = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 7)


def some(values, share=0.1):
    """Without a share of the values."""
    values = pd.Series(values)
    values[random.random(rows) < share] = None
    return values


def pick(texts):
    return np.array(texts, dtype=object)[random.integers(0, len(texts), rows)]


normal = random.normal(size=rows)
table = pd.DataFrame(
    {
        "f8": normal,
        "f4": (random.normal(size=rows) * 10.0 ** random.integers(-6, 12, rows)).astype("float32"),
        "f4 gaps": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)).astype("float32"),
        "f2": random.normal(size=rows).astype("float16"),
        "i1": random.integers(-100, 100, rows).astype("int8"),
        "u2": random.integers(0, 60000, rows).astype("uint16"),
        "i4": random.integers(-(2**31), 2**31, rows).astype("int32"),
        "i8": random.integers(-(2**62), 2**62, rows),
        "u8": random.integers(0, 2**63, rows).astype("uint64") * 2,
        "yes": random.random(rows) < 0.5,
        "city": pick(["Paris", "Köln", "New York, NY", " x ", 'a "b"', "NA", "12"]),
        "text gaps": some(pick(["a", "b", "c"])),
        "kind": pd.Categorical(pick(["x1", "x2", "x3", "x4"])),
        "code": pd.Categorical(random.integers(10, 14, rows)),
        "day": pd.Series(np.datetime64("2019-12-25") + random.integers(0, 90, rows)).dt.date,
        "time": pd.Series(np.datetime64("2019-12-25T00:00:00") + random.integers(0, 9 * 10**6, rows).astype("timedelta64[s]")),
        "old time": some(
            pd.Series(np.datetime64("1960-12-25T00:00:00.000") + random.integers(0, 9 * 10**9, rows).astype("timedelta64[ms]"))
        ),
        "utc": pd.Series(np.datetime64("2020-01-01") + random.integers(0, 9 * 10**5, rows).astype("timedelta64[s]")).dt.tz_localize("UTC"),
        "price": [decimal.Decimal(int(value)).scaleb(-2) for value in random.integers(-(10**6), 10**6, rows)],
        "name": [f"row {row}" for row in range(rows)],
        "weight": random.integers(1, 4, rows),
        "label": np.where(normal + random.normal(size=rows) > 0, "yes", "no"),
    }
)
table.to_csv(folder / "table.csv", index=False)
typed = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
typed = typed.set_column(typed.schema.get_field_index("price"), "price", typed["price"].cast(pa.decimal128(20, 2)))
feather.write_feather(typed, folder / "lz4.feather", compression="lz4", chunksize=rows // 2 + 1)
feather.write_feather(typed, folder / "zstd.feather", compression="zstd", chunksize=rows // 3 + 1)
with pa.ipc.new_file(folder / "file.arrow", typed.schema) as file:
    file.write_table(typed)
large = typed.set_column(typed.schema.get_field_index("city"), "city", typed["city"].cast(pa.large_string()))
with pa.ipc.new_stream(folder / "stream.arrow", large.schema) as file:
    file.write_table(large, max_chunksize=rows // 4 + 1)
pq.write_table(typed, folder / "table.parquet", row_group_size=rows // 3 + 1)
nested = pa.table({"x": [1.0, 2.0, 3.0], "tags": [[1], [], [2, 3]], "raw": [b"a", b"b", b"c"], "y": [0, 1, 0]})
with pa.ipc.new_file(folder / "nested.arrow", nested.schema) as file:
    file.write_table(nested)
# A dictionary that grows, and one that is replaced.
parts = [pa.array(values).dictionary_encode() for values in (["a", "b"], ["a", "b", "c"], ["c", "a"])]
for name, deltas in (("deltas.arrow", True), ("replaced.arrow", False)):
    used = parts[:2] if deltas else parts
    schema = pa.schema([("kind", parts[0].type), ("y", pa.int64())])
    with pa.ipc.new_stream(folder / name, schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)) as file:
        for part in used:
            file.write_batch(pa.record_batch([part, pa.array(range(len(part)))], schema=schema))
