/// A line plot as an SVG document: linear or logarithmic axes, ticks, a legend, no dependency.
///
/// The ground is transparent and all colours are middle tones, so the picture reads on light and dark pages alike. A curve
/// may have any number of points: those that share a pixel column are reduced to its first, lowest, highest and last one.
public struct SVGPlot: Sendable {
    public struct Series: Sendable {
        public enum Interpolation: Sendable {
            /// Straight lines between the points.
            case straight
            /// Each value holds until the next point.
            case steps
        }

        public var name: String
        /// x ascending. Points that an axis cannot show are left out.
        public var points: [(x: Double, y: Double)]
        public var interpolation: Interpolation
        public var isDashed: Bool

        public init(
            name: String, points: [(x: Double, y: Double)], interpolation: Interpolation = .straight,
            isDashed: Bool = false
        ) {
            self.name = name
            self.points = points
            self.interpolation = interpolation
            self.isDashed = isDashed
        }
    }

    public var title: String
    public var xLabel: String
    public var yLabel: String
    public var xScale: SVGAxis.Scale
    public var yScale: SVGAxis.Scale
    public var series: [Series]
    /// Pixels, legend included.
    public var width = 760.0
    public var height = 420.0

    public init(
        title: String, xLabel: String, yLabel: String, xScale: SVGAxis.Scale = .linear,
        yScale: SVGAxis.Scale = .linear, series: [Series]
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.xScale = xScale
        self.yScale = yScale
        self.series = series
    }

    /// The whole document.
    public var svg: String {
        let points = series.flatMap(\.points)
        let x = SVGAxis(xScale, values: points.map(\.x), isTight: true)
        let y = SVGAxis(yScale, values: points.map(\.y))
        return SVGDrawing(plot: self, x: x, y: y).svg
    }
}
