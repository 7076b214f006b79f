import CMPI

// Chapter "Datatypes", as far as buffers of more than 2^31 elements need it.

extension MPICommunicator {
    /// Calls `body` with consecutive pieces of `buffer`, none longer than `largestPiece`; once when it is empty.
    @inline(__always)
    func inPieces<T>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ body: (UnsafeMutablePointer<T>?, Int32) throws -> Void
    ) throws {
        if buffer.count <= largestPiece { return try body(buffer.baseAddress, Int32(buffer.count)) }
        for start in stride(from: 0, to: buffer.count, by: largestPiece) {
            try body(buffer.baseAddress.map { $0 + start }, Int32(min(largestPiece, buffer.count - start)))
        }
    }

    /// Cuts the equal parts of a gather into pieces. A piece at `offset` of rank r's part must land at r·count + offset,
    /// so its receive type is one whole piece with the extent of a part; `body` gets the offset, the piece's length, the
    /// receive type and the receive count.
    func inParts(
        count: Int, _ type: ElementType, _ body: (Int, Int32, MPI_Datatype, Int32) throws -> Void
    ) throws {
        // Some gather algorithms multiply the count by the number of ranks in 32 bits.
        let largest = max(1, largestPiece / size)
        if count <= largest { return try body(0, Int32(count), type.datatype, Int32(count)) }
        for start in stride(from: 0, to: count, by: largest) {
            let length = min(largest, count - start)
            let landing = try DerivedType.piece(of: length, type, extent: count)
            defer { landing.free() }
            try body(start, Int32(length), landing.datatype, 1)
        }
    }

    /// int MPI_Alltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[],
    ///                   const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[], const int rdispls[],
    ///                   const MPI_Datatype recvtypes[], MPI_Comm comm)
    ///
    /// Displacements are 32-bit here too, so each rank's place and length stand in a datatype of its own.
    func longAlltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, _ sendCounts: [Int],
        _ receive: UnsafeMutableBufferPointer<T>, _ receiveCounts: [Int]
    ) throws {
        let sendTypes = try DerivedType.blocks(sendCounts, T.elementType, largestPiece: largestPiece)
        defer { DerivedType.free(sendTypes) }
        let receiveTypes = try DerivedType.blocks(receiveCounts, T.elementType, largestPiece: largestPiece)
        defer { DerivedType.free(receiveTypes) }
        let zeros = [Int32](repeating: 0, count: size)
        try clock.time(.alltoallv) {
            try check(
                MPI_Alltoallw(
                    send.baseAddress, sendTypes.map(\.count), zeros, sendTypes.map(\.box.handle),
                    receive.baseAddress, receiveTypes.map(\.count), zeros, receiveTypes.map(\.box.handle),
                    handle.box.handle),
                "MPI_Alltoallw")
        }
    }
}

/// A committed datatype to be freed after the call that uses it.
struct DerivedType {
    private(set) var box: shim_datatype
    /// How many of it to send: 0 for an empty block, which then stands for nothing.
    private(set) var count: Int32 = 1

    var datatype: MPI_Datatype { box.handle }

    /// `length` elements, the next one of the type beginning `extent` elements after this one.
    static func piece(of length: Int, _ type: ElementType, extent: Int) throws -> DerivedType {
        let contiguous = try contiguous(length, of: type.datatype)
        defer { contiguous.free() }
        return try make("MPI_Type_create_resized") {
            MPI_Type_create_resized(contiguous.datatype, 0, extent * type.stride, &$0.handle)
        }
    }

    /// One type per count: that many elements, placed one block after another from the start of the buffer.
    static func blocks(_ counts: [Int], _ type: ElementType, largestPiece: Int) throws -> [DerivedType] {
        var made: [DerivedType] = []
        do {
            for (count, start) in zip(counts, displacements(counts)) {
                made.append(try block(count, at: start, type, largestPiece))
            }
        } catch {
            free(made)
            throw error
        }
        return made
    }

    /// int MPI_Type_create_struct(int count, const int array_of_blocklengths[],
    ///                            const MPI_Aint array_of_displacements[], const MPI_Datatype array_of_types[],
    ///                            MPI_Datatype *newtype)
    private static func block(_ count: Int, at start: Int, _ type: ElementType, _ largest: Int) throws -> DerivedType {
        let whole = try contiguous(min(count, largest), of: type.datatype)
        defer { whole.free() }
        let rest = count % largest
        let pieces = Int32(count / largest)
        let lengths: [Int32] = [pieces, Int32(rest)]
        let places: [MPI_Aint] = [start * type.stride, (start + count - rest) * type.stride]
        var result = try make("MPI_Type_create_struct") {
            MPI_Type_create_struct(2, lengths, places, [whole.datatype, type.datatype], &$0.handle)
        }
        result.count = count == 0 ? 0 : 1
        return result
    }

    /// int MPI_Type_contiguous(int count, MPI_Datatype oldtype, MPI_Datatype *newtype)
    private static func contiguous(_ count: Int, of type: MPI_Datatype) throws -> DerivedType {
        try make("MPI_Type_contiguous") { MPI_Type_contiguous(Int32(count), type, &$0.handle) }
    }

    /// int MPI_Type_commit(MPI_Datatype *datatype)
    private static func make(
        _ function: StaticString, _ create: (inout shim_datatype) -> Int32
    ) throws -> DerivedType {
        var result = DerivedType(box: shim_datatype_null())
        try check(create(&result.box), function)
        try check(MPI_Type_commit(&result.box.handle), "MPI_Type_commit")
        return result
    }

    /// int MPI_Type_free(MPI_Datatype *datatype)
    func free() {
        var box = box
        MPI_Type_free(&box.handle)
    }

    static func free(_ types: [DerivedType]) {
        for type in types { type.free() }
    }
}
