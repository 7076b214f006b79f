/// A library of the system, loaded when it is first needed: the program runs without it on machines that lack it.
///
/// Unchecked Sendable: the handle is never changed, and the loader's functions may be called from every thread.
public final class SharedLibrary: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer

    /// The first of `names` that the loader finds; nil: none.
    public init?(_ names: [String]) {
        guard let handle = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else { return nil }
        self.handle = handle
    }

    /// The function called `name`; nil: the library has none.
    ///
    /// - Parameter type: a `@convention(c)` type, which has to be the function's own.
    public func function<Function>(_ name: String, as type: Function.Type) -> Function? {
        dlsym(handle, name).map { unsafeBitCast($0, to: type) }
    }

    /// The address of the variable called `name`.
    public func variable(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
}
