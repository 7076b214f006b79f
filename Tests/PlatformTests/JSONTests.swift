import Foundation
import Testing

@testable import Platform

@Suite struct JSONTests {
    @Test func numbersThatJSONDoesNotKnowAreNull() {
        #expect(JSON.array([.number(.infinity), .number(.nan), .number(-.infinity)]).text == "[null,null,null]")
    }

    @Test func everythingReadsBack() throws {
        let document = JSON.object([
            ("quote \" back \\ line \n tab \t bell \u{7} é 😀", .string("\u{1}\r\"")),
            ("numbers", .array([.number(1e-300), .number(0.1), .integer(.max), .number(5e20), .number(-0.0)])),
            ("nothing", .null), ("yes", .bool(true)), ("empty", .object([])), ("list", .array([])),
        ])
        for text in [document.text, document.indentedText] {
            let read = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(read.count == 6)
            #expect(read["quote \" back \\ line \n tab \t bell \u{7} é 😀"] as? String == "\u{1}\r\"")
            let numbers = try #require(read["numbers"] as? [NSNumber])
            #expect(numbers.map(\.doubleValue) == [1e-300, 0.1, Double(Int.max), 5e20, -0.0])
        }
        #expect(!document.text.contains("\n"))
    }

    @Test func membersKeepTheirOrder() {
        let text = JSON.object([("z", .integer(1)), ("a", .integer(2))]).text
        #expect(text == #"{"z":1,"a":2}"#)
    }
}
