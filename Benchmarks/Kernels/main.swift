// The speed of the gradient pass (loss, gradient and Σ‖∇f‖² in one read of the features) on one and two threads, beside
// what this machine can do at most: the fastest plain read loop and the fastest chain of multiply-adds.
//
//     swift run -c release kernel-benchmark [--only dense-512] [--json FILE] [--megabytes 256]
//     mpirun -n 2 kernel-benchmark --only ranks          each prints its share of what it can read beside the other
//     mpirun -n 2 kernel-benchmark --only reductions     what an allreduce takes
//     CRESCENDO_ISA=baseline|avx2|avx512                 picks the instruction set, of the ceilings too
//
// One thread is timed by its processor time, so that other work on the machine is not counted; several by the clock.
// Ceilings and kernels take turns, and the best time of each counts.
import Kernels

var report = Report()
var only: String?
var json: String?
// Many times the last cache: what stays in it would count as read from memory.
var megabytes = 256

var arguments = CommandLine.arguments.dropFirst()
while let option = arguments.popFirst() {
    switch (option, arguments.popFirst()) {
    case ("--only", let value?): only = value
    case ("--json", let value?): json = value
    case ("--megabytes", let value?) where Int(value).map { $0 > 0 } == true: megabytes = Int(value) ?? megabytes
    default:
        complain("kernel-benchmark: cannot use \(option); options: --only NAME, --json FILE, --megabytes N")
    }
}

print("instruction set \(KernelSet.current.name)")
let parts: [(name: String, run: (inout Report) -> Void)] = [
    ("ceilings", { measureCeilings(megabytes: megabytes, &$0) }),
    ("dense-54", { measureDense(columns: 54, megabytes: megabytes, &$0) }),
    ("dense-512", { measureDense(columns: 512, megabytes: megabytes, &$0) }),
    ("dense-2000", { measureDense(columns: 2000, megabytes: megabytes, &$0) }),
    ("reductions", { measureReductions(&$0) }),
    ("ranks", { measureRank(columns: 512, megabytes: megabytes, &$0) }),
    ("line-54", { measureLine(columns: 54, megabytes: megabytes, &$0) }),
    ("line-512", { measureLine(columns: 512, megabytes: megabytes, &$0) }),
    ("softmax", { measureSoftmax(megabytes: megabytes, &$0) }),
    ("curvature", { measureCurvature(&$0) }),
    ("sparse", { measureSparse(&$0) }),
    ("sparse-45", { measureSparseClasses(&$0) }),
]
let forRanks: Set = ["ranks", "reductions"]
for part in parts where only == nil ? !forRanks.contains(part.name) : only == part.name { part.run(&report) }
if let json { report.write(to: json) }
