import Datasets
import MPI
import Models
import Platform
import Runs

extension TrainJob {
    /// What `--start` names, as a point of this run's model. Collective.
    func startingPoint(_ specification: ModelSpecification, _ preprocessing: Preprocessing) throws -> StartingPoint? {
        guard let path = command.run.start else { return nil }
        let point = try world.together {
            do {
                return try StartingPoint(ModelLocation(path).read(), for: specification, preprocessing)
            } catch {
                throw ModelError("--start \(path): \(error)".printable)
            }
        }
        say("start   \(sentence(point, specification).printable)")
        return point
    }

    private func sentence(_ point: StartingPoint, _ specification: ModelSpecification) -> String {
        func list(_ names: [String]) -> String {
            names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
        }
        var text =
            "the coefficients of \(command.run.start ?? ""): "
            + "\(NumberFormat.count(point.known)) of \(NumberFormat.count(specification.featureCount)) features are known"
        if !point.new.isEmpty { text += "; new, from 0: \(list(point.new))" }
        if !point.gone.isEmpty { text += "; no longer there: \(list(point.gone))" }
        if !point.goneClasses.isEmpty { text += "; classes no longer there: \(list(point.goneClasses))" }
        if !point.newClasses.isEmpty { text += "; new classes: \(list(point.newClasses))" }
        return text
    }
}
