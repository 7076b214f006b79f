import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where training data is kept in the form in which it is trained on, to be loaded in no time when it is asked for again.
///
/// One file per set of data files and choice of reading options, standardisation, storage and validation rows; it serves
/// any number of ranks and, unless rows are kept for validation, any seed. It is used while the data files have the size
/// and the modification time they had. Nothing that goes wrong with a cache ends a run.
public struct DataCache: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        /// In the folder of the first data file.
        case besideData
        case folder(String)
    }

    public var place: Place
    /// What the table will be assembled with.
    public var options: AssemblyOptions

    public init(_ place: Place, options: AssemblyOptions = AssemblyOptions()) {
        self.place = place
        self.options = options
    }
}
