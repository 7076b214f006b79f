# What the tests share.

# Made once, for all tests: "$cluster/work/small.svm", 4,000 rows whose training takes a second or so.
prepare() {
    rows 4000 20 >"$work/small.svm"
}

# rows COUNT FEATURES: LIBSVM, labels −1 and +1 that a plane divides, one in ten wrong.
rows() {
    awk -v rows="$1" -v features="$2" 'BEGIN {
        srand(7)
        for (i = 0; i < rows; i++) {
            line = ""
            margin = 0
            for (j = 1; j <= features; j++) {
                x = 2 * rand() - 1
                margin += x * (j % 5 - 2)
                line = line sprintf(" %d:%.4f", j, x)
            }
            print ((margin > 0) != (rand() < 0.1) ? "+1" : "-1") line
        }
    }'
}

# value FILE KEY: a number or text of a JSON file with one key a line.
value() { sed -nE "s/^ *\"$2\": \"?([^\",]*)\"?,?\$/\\1/p" "$1"; }

# Numbers that differ by less than 1e-5 of their size.
agree() {
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && b != "" && d <= 1e-5 * (a < 0 ? -a : a)) }'
}
