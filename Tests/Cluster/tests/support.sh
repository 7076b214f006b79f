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

# job NAME LAUNCHER SBATCH-OPTIONS… -- TRAIN-OPTIONS…: submits jobs/train.sbatch, with NAME.log, and prints the job's number.
# LAUNCHER is srun, mpirun or auto.
job() {
    local name=$1 launcher=$2 options=()
    shift 2
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    cp "$cluster/work/jobs/train.sbatch" "$name.sbatch"
    [ "$launcher" = auto ] || sed -i "s/crescendo launch train/crescendo launch --launcher $launcher train/" "$name.sbatch"
    on login sbatch --parsable --job-name="$name" --output="$name.log" "${options[@]}" "$name.sbatch" "$@"
}

state() { on login squeue -h -j "$1" -o %T 2>/dev/null; }
over() { [ -z "$(state "$1")" ] || [ "$(state "$1")" = COMPLETED ] || [ "$(state "$1")" = FAILED ]; }

# Waits for the end of a job, for at most SECONDS.
ended() {
    wait_for "$2" over "$1" || fail "job $1 does not end within $2 s: $(state "$1")"
}

# The run in FOLDER has finished, with as many ranks as said.
finished() {
    [ -e "$1/result.json" ] || fail "$1 has no result"
    [ "$(value "$1/result.json" ranks)" = "$2" ] || fail "$1: $(value "$1/result.json" ranks) ranks, not $2"
}

same_objective() {
    agree "$(value "$1/result.json" objective)" "$(value "$2/result.json" objective)" ||
        fail "$1 and $2 end at other objectives"
}
