import Kernels

/// How often `byte` occurs.
func countBytes(_ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> Int { countBytes(byte, byte, in: bytes).0 }

/// How often each of two bytes occurs, in one pass.
func countBytes(_ first: UInt8, _ second: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
    KernelSet.current.count(first, second, in: bytes)
}
