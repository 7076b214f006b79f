import Platform

extension PenaltyCurve {
    package var json: JSON {
        .object([
            ("chosen", .number(l2)),
            ("rule", .string(rule.rawValue)),
            ("folds", .integer(folds)),
            ("trainedRows", .integer(trainedRows)),
            ("tolerance", .number(tolerance)),
            ("end", .string(end.rawValue)),
            ("explanation", .string(explanation)),
            ("points", .array(points.map(Self.json))),
        ])
    }

    private static func json(_ point: Point) -> JSON {
        .object([
            ("l2", .number(point.l2)), ("loss", .number(point.loss)), ("standardError", .number(point.standardError)),
            ("excess", .number(point.excess)), ("excessError", .number(point.excessError)),
        ])
    }

    /// Nil: it is not one, or has no points.
    package init?(json: JSON) {
        guard let rule = json["rule"]?.string.flatMap({ Rule(rawValue: $0) }),
            let end = json["end"]?.string.flatMap({ End(rawValue: $0) }), let folds = json["folds"]?.integer, folds > 1,
            let trainedRows = json["trainedRows"]?.integer, let tolerance = json["tolerance"]?.double,
            let points = json["points"]?.array, !points.isEmpty
        else { return nil }
        let found = points.compactMap { point -> Point? in
            guard let l2 = point["l2"]?.double, l2 > 0 else { return nil }
            func number(_ key: String) -> Double { point[key]?.double ?? .infinity }
            return Point(
                l2: l2, loss: number("loss"), standardError: number("standardError"), excess: number("excess"),
                excessError: number("excessError"))
        }
        guard found.count == points.count else { return nil }
        self.init(points: found, folds: folds, trainedRows: trainedRows, tolerance: tolerance, rule: rule, end: end)
    }

    /// The same with losses in other units.
    package func scaled(by factor: Double) -> PenaltyCurve {
        var scaled = self
        for index in points.indices {
            scaled.points[index].loss *= factor
            scaled.points[index].standardError *= factor
            scaled.points[index].excess *= factor
            scaled.points[index].excessError *= factor
        }
        return scaled
    }
}
