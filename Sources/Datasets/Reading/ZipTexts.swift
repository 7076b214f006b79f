/// Tables in a zip archive, as they are downloaded.
enum ZipTexts {
    /// Nil: this is no archive. Throws `ParseError`: one without texts.
    static func members(_ path: String) throws -> [ArraySource]? {
        guard try NPZMembers.isArchive(path) else { return nil }
        let members = try ZipArchive(path: path).members
        let names = members.compactMap(\.member)
        guard !names.contains("xl/workbook.xml"), !names.contains("content.xml") else {
            throw ParseError(file: path, message: "is a spreadsheet; save the sheet as CSV")
        }
        let texts = members.filter { member in
            let parts = (member.member ?? "").split(separator: "/", omittingEmptySubsequences: false)
            return !parts.contains { $0.isEmpty || $0.hasPrefix(".") || $0.hasPrefix("_") }
        }
        guard !texts.isEmpty else { throw ParseError(file: path, message: "is a zip archive without tables in it") }
        return texts
    }
}
