/// A reference problem: a file of the benchmark data, an objective, and its optimum.
struct Problem {
    let name: String
    let file: String
    let model: String
    let l2: Double
    let standardize: String
    /// f*, or nil: found by a run with a tiny tolerance.
    let optimum: Double?
    /// Factor on all features after loading.
    var scale = 1.0
}

let covtype = "covtype.binary.scale.libsvm.gz"
let elevation = "covtype.elevation.libsvm.gz"
let rows = 581_012.0

let problems: [Problem] = [
    Problem(
        name: "covtype-1e-4", file: covtype, model: "logistic", l2: 1e-4, standardize: "zscore",
        optimum: 0.5137663086414652),
    Problem(
        name: "covtype-1/N", file: covtype, model: "logistic", l2: 1 / rows, standardize: "zscore",
        optimum: 0.513491266909874),
    Problem(
        name: "covtype-raw-1e-4", file: covtype, model: "logistic", l2: 1e-4, standardize: "none",
        optimum: 0.5248208169892853),
    Problem(
        name: "elevation-1e-4", file: elevation, model: "ridge", l2: 1e-4, standardize: "zscore",
        optimum: 0.10880730729209118),
    Problem(
        name: "elevation-1/N", file: elevation, model: "ridge", l2: 1 / rows, standardize: "zscore",
        optimum: 0.10878362292965882),
    Problem(
        name: "wordnet-1e-4", file: "wordnet.lex45.libsvm.gz", model: "softmax", l2: 1e-4, standardize: "none",
        optimum: 2.3767818646431342),
    Problem(
        name: "optdigits-1e-3", file: "tiny/optdigits-1000.libsvm", model: "softmax", l2: 1e-3,
        standardize: "zscore", optimum: 0.0647688674467522),
    Problem(
        name: "breast-1e-3", file: "tiny/breast_cancer.std.libsvm", model: "logistic", l2: 1e-3, standardize: "none",
        optimum: 0.05982903179429213),
    Problem(
        name: "wine-1e-3", file: "tiny/wine.std.libsvm", model: "softmax", l2: 1e-3, standardize: "none", optimum: nil),
    Problem(
        name: "census-1e-4", file: "census_income_kdd.train.libsvm.gz", model: "logistic", l2: 1e-4,
        standardize: "none", optimum: 0.12549356924582233),
    // Written by synthetic.py.
    Problem(
        name: "heavy-1e-4", file: "heavy.libsvm", model: "logistic", l2: 1e-4, standardize: "zscore", optimum: nil),
    Problem(
        name: "heavy-1/N", file: "heavy.libsvm", model: "logistic", l2: 1 / 580_000, standardize: "zscore",
        optimum: nil),
    Problem(
        name: "imbalanced-1e-4", file: "imbalanced.libsvm", model: "softmax", l2: 1e-4, standardize: "zscore",
        optimum: nil),
    Problem(
        name: "imbalanced-1/N", file: "imbalanced.libsvm", model: "softmax", l2: 1 / 580_000, standardize: "zscore",
        optimum: nil),
    // mnist.svm: the 60,000 training images as LIBSVM text, pixels 0 … 255. Optimum by scipy's L-BFGS-B.
    Problem(
        name: "mnist-1e-3", file: "mnist.svm", model: "softmax", l2: 1e-3, standardize: "zscore",
        optimum: 0.24460813395898567),
    Problem(
        name: "mnist-maxabs-1e-3", file: "mnist.svm", model: "softmax", l2: 1e-3, standardize: "maxabs", optimum: nil),
    // All features multiplied, λ unchanged: another problem with another optimum.
    Problem(
        name: "covtype-raw*1e3", file: covtype, model: "logistic", l2: 1e-4, standardize: "none", optimum: nil,
        scale: 1e3),
    Problem(
        name: "covtype-raw*1e-3", file: covtype, model: "logistic", l2: 1e-4, standardize: "none", optimum: nil,
        scale: 1e-3),
    Problem(
        name: "wordnet*1e-3", file: "wordnet.lex45.libsvm.gz", model: "softmax", l2: 1e-4, standardize: "none",
        optimum: nil, scale: 1e-3),
    Problem(
        name: "breast*1e3", file: "tiny/breast_cancer.std.libsvm", model: "logistic", l2: 1e-3, standardize: "none",
        optimum: 0.0038231751500177585, scale: 1e3),
    Problem(
        name: "breast*1e-3", file: "tiny/breast_cancer.std.libsvm", model: "logistic", l2: 1e-3, standardize: "none",
        optimum: 0.6593219635871548, scale: 1e-3),
]
