/// A small plot of the report: one or several runs' curves over one axis. Drawn by `ChartDrawing`.
package struct Chart {
    package struct Curve {
        /// The run's letter, written at its end; nil where there is one run only.
        package var letter: String?
        /// Picks colour and dash.
        package var index = 0
        /// x ascending. Points that an axis cannot show are left out.
        package var points: [(x: Double, y: Double)]
        package var interpolation = Interpolation.straight
        /// Marks every point, where there are few.
        package var hasDots = false
        /// A noisy curve is drawn thin, with the mean of its neighbourhood over it.
        package var isNoisy = false
    }

    package enum Interpolation {
        case straight
        /// Each value holds until the next point.
        case steps
    }

    /// A line across the plot with a word beside it.
    package struct Mark {
        package var at: Double
        package var label: String
    }

    /// For those who cannot see the picture, and the file's readers.
    package var description: String
    package var xLabel: String
    package var yLabel: String
    package var xScale = SVGAxis.Scale.linear
    package var yScale = SVGAxis.Scale.linear
    package var curves: [Curve]
    /// Vertical lines.
    package var marks: [Mark] = []
    /// Horizontal lines.
    package var levels: [Mark] = []
    /// A dashed line that curves are compared with.
    package var reference: [(x: Double, y: Double)] = []
    /// The end of the x axis, where plots share it.
    package var xEnd: Double?
    /// The ends of the y axis, where the values do not set them.
    package var yRange: ClosedRange<Double>?
    package var width = 420.0
    package var height = 260.0

    package var isEmpty: Bool { curves.allSatisfy { $0.points.isEmpty } }

    /// A logarithmic scale where the values are positive and span more than a factor of `span`.
    package static func scale(for values: some Sequence<Double>, span: Double = 20) -> SVGAxis.Scale {
        var lowest = Double.infinity
        var highest = -Double.infinity
        for value in values where value.isFinite {
            lowest = min(lowest, value)
            highest = max(highest, value)
        }
        return lowest > 0 && highest > span * lowest ? .logarithmic : .linear
    }
}
