import Foundation
import Testing

@testable import Platform

@Suite struct JSONReaderTests {
    @Test func whatIsWrittenReadsBack() throws {
        let document = JSON.object([
            ("quote \" back \\ line \n tab \t bell \u{7} é 😀", .string("\u{1}\r\"/")),
            (
                "numbers",
                .array([.number(1e-300), .number(0.1), .integer(.max), .integer(-7), .number(5e20), .number(-0.0)])
            ),
            ("nothing", .null), ("yes", .bool(true)), ("no", .bool(false)), ("empty", .object([])),
            ("list", .array([])), ("deep", .array([.array([.object([("a", .integer(0))])])])),
        ])
        #expect(try JSON(text: document.text) == document)
        #expect(try JSON(text: document.indentedText) == document)
    }

    /// Beside Foundation's reader.
    @Test(arguments: [
        "0", "-0", "12.5e-3", "1E+2", "123456789012345678901234567890", "-9223372036854775807", "0.1e-400",
        "3.141592653589793238462643383279502884197",
    ])
    func numbers(text: String) throws {
        let expected = try #require(
            JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? NSNumber)
        #expect(try JSON(text: text).double == expected.doubleValue)
    }

    @Test func escapes() throws {
        #expect(try JSON(text: #""\u00e9\ud83d\ude00\b\f\/\ud83dx""#).string == "é😀\u{8}\u{C}/\u{FFFD}x")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "01", "1.", ".5", "+1", "1e", "nul", "NaN", "\"a", "\"\\x\"",
        "\"\\u12g4\"", "\"\\u12", "\"\\", "\"\n\"", "1 2", "[1}", "{1:2}", "tru", "-",
        String(repeating: "[", count: 100_000),
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(text: text) }
    }

    /// Every beginning of a document is refused, none crashes.
    @Test func cutDocumentsAreRefused() throws {
        let whole = Array(#"{"a":[1.5e3,"b\u00e9\"",true,null],"c":{"d":-0.25}}"#.utf8)
        for length in 0..<whole.count {
            #expect(throws: JSONSyntaxError.self) {
                try whole[..<length].withUnsafeBufferPointer { try JSON(bytes: $0) }
            }
        }
    }
}
