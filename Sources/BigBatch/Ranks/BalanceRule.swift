import Datasets

/// Whether ranks of uneven speed get uneven shares of the rows.
public enum BalanceKind: String, Codable, Sendable, CaseIterable {
    /// Rows move when that wins more time than it costs.
    case auto
    /// Equal shares throughout.
    case off
}

/// When rows should move to other ranks, and which shares they should have then: a pure function of reduced numbers.
///
/// With s_r the seconds per sample of rank r and f_r its share of the rows, an iteration lasts as long as its slowest rank,
/// max s_r f_r per sample. It is least at f_r ∝ 1/s_r, where all are done together; a rank that lacks the memory for that
/// gets what it can hold, and the others the rest. How long a run will last is unknown, so rows move as soon as the time
/// already lost to the present shares, since it was last found that they should move, exceeds what the move costs (as one
/// should buy skis when the rents have reached their price: the sum is then at most twice the least possible). Where the
/// fixed costs of a rank count too, s_r depends on f_r; the shares that no longer change are those at which all ranks take
/// the same time.
struct BalanceRule: Sendable, Equatable {
    /// Looks in a row that must agree.
    var windows = 3
    /// Share of the wall-clock time that a move must win.
    var smallestGain = 0.03
    /// Seconds from one move to the next.
    var spacing = 30.0
    /// Before a move was measured: packing, sending and placing rows, with room for slow networks.
    var secondsPerByte = 5e-9

    /// What to do, and why.
    struct Move: Equatable {
        var shares: BlockShares
        /// Share of the wall-clock time that it wins.
        var gain: Double
        /// Bytes that the rank with the most to do reads and writes for it.
        var bytes: Double
    }

    /// What is remembered from look to look.
    struct State: Equatable {
        /// Seconds lost to the present shares since looks agree that they should be others.
        var lost = 0.0
        /// Training time of the last move.
        var movedAt = -Double.infinity
    }

    /// - Parameters:
    ///   - recent: the last looks, the latest at the end.
    ///   - current: the present shares; nil: equal ones.
    func move(_ recent: [RankTimes], current: BlockShares?, _ state: inout State) -> Move? {
        let looks = Array(recent.suffix(windows))
        guard let last = looks.last, looks.count == windows, let shares = shares(looks), shares != current else {
            state.lost = 0
            return nil
        }
        let present = fractions(current, ranks: shares.ranks)
        let next = fractions(shares, ranks: shares.ranks)
        let gains = looks.map { gain($0, from: present, to: next) }
        guard gains.allSatisfy({ $0 >= smallestGain }) else {
            state.lost = 0
            return nil
        }
        let lost = zip(gains, looks).map { $0 * $1.window }
        state.lost += state.lost > 0 ? lost[windows - 1] : lost.reduce(0, +)
        let bytes = bytes(last, to: next)
        let cost = bytes * (last.secondsPerByte > 0 ? last.secondsPerByte : secondsPerByte)
        guard state.lost > cost, last.seconds - state.movedAt >= spacing else { return nil }
        return Move(shares: shares, gain: gains.reduce(0, +) / Double(windows), bytes: bytes)
    }

    /// The shares at which all ranks take the same time, as far as their memory allows; nil where the times do not say
    /// it, or no shares would fit.
    func shares(_ looks: [RankTimes]) -> BlockShares? {
        guard let last = looks.last else { return nil }
        var rates: [Double] = []
        for rank in last.shares.indices {
            let compute = looks.reduce(0) { $0 + $1.shares[rank].compute }
            let samples = looks.reduce(0) { $0 + $1.shares[rank].samples }
            guard compute > 0, samples > 0 else { return nil }
            rates.append(samples / compute)
        }
        let bytes = last.shares.reduce(0) { $0 + $1.rowBytes }
        // The new rows come to lie beside the old ones. Rounding to blocks may add one in 64.
        let most = last.shares.map { bytes > 0 ? 0.98 * $0.room / bytes : .infinity }
        guard most.reduce(0, +) > 1 else { return nil }
        var fractions = rates.map { _ in 0.0 }
        var open = Array(rates.indices)
        var left = 1.0
        while !open.isEmpty {
            let total = open.reduce(0) { $0 + rates[$1] }
            let full = open.filter { rates[$0] / total * left >= most[$0] }
            for rank in full.isEmpty ? open : full {
                fractions[rank] = full.isEmpty ? rates[rank] / total * left : most[rank]
            }
            if full.isEmpty { break }
            left -= full.reduce(0) { $0 + most[$1] }
            open.removeAll { full.contains($0) }
        }
        return BlockShares(weights: fractions)
    }

    private func fractions(_ shares: BlockShares?, ranks: Int) -> [Double] {
        (shares?.weights ?? [Double](repeating: 1, count: ranks)).map { $0 / Double(ranks) }
    }

    /// Share of the wall-clock time of a look that other shares would have saved.
    private func gain(_ times: RankTimes, from old: [Double], to new: [Double]) -> Double {
        guard times.window > 0 else { return 0 }
        func slowest(_ fractions: [Double]) -> Double {
            zip(times.shares, fractions).reduce(0) { max($0, ($1.0.secondsPerSample ?? .infinity) * $1.1) }
        }
        let saved = (slowest(old) - slowest(new)) * times.samples
        return saved.isFinite ? saved / times.window : 0
    }

    /// Every rank reads its old rows and writes its new ones.
    private func bytes(_ times: RankTimes, to new: [Double]) -> Double {
        let all = times.shares.reduce(0) { $0 + $1.rowBytes }
        return zip(times.shares, new).reduce(0) { max($0, $1.0.rowBytes + $1.1 * all) }
    }
}
