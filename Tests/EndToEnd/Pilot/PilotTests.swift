import Foundation
import Platform
import TestSupport
import Testing

@testable import Planning
@testable import crescendo

/// `crescendo pilot` and `plan` as a user runs them.
@Suite struct PilotTests {
    @Test(.serialized, arguments: [0, 2, 3])
    func measuresAndAdvises(ranks: Int) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 1200, features: 6), to: "data.svm")
        let budget = 5.0
        let outcome = try place.run(
            ranks: ranks,
            ["pilot", "data.svm", "--budget", "\(budget)", "--output", "out", "--price", "2", "--hourly-wage", "50"],
            limit: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        // A busy machine may end late; a pilot that forgets its budget ends far later.
        #expect(outcome.seconds < 5 * budget)
        let file = try PilotFile(text: try place.read("out/pilot.json"), path: "out/pilot.json")
        let count = max(1, ranks)
        #expect(file.machine.ranks == count)
        #expect(file.budget.seconds < 4 * budget)
        #expect(file.budget.unit == "seconds" && file.budget.amount == budget && !file.budget.wasInterrupted)
        #expect(file.data.rows + file.data.validationRows == 1200)
        let tried = ranks == 0 ? [1] : ranks == 2 ? [1, 2] : [1, 2, 3]
        // On a busy machine the budget may end before the last of them.
        #expect(file.configurations.count <= tried.count * PilotMethod.allCases.count)
        for ranks in tried { #expect(file.configurations.contains { $0.method == .auto && $0.ranks == ranks }) }
        for configuration in file.configurations {
            #expect(tried.contains(configuration.ranks))
            #expect(configuration.runs >= 1)
            if configuration.runs < 3 { #expect(configuration.runLow == nil && configuration.runHigh == nil) }
            #expect(configuration.objective != nil)
            #expect(configuration.score?.contains("accuracy") == true)
            #expect(configuration.tuningRuns == 0 || configuration.method.needsTuning)
            #expect((configuration.personCost ?? -1) == (configuration.tuningRuns > 0 ? 50 : 0))
        }
        #expect(file.target.objective > file.target.best)
        let advice = try #require(file.recommendation)
        #expect(advice.command.contains("train") && advice.command.contains("data.svm"))
        #expect(advice.command.contains("mpirun") == (advice.ranks > 1))
        #expect(file.kernels.map(\.ranks) == tried)
        #expect(Set(file.allreduces.map(\.ranks)) == Set(tried.filter { $0 > 1 }))
        // On a busy machine a run's share of the budget may be over before its first iteration.
        let worked = file.runs.filter { $0.ranks > 1 && !$0.work.isEmpty }
        #expect(worked.isEmpty == (count == 1))
        for run in worked { #expect(run.work.contains { !$0.reductions.isEmpty }) }

        let page = try place.read("out/pilot.html")
        for (question, _) in PilotAnswers(file: file).all { #expect(page.contains(question)) }
        #expect(page.contains(ShellWord.quoted(advice.command)))

        // The command that is recommended works.
        let train = Array(advice.command.drop { $0 != "train" })
        let trained = try place.run(ranks: ranks, train + ["--output", "run", "--max-epochs", "3"])
        #expect(trained.code == 0, "\(train) \(trained.errors)")

        // And what has been measured predicts.
        let plan = try place.run(["plan", "out", "--ranks", "1,2", "--method", "auto"])
        let isRefused = plan.errors.contains("No forecast for auto") || plan.errors.contains("on one rank only")
        if ranks == 0 {
            #expect(plan.code == 1 && plan.errors.contains("mpirun -n 2"), "\(plan.errors)")
        } else if isRefused {
            // Runs of a millisecond on a busy machine: the fit may be too far off, or two ranks too slow.
            #expect(plan.code == 1, "\(plan.errors)")
        } else {
            #expect(plan.code == 0, "\(plan.errors)")
            #expect(plan.output.contains("efficiency"))
            let json = try place.run(
                [
                    "plan", "out/pilot.json", "--method", "auto", "--json", "--latency", "20", "--bandwidth", "10",
                    "--html",
                    "plan.html",
                ])
            #expect(json.code == 0, "\(json.errors)")
            let forecast = try JSONDecoder().decode(Forecast.self, from: Data(json.output.utf8))
            #expect(forecast.rows.count == 14)
            #expect(forecast.rows.allSatisfy { ($0.low ?? 0) < $0.seconds && $0.seconds < ($0.high ?? .infinity) })
            #expect(place.exists("plan.html"))
            #expect(try place.run(["plan", "out", "--html", "plan.html"]).errors.contains("--overwrite"))
        }
    }

    /// A budget of passes ends by itself, and so does a pilot that is stopped.
    @Test func passesAreABudgetToo() throws {
        let place = try Workplace()
        try place.write(SampleData.values(rows: 300), to: "data.svm")
        let outcome = try place.run(
            ranks: 2,
            ["pilot", "data.svm", "--budget", "300passes", "--methods", "auto,large", "--output", "out", "--quiet"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        let file = try PilotFile(text: try place.read("out/pilot.json"), path: "out/pilot.json")
        #expect(file.budget.unit == "passes")
        #expect(file.budget.spent <= 330)
        #expect(Set(file.configurations.map(\.method)) == [.auto, .large])
        #expect(file.configurations[0].score?.contains("RMSE") == true)
    }

    static let wrong: [WrongInput] = [
        WrongInput(name: "no data", arguments: ["pilot"], message: "No data given", code: 64),
        WrongInput(
            name: "budget", arguments: ["pilot", "a.svm", "--budget", "soon"], message: "'soon' is invalid", code: 64),
        WrongInput(
            name: "method", arguments: ["pilot", "a.svm", "--methods", "auto,magic"],
            message: "there is no method 'magic'; choose from auto, bb", code: 64),
        WrongInput(name: "ranks", arguments: ["pilot", "a.svm", "--ranks", "0"], message: "1 or above", code: 64),
        WrongInput(name: "price", arguments: ["pilot", "a.svm", "--price", "-1"], message: "0 or above", code: 64),
        WrongInput(
            name: "missing file", arguments: ["pilot", "no.svm", "--output", "o"], message: "no.svm: cannot open"),
        WrongInput(
            name: "too many ranks", files: ["a.svm": SampleData.binary()],
            arguments: ["pilot", "a.svm", "--ranks", "8", "--output", "o"], message: "mpirun -n 8"),
        WrongInput(
            name: "folder in use", files: ["pilot.json": "{}", "a.svm": SampleData.binary()],
            arguments: ["pilot", "a.svm", "--output", "."], message: "--overwrite"),
        WrongInput(name: "no pilot", arguments: ["plan", "no.json"], message: "no.json"),
        WrongInput(
            name: "damaged pilot", files: ["pilot.json": "{\"format\": 1"], arguments: ["plan", "pilot.json"],
            message: "make one with crescendo pilot"),
        WrongInput(
            name: "plan ranks", arguments: ["plan", "p.json", "--ranks", "x"], message: "'x' is invalid", code: 64),
    ]

    @Test(arguments: wrong)
    func wrongInputIsRefusedOnce(_ wrong: WrongInput) throws {
        let place = try Workplace()
        for (name, text) in wrong.files { try place.write(text, to: name) }
        let outcome = try place.run(ranks: 2, wrong.arguments, limit: 30)
        #expect(outcome.code == wrong.code, "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: wrong.message).count == 2, "\(outcome.errors)")
    }
}
