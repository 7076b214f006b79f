/// Fields of CSV.
package enum CSVText {
    /// Quoted where a reader of CSV would otherwise split or change it.
    package static func field(_ text: String) -> String {
        let special = text.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13
        }
        guard special || text.utf8.first == 32 || text.utf8.last == 32 else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
