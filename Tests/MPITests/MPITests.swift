import Testing

@testable import MPI
