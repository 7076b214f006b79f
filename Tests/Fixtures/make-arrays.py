"""Writes Tests/Fixtures/arrays: the same few rows as text and as other programs write them. The files are kept in the
repository, so that tests need none of these programs: pip install numpy scipy h5py anndata pandas."""

import os

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrays"))
random = np.random.default_rng(7)
rows, columns = 90, 7
x = random.normal(size=(rows, columns)).astype("<f4")
x[random.random((rows, columns)) < 0.2] = 0
score = x @ random.normal(size=columns) + random.normal(size=rows)
y = (score > 0).astype("<i8")
names = np.array(["Fichte", "Kiefer", "Bäume"])[np.digitize(score, [-1, 1])]


def write_csv(file, labels):
    with open(file, "w") as text:
        text.write("y," + ",".join(f"c{i}" for i in range(columns)) + "\n")
        for label, row in zip(labels, x):
            text.write(f"{label}," + ",".join(repr(float(value)) for value in row) + "\n")


write_csv("dense.csv", y)
write_csv("names.csv", names)
np.savez("names.npz", x=x, y=names)
np.savez_compressed("names-big.npz", x=x.astype(">f4"), y=names.astype(">U9"))
np.savez("names-bytes.npz", x=x, y=np.array([name.encode() for name in names]))

with h5py.File("dense.h5", "w") as file:
    file["x"] = x
    file["y"] = y
with h5py.File("chunked.h5", "w") as file:
    file.create_dataset("rows", data=x, chunks=(16, 3), compression="gzip", shuffle=True)
    file.create_dataset("big", data=x.astype(">f8"), chunks=(rows, 1), compression="gzip")
    file["variable"] = names.astype(object)
    file["fixed"] = np.array([name.encode() for name in names])
    file["truth"] = y.astype(bool)
    file.create_dataset("lzf", data=x, compression="lzf")
    file["complex"] = x.astype("<c8")
with h5py.File("images.h5", "w") as file:
    images = random.integers(0, 256, (20, 8, 9, 3)).astype("u1")
    file.create_dataset("images", data=images, chunks=True, compression="gzip")
    file["labels"] = np.arange(20) % 3
    np.savez("images.npz", images=images, labels=np.arange(20) % 3)
types = x[:6].astype("<f8")
with h5py.File("types.h5", "w") as file:
    bfloat = h5py.h5t.IEEE_F32LE.copy()
    bfloat.set_fields(15, 7, 8, 0, 7)
    bfloat.set_size(2)
    bfloat.set_ebias(127)
    space = h5py.h5s.create_simple((2, 3))
    data = np.arange(6, dtype="<f4").reshape(2, 3)
    h5py.h5d.create(file.id, b"bfloat", bfloat, space).write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    for kind in ["<f2", "<f4", ">f8", "<i1", ">i2", "<i4", ">i8", "<u1", ">u2", "<u4", "<u8", "<f16"]:
        for chunks in [None, (1, 2)]:
            file.create_dataset(f"{kind[1:]}{'-chunks' if chunks else ''}", data=data.astype(kind), chunks=chunks)

matrix = scipy.sparse.csr_matrix(np.where(random.random(x.shape) < 0.6, x, 0))
matrix[0, columns - 1] = 2.5
matrix.sort_indices()
with open("sparse.svm", "w") as text:
    for label, row in zip(y, matrix):
        entries = "".join(f" {column + 1}:{float(value)!r}" for column, value in zip(row.indices, row.data))
        text.write(f"{label}{entries}\n")
np.save("y.npy", y)
scipy.sparse.save_npz("csr.npz", matrix)
scipy.sparse.save_npz("csr-stored.npz", matrix, compressed=False)
scipy.sparse.save_npz("csc.npz", matrix.tocsc())
scipy.sparse.save_npz("coo.npz", scipy.sparse.coo_array(matrix), compressed=False)
scipy.sparse.save_npz("bsr.npz", matrix.tobsr((2, 1)))
observations = pd.DataFrame({"target": y, "tree": pd.Categorical(names)}, index=[f"c{i}" for i in range(rows)])
anndata.AnnData(X=matrix, obs=observations).write_h5ad("cells.h5ad", compression="gzip")
# By h5py 3.16 (HDF5 2.0): chunks with a filter, which older libraries do not open.
with h5py.File("latest.h5", "w", libver="latest") as file:
    file.create_dataset("x", data=np.arange(300.0).reshape(60, 5) % 7, chunks=(20, 5), compression="gzip")
    file["y"] = np.arange(0.0, 300, 5) % 7
