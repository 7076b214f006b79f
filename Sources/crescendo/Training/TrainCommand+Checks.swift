import BigBatch
import MPI
import Models
import Telemetry

extension TrainCommand: RankCommand {
    static let traits: Set<CommandTrait> = [.needsRanks, .listensEarly, .keepsFiles]
    var stallTimeout: StallTimeout? { expert.stallTimeout }

    /// With the options of `--config`.
    func completed(_ arguments: [String]) throws -> (command: any RankCommand, text: String) {
        guard let path = run.config else { return (self, "") }
        let text = try ConfigurationFile.text(of: path)
        return (try merging(text, of: path, arguments), text)
    }

    func check() throws {
        if data.isEmpty {
            throw OptionsError(text: "No data given. Name the data files: crescendo train data.svm")
        }
        if data.contains("-"), trainingData.test.contains("-") {
            throw OptionsError(text: "Standard input (-) is read once: give it as data or as --test, not as both.")
        }
        if let wrong = trainingData.testFiles.first(where: TrainingDataOptions.looksLikeShare) {
            throw OptionsError(
                text:
                    "--test \(wrong): give files, or one share of the rows above 0 and below 1, such as 0.2, and nothing beside it."
            )
        }
        if run.tolerance == 0, run.maxEpochs == nil, run.maxIterations == nil,
            run.timeLimit == nil, (try? model.description) == nil
        {
            throw OptionsError(text: "--tolerance 0 never ends: add --max-epochs, --max-iterations or --time-limit.")
        }
        do {
            _ = try model.description
        } catch let error as ModelError {
            throw OptionsError(text: "--network: \(error)")
        }
        if run.coefficientsFile != nil, try model.description != nil {
            throw OptionsError(text: "--coefficients-file is for linear models: leave it out for a network.")
        }
        if run.certify == true, try model.description != nil {
            throw OptionsError(text: "--certify is for linear models: leave it out for a network.")
        }
        if model.l2 == .auto {
            if try model.description != nil {
                throw OptionsError(
                    text: "--l2 auto is for linear models: give a number for a network, or leave it out for 0.0001.")
            }
        } else if run.config == nil, penalty.cv != nil || penalty.rule != nil || penalty.grid != nil {
            throw OptionsError(text: "--cv, --rule and --grid say how λ is chosen: add --l2 auto.")
        }
        if trainingData.augment != nil, try model.description == nil {
            throw OptionsError(text: "--augment needs a network: add --model lenet5, say.")
        }
        if expert.direction == .lbfgs, try model.description != nil {
            throw OptionsError(
                text: "--direction lbfgs is for linear models: leave it out, or take momentum, adam or adadelta.")
        }
        if let step = expert.step, step == .fixed || step == .sgd, expert.stepSize == nil,
            expert.direction?.isAdaptive != true
        {
            throw OptionsError(text: "--step \(step.rawValue) needs --step-size.")
        }
    }

    func run(on world: any Communicator) throws -> Int32 { try TrainJob(self, world: world).run() }
}
