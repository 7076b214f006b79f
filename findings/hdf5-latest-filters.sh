#!/usr/bin/env bash
# HDF5 files written with libver="latest": h5py 3.16.0 (HDF5 2.0.0) writes a chunked dataset that h5py 3.11.0 (HDF5 1.14.2) reads as
# ever, until it has a filter. With gzip the older library still opens the file and reads what is beside it, but says of that dataset
# that it is not there (KeyError). A program that lists what it can open shows a file without it. Without libver="latest" all is read.
#
# Seen on Debian 12, x86-64, with the packages below:
#     3.16.0 HDF5 2.0.0
#         latest-gzip: labels 898500, rows 4498500
#         latest-plain: labels 898500, rows 4498500
#         earliest-gzip: labels 898500, rows 4498500
#     3.11.0 HDF5 1.14.2
#         latest-gzip: labels 898500, rows KeyError
#         latest-plain: labels 898500, rows 4498500
#         earliest-gzip: labels 898500, rows 4498500
#
# Ends with 0 while this is so, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/new"
"$folder/new/bin/pip" --quiet --disable-pip-version-check install h5py==3.16.0 numpy==2.4.6
python3 -m venv "$folder/old"
"$folder/old/bin/pip" --quiet --disable-pip-version-check install h5py==3.11.0 "numpy<2"

cat >"$folder/write.py" <<'END'
import h5py, numpy, sys
rows = numpy.arange(3000.0).reshape(600, 5)
for name, version, filters in [
    ("latest-gzip", "latest", {"compression": "gzip"}), ("latest-plain", "latest", {}), ("earliest-gzip", "earliest", {"compression": "gzip"}),
]:
    with h5py.File(f"{sys.argv[1]}/{name}.h5", "w", libver=version) as file:
        file.create_dataset("rows", data=rows, chunks=(50, 5), **filters)
        file["labels"] = rows[:, 0]
END
cat >"$folder/read.py" <<'END'
import h5py, sys
for name in ("latest-gzip", "latest-plain", "earliest-gzip"):
    found = []
    with h5py.File(f"{sys.argv[1]}/{name}.h5") as file:
        for key in ("labels", "rows"):
            try:
                found.append(f"{key} {file[key][...].sum():.0f}")
            except Exception as error:
                found.append(f"{key} {type(error).__name__}")
    print(f"{name}: " + ", ".join(found))
END
"$folder/new/bin/python" "$folder/write.py" "$folder"

status=0
whole=$'labels 898500, rows 4498500\n'
# expect INTERPRETER VERSION WHAT-IT-READS-OF-latest-gzip
expect() {
    local found
    found=$("$folder/$1/bin/python" -c "import h5py; print(h5py.version.version, 'HDF5', h5py.version.hdf5_version)"
        "$folder/$1/bin/python" "$folder/read.py" "$folder")
    printf '%s\n' "$found"
    [ "$found" = "$2"$'\n'"latest-gzip: $3"$'\n'"latest-plain: ${whole}earliest-gzip: ${whole%$'\n'}" ] ||
        { echo "    no longer as described" && status=1; }
}
expect new "3.16.0 HDF5 2.0.0" "labels 898500, rows 4498500"
expect old "3.11.0 HDF5 1.14.2" "labels 898500, rows KeyError"
exit $status
