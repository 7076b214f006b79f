import ArgumentParser
import Datasets
import Platform

/// `--cache`: a folder, or the word for that of the data.
struct CacheFolder: ExpressibleByArgument {
    static let word = "beside"
    var place: DataCache.Place

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        place = argument == CacheFolder.word ? .besideData : .folder(argument)
    }

    /// For a file that may be read from another folder.
    var resolved: String {
        switch place {
        case .besideData: CacheFolder.word
        case .folder(let folder): absolutePath(folder)
        }
    }
}
