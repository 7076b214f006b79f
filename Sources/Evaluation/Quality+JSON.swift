import Platform

extension Quality {
    /// In result.json.
    package var json: JSON {
        var members: [(key: String, value: JSON)] = [("rows", .integer(rows)), ("loss", .number(loss))]
        if let accuracy { members.append(("accuracy", .number(accuracy))) }
        if let logLoss { members.append(("logLoss", .number(logLoss))) }
        if let auc {
            members.append(("auc", auc.value.map { .number($0) } ?? .null))
            if let bins = auc.bins { members.append(("aucBins", .integer(bins))) }
        }
        if let positive { members += positive.members }
        if let brier { members.append(("brier", .number(brier))) }
        if let balancedAccuracy { members.append(("balancedAccuracy", .number(balancedAccuracy))) }
        if let macro { members.append(("macro", macro.json)) }
        if let weighted { members.append(("weighted", weighted.json)) }
        if let rmse { members.append(("rmse", .number(rmse))) }
        if let mae { members.append(("mae", .number(mae))) }
        if rmse != nil { members.append(("r2", r2.map { .number($0) } ?? .null)) }
        if let baseline { members.append(("baseline", baseline.json)) }
        if let lead {
            members.append(
                (
                    "lead",
                    .object([("value", .number(lead.value)), ("standardError", .number(lead.standardError))])
                ))
        }
        if !intervals.isEmpty {
            members.append(
                (
                    "intervals",
                    .object(
                        intervals.sorted { $0.key < $1.key }.map {
                            ($0.key, .array([.number($0.value.low), .number($0.value.high)]))
                        })
                ))
        }
        if isWeighted { members.append(("isWeighted", .bool(true))) }
        if let perClass, perClass.classes <= ClassFigures.largestStored {
            members.append(("perClass", perClass.json))
        }
        if isDetailed {
            members += confusion?.members ?? []
            if let curve = auc?.curve { members.append(("roc", curve.json)) }
            if let operation = auc?.operation { members.append(("operation", operation.json)) }
            if let residuals { members.append(("residuals", residuals.json)) }
            if !worst.isEmpty { members.append(("worst", .array(worst.map(\.json)))) }
        }
        return .object(members)
    }

    /// What `json` wrote; nil: no object. Members of another kind than they should be are left out.
    package init?(json: JSON) {
        guard json.members != nil else { return nil }
        rows = json["rows"]?.integer ?? 0
        loss = json["loss"]?.double ?? .nan
        accuracy = json["accuracy"]?.double
        logLoss = json["logLoss"]?.double
        if let area = json["auc"] {
            auc = AreaUnderCurve(
                value: area.double, bins: json["aucBins"]?.integer, curve: json["roc"].flatMap { ROCCurve(json: $0) },
                operation: json["operation"].map { OperatingPoints(json: $0) })
        }
        positive = PositiveFigures(quality: json)
        brier = json["brier"]?.double
        balancedAccuracy = json["balancedAccuracy"]?.double
        macro = json["macro"].flatMap { ClassFigures.Means(json: $0) }
        weighted = json["weighted"].flatMap { ClassFigures.Means(json: $0) }
        perClass = json["perClass"].flatMap { ClassFigures(json: $0) }
        baseline = json["baseline"].map { Baseline(json: $0) }
        if let value = json["lead"]?["value"]?.double, let error = json["lead"]?["standardError"]?.double {
            lead = Lead(value: value, standardError: error)
        }
        for (key, value) in json["intervals"]?.members ?? [] {
            guard let ends = value.array?.compactMap(\.double), ends.count == 2 else { continue }
            intervals[key] = Interval(low: ends[0], high: ends[1])
        }
        isWeighted = json["isWeighted"]?.bool ?? false
        worst = (json["worst"]?.array ?? []).compactMap { WorstRow(json: $0) }
        mae = json["mae"]?.double
        rmse = json["rmse"]?.double
        r2 = json["r2"]?.double
        confusion = ConfusionMatrix(quality: json)
        residuals = json["residuals"].flatMap { ResidualMap(json: $0) }
        isDetailed = confusion != nil || auc?.curve != nil || residuals != nil
    }

    /// One line for people.
    package var text: String {
        var parts: [String] = []
        if let accuracy { parts.append("accuracy " + NumberFormat.fixed(accuracy, 4)) }
        if let logLoss { parts.append("log loss " + NumberFormat.significant(logLoss, 4)) }
        if let auc {
            let bins = auc.bins.map { " (from \(NumberFormat.count($0)) bins)" } ?? ""
            parts.append("AUC " + (auc.value.map { NumberFormat.fixed($0, 4) } ?? "undefined: one class only") + bins)
        }
        if let rmse { parts.append("RMSE " + NumberFormat.significant(rmse, 5)) }
        if let mae { parts.append("MAE " + NumberFormat.significant(mae, 5)) }
        if rmse != nil { parts.append("R² " + (r2.map { NumberFormat.fixed($0, 4) } ?? "undefined: equal labels")) }
        return parts.joined(separator: ", ")
    }
}

extension Quality.PositiveFigures {
    fileprivate var members: [(key: String, value: JSON)] {
        [
            ("positive", .integer(index)), ("precision", .number(precision)), ("recall", .number(recall)),
            ("f1", .number(f1)), ("averagePrecision", averagePrecision.map { .number($0) } ?? .null),
        ]
    }

    fileprivate init?(quality json: JSON) {
        guard let index = json["positive"]?.integer, let precision = json["precision"]?.double,
            let recall = json["recall"]?.double, let f1 = json["f1"]?.double
        else { return nil }
        self.init(
            index: index, precision: precision, recall: recall, f1: f1,
            averagePrecision: json["averagePrecision"]?.double)
    }
}
