import ArgumentParser

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        // The parser then does not look for what only the program takes: see `CommandLineReader.parsed`.
        _superCommandName: "crescendo",
        abstract: "Train a model; DATA alone is enough.",
        discussion: """
            Examples:
              crescendo train spam.csv --label class --test held-out.csv
              mpirun -n 16 crescendo train data.svm.gz --model logistic --time-limit 2h
              mpirun -n 4 crescendo train genes.npz --l2 auto       the penalty by cross-validation
              srun --cpus-per-task 4 crescendo train part-*.svm --output runs/clicks
              crescendo train train-images-idx3-ubyte.gz --test t10k-images-idx3-ubyte.gz
              crescendo train --config runs/clicks/config.yaml       once more, the same

            DATA is LIBSVM, CSV, Arrow (Feather), Parquet, NumPy .npy or .npz, IDX, a sparse matrix of SciPy's save_npz, or HDF5 \
            (.h5, .h5ad). Text may be packed with gzip, xz, bzip2 or zstd, in a zip archive, or come through a pipe (-). A \
            folder stands for its files, 'part-*.csv' in quotes for those it matches; several files are read as one. FILE:NAME \
            is one array of an .npz or HDF5 file, as data.h5:/train/x. The label is the first field of a LIBSVM line; in a table \
            it is the column --label, else the one called label, target, class or y.

            Only the data decides what happens; the options from --step on are for experiments.
            """)

    @Argument(help: ArgumentHelp("Data files.", valueName: "data"), completion: .file())
    var data: [String] = []

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Choice of λ") var penalty: PenaltyOptions
    @OptionGroup(title: "Data") var trainingData: TrainingDataOptions
    @OptionGroup(title: "Reading") var reading: ReadingOptions
    @OptionGroup(title: "Run") var run: RunOptions
    @OptionGroup(title: "Expert") var expert: ExpertOptions
}
