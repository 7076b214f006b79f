import Kernels

/// Where the gradient of one layer goes, and what is to be known of each sample's.
public struct LayerGradient {
    public let weights: TensorGradient
    public let biases: TensorGradient
    /// Where groups of samples end whose gradients may be added up before they are rounded: what there is of sixteen neighbours
    /// in the order of the data, which one rank has.
    public let groups: UnsafeBufferPointer<Int32>
    /// squares[i] += ‖∇_layer f_i‖², under the preconditioner where there is one.
    public let squares: UnsafeMutablePointer<Double>
}

/// What becomes of the samples' gradients by one tensor of parameters.
public enum TensorGradient {
    /// They are added to `units` in whole numbers of the grid's unit, and `size` takes Σ_i of a bound of what sample i adds to any
    /// element.
    case sums(UnsafeMutablePointer<Int32>, SumGrid, size: UnsafeMutablePointer<Double>)
    /// Only their norms are wanted, under the preconditioner diag(P) if there is one.
    case norms(UnsafePointer<Float>?)

    /// Takes in the gradient of one sample and returns its squared norm.
    func add(_ values: UnsafePointer<Float>, count: Int) -> Double {
        switch self {
        case .sums(let units, let grid, let size):
            let own = WholeSums.add(count: count, values, unit: grid.unit, to: units)
            note(Double(own.largest), in: size, grid)
            return own.squares
        case .norms(let preconditioner?):
            return Norms.squares(count: count, values, weights: preconditioner)
        case .norms(nil):
            var (squares, largest) = (0.0, Float(0))
            Norms.ofRows(rows: 1, columns: count, stride: count, values, squares: &squares, largest: &largest)
            return squares
        }
    }

    /// Adds a bound; Float sums of a group may be a little larger.
    func note(_ bound: Double, in size: UnsafeMutablePointer<Double>, _ grid: SumGrid) {
        size.pointee += grid.roundUp(bound * (1 + 1e-5))
    }
}
