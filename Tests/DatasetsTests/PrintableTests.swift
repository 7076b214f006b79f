import Platform
import Testing

@testable import Datasets

@Suite struct PrintableTests {
    @Test(
        arguments: [
            ("plain, 日本語, é, 🙂\u{200D}", nil), ("a\nb", "a\\nb"), ("\tx\r", "\\tx\\r"), ("\u{1B}[2J", "\\x1b[2J"),
            ("\u{7F}\u{9B}31m", "\\x7f\\u009b31m"), ("a\u{202E}b\u{2028}", "a\\u202eb\\u2028"),
            ("\u{FEFF}id", "\\ufeffid"),
            ("", nil), ("-rf", nil),
        ] as [(String, String?)])
    func whatSteersATerminalIsWrittenOut(text: String, shown: String?) {
        #expect(text.printable == shown ?? text)
        #expect(text.printable.printable == text.printable)
    }

    @Test func linesMayStay() {
        #expect("a\n\u{1B}b\n".printable(keepingLines: true) == "a\n\\x1bb\n")
    }

    @Test func errorsShowNamesAsTheyMayBeSeen() {
        #expect(
            ParseError(file: "a\nb.svm", message: "'\u{1B}c' is no number").description
                == "a\\nb.svm: '\\x1bc' is no number")
        #expect(DatasetError("label 'x\r\n' is new").description == "label 'x\\r\\n' is new")
    }
}
