import Kernels
import MPI

/// Microseconds of an allreduce of Doubles from 8 B to 2 MB once all ranks are there: the median of `rounds` calls on rank
/// 0. All ranks call together.
func measureReductions(_ report: inout Report, rounds: Int = 200) {
    do {
        let environment = try MPIEnvironment.start()
        let world = environment.world
        for count in [1, 128, 2048, 32_768, 262_144] {
            let buffer = AlignedBuffer<Double>(count: count)
            var times: [Double] = []
            for _ in 0..<rounds {
                try world.barrier()
                let start = Clock.wall.now()
                try world.allreduce(buffer.elements, .sum)
                times.append(Clock.wall.now() - start)
            }
            guard world.rank == 0 else { continue }
            let microseconds = times.sorted()[rounds / 2] * 1e6
            print("allreduce of \(8 * count) B on \(world.size) ranks: \(rounded(microseconds)) µs")
            report.add("allreduce.ranks\(world.size).bytes\(8 * count).microseconds", microseconds)
        }
        try environment.finalize()
    } catch {
        complain("kernel-benchmark: \(error)")
    }
}
