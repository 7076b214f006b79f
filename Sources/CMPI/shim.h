// C's macros as functions, nothing else: MPI handles are macros that Swift cannot import. Handles are pointers in
// Open MPI and integers in MPICH, so Swift keeps them in the boxes below and passes `box.handle` on.
#ifndef CRESCENDO_CMPI_SHIM_H
#define CRESCENDO_CMPI_SHIM_H
#include <mpi.h>

typedef struct { MPI_Comm handle; } shim_communicator;
typedef struct { MPI_Request handle; } shim_request;
typedef struct { MPI_Datatype handle; } shim_datatype;

static inline shim_communicator shim_comm_world(void) { shim_communicator c = {MPI_COMM_WORLD}; return c; }
static inline shim_communicator shim_comm_null(void) { shim_communicator c = {MPI_COMM_NULL}; return c; }
static inline shim_request shim_request_null(void) { shim_request r = {MPI_REQUEST_NULL}; return r; }
static inline shim_datatype shim_datatype_null(void) { shim_datatype t = {MPI_DATATYPE_NULL}; return t; }

static inline MPI_Datatype shim_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype shim_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype shim_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype shim_int32(void) { return MPI_INT32_T; }
static inline MPI_Datatype shim_uint32(void) { return MPI_UINT32_T; }
static inline MPI_Datatype shim_uint8(void) { return MPI_UINT8_T; }

static inline MPI_Op shim_sum(void) { return MPI_SUM; }
static inline MPI_Op shim_min(void) { return MPI_MIN; }
static inline MPI_Op shim_max(void) { return MPI_MAX; }

static inline void *shim_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Status *shim_status_ignore(void) { return MPI_STATUS_IGNORE; }
static inline MPI_Info shim_info_null(void) { return MPI_INFO_NULL; }
static inline MPI_Errhandler shim_errors_return(void) { return MPI_ERRORS_RETURN; }

static inline int shim_success(void) { return MPI_SUCCESS; }
static inline int shim_undefined(void) { return MPI_UNDEFINED; }
static inline int shim_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline int shim_max_error_string(void) { return MPI_MAX_ERROR_STRING; }
static inline int shim_max_library_version_string(void) { return MPI_MAX_LIBRARY_VERSION_STRING; }
static inline int shim_thread_single(void) { return MPI_THREAD_SINGLE; }
static inline int shim_thread_funneled(void) { return MPI_THREAD_FUNNELED; }
static inline int shim_thread_serialized(void) { return MPI_THREAD_SERIALIZED; }
static inline int shim_thread_multiple(void) { return MPI_THREAD_MULTIPLE; }
#endif
