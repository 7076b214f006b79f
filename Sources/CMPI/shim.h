// C's macros as functions, nothing else: MPI handles are macros that Swift cannot import.
#ifndef CRESCENDO_CMPI_SHIM_H
#define CRESCENDO_CMPI_SHIM_H
#include <mpi.h>
#endif
