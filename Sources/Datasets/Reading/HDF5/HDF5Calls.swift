import Platform

/// The functions of the HDF5 library (1.10 or later) that reading takes, loaded when the first such file is opened.
///
/// Unchecked Sendable: they are called one at a time; see `HDF5Library`.
final class HDF5Calls: @unchecked Sendable {
    typealias ID = Int64
    typealias Status = Int32
    typealias Text = UnsafePointer<CChar>
    typealias Sizes = UnsafePointer<UInt64>
    typealias Visit = @convention(c) (ID, Text?, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Status
    typealias Walk = @convention(c) (UInt32, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Status

    let setErrorPrinting: @convention(c) (ID, UnsafeRawPointer?, UnsafeRawPointer?) -> Status
    let walkErrors: @convention(c) (ID, Int32, Walk, UnsafeMutableRawPointer?) -> Status
    let openFile: @convention(c) (Text, UInt32, ID) -> ID
    let openObject: @convention(c) (ID, Text, ID) -> ID
    let openDataset: @convention(c) (ID, Text, ID) -> ID
    let kind: @convention(c) (ID) -> Int32
    let release: @convention(c) (ID) -> Int32
    let visit: @convention(c) (ID, Int32, Int32, Visit, UnsafeMutableRawPointer?) -> Status

    let makeList: @convention(c) (ID) -> ID
    let setChunkCache: @convention(c) (ID, Int, Int, Double) -> Status
    /// Versions before 1.10.7 have none.
    let setLocking: (@convention(c) (ID, Bool, Bool) -> Status)?

    let space: @convention(c) (ID) -> ID
    let type: @convention(c) (ID) -> ID
    let creation: @convention(c) (ID) -> ID
    let offset: @convention(c) (ID) -> UInt64
    let storageSize: @convention(c) (ID) -> UInt64
    let read: @convention(c) (ID, ID, ID, ID, ID, UnsafeMutableRawPointer?) -> Status
    let reclaim: @convention(c) (ID, ID, ID, UnsafeMutableRawPointer?) -> Status
    let layout: @convention(c) (ID) -> Int32
    let chunk: @convention(c) (ID, Int32, UnsafeMutablePointer<UInt64>) -> Int32
    let filterCount: @convention(c) (ID) -> Int32
    let filter:
        @convention(c) (
            ID, UInt32, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UInt32>?, Int,
            UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<UInt32>?
        ) -> Int32
    let isFilterAvailable: @convention(c) (Int32) -> Int32
    let externalCount: @convention(c) (ID) -> Int32

    let makeSpace: @convention(c) (Int32, Sizes, Sizes?) -> ID
    let rank: @convention(c) (ID) -> Int32
    let extents: @convention(c) (ID, UnsafeMutablePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) -> Int32
    let select: @convention(c) (ID, Int32, Sizes, Sizes?, Sizes, Sizes?) -> Status

    let typeClass: @convention(c) (ID) -> Int32
    let typeSize: @convention(c) (ID) -> Int
    let typeSign: @convention(c) (ID) -> Int32
    let typeOrder: @convention(c) (ID) -> Int32
    let typePrecision: @convention(c) (ID) -> Int
    /// Of floats: where sign, exponent and mantissa are, and how wide.
    let typeFields:
        @convention(c) (
            ID, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int>?,
            UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int>?
        ) -> Status
    let baseType: @convention(c) (ID) -> ID
    let isVariableText: @convention(c) (ID) -> Int32

    let hasAttribute: @convention(c) (ID, Text) -> Int32
    let openAttribute: @convention(c) (ID, Text, ID) -> ID
    let attributeType: @convention(c) (ID) -> ID
    let attributeSpace: @convention(c) (ID) -> ID
    let readAttribute: @convention(c) (ID, ID, UnsafeMutableRawPointer?) -> Status

    /// Numbers of lists of settings and of types, which the library makes when it starts.
    let fileAccess: ID
    let datasetAccess: ID
    let nativeDouble: ID
    let nativeInteger: ID

    /// Throws `Missing` where the library is not one of HDF5 1.10 or later.
    init(_ library: SharedLibrary) throws {
        func call<Function>(_ names: String...) throws -> Function {
            guard let found = names.lazy.compactMap({ library.function($0, as: Function.self) }).first else {
                throw Missing()
            }
            return found
        }
        func number(_ name: String) throws -> ID {
            guard let place = library.variable(name) else { throw Missing() }
            return place.load(as: ID.self)
        }
        let start: @convention(c) () -> Status = try call("H5open")
        let version:
            @convention(c) (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>)
                -> Status = try call("H5get_libversion")
        var numbers: (UInt32, UInt32, UInt32) = (0, 0, 0)
        // Numbers of objects have 64 bits since 1.10.
        guard start() >= 0, version(&numbers.0, &numbers.1, &numbers.2) >= 0, (numbers.0, numbers.1) >= (1, 10) else {
            throw Missing()
        }
        setErrorPrinting = try call("H5Eset_auto2")
        walkErrors = try call("H5Ewalk2")
        openFile = try call("H5Fopen")
        openObject = try call("H5Oopen")
        openDataset = try call("H5Dopen2")
        kind = try call("H5Iget_type")
        release = try call("H5Idec_ref")
        visit = try call("H5Lvisit", "H5Lvisit1")
        makeList = try call("H5Pcreate")
        setChunkCache = try call("H5Pset_chunk_cache")
        setLocking = try? call("H5Pset_file_locking")
        space = try call("H5Dget_space")
        type = try call("H5Dget_type")
        creation = try call("H5Dget_create_plist")
        offset = try call("H5Dget_offset")
        storageSize = try call("H5Dget_storage_size")
        read = try call("H5Dread")
        reclaim = try call("H5Dvlen_reclaim")
        layout = try call("H5Pget_layout")
        chunk = try call("H5Pget_chunk")
        filterCount = try call("H5Pget_nfilters")
        filter = try call("H5Pget_filter2")
        isFilterAvailable = try call("H5Zfilter_avail")
        externalCount = try call("H5Pget_external_count")
        makeSpace = try call("H5Screate_simple")
        rank = try call("H5Sget_simple_extent_ndims")
        extents = try call("H5Sget_simple_extent_dims")
        select = try call("H5Sselect_hyperslab")
        typeClass = try call("H5Tget_class")
        typeSize = try call("H5Tget_size")
        typeSign = try call("H5Tget_sign")
        typeOrder = try call("H5Tget_order")
        typePrecision = try call("H5Tget_precision")
        typeFields = try call("H5Tget_fields")
        baseType = try call("H5Tget_super")
        isVariableText = try call("H5Tis_variable_str")
        hasAttribute = try call("H5Aexists")
        openAttribute = try call("H5Aopen")
        attributeType = try call("H5Aget_type")
        attributeSpace = try call("H5Aget_space")
        readAttribute = try call("H5Aread")
        fileAccess = try number("H5P_CLS_FILE_ACCESS_ID_g")
        datasetAccess = try number("H5P_CLS_DATASET_ACCESS_ID_g")
        nativeDouble = try number("H5T_NATIVE_DOUBLE_g")
        nativeInteger = try number("H5T_NATIVE_LLONG_g")
    }

    struct Missing: Error {}
}
