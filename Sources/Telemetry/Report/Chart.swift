/// A small plot of the report: one or several runs' curves over one axis. Drawn by `ChartDrawing`.
struct Chart {
    struct Curve {
        /// The run's letter, written at its end; nil where there is one run only.
        var letter: String?
        /// Picks colour and dash.
        var index = 0
        /// x ascending. Points that an axis cannot show are left out.
        var points: [(x: Double, y: Double)]
        var interpolation = Interpolation.straight
        /// Marks every point, where there are few.
        var hasDots = false
        /// A noisy curve is drawn thin, with the mean of its neighbourhood over it.
        var isNoisy = false
    }

    enum Interpolation {
        case straight
        /// Each value holds until the next point.
        case steps
    }

    /// A line across the plot with a word beside it.
    struct Mark {
        var at: Double
        var label: String
    }

    /// For those who cannot see the picture, and the file's readers.
    var description: String
    var xLabel: String
    var yLabel: String
    var xScale = SVGAxis.Scale.linear
    var yScale = SVGAxis.Scale.linear
    var curves: [Curve]
    /// Vertical lines.
    var marks: [Mark] = []
    /// Horizontal lines.
    var levels: [Mark] = []
    /// A dashed line that curves are compared with.
    var reference: [(x: Double, y: Double)] = []
    /// The end of the x axis, where plots share it.
    var xEnd: Double?
    /// The ends of the y axis, where the values do not set them.
    var yRange: ClosedRange<Double>?
    var width = 420.0
    var height = 260.0

    var isEmpty: Bool { curves.allSatisfy { $0.points.isEmpty } }

    /// A logarithmic scale where the values are positive and span more than a factor of `span`.
    static func scale(for values: some Sequence<Double>, span: Double = 20) -> SVGAxis.Scale {
        var lowest = Double.infinity
        var highest = -Double.infinity
        for value in values where value.isFinite {
            lowest = min(lowest, value)
            highest = max(highest, value)
        }
        return lowest > 0 && highest > span * lowest ? .logarithmic : .linear
    }
}
