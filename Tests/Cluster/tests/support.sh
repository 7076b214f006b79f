# What the tests share.

# Made once, for all tests, in "$cluster/shared": small.svm, whose training takes a second or so, and classes.svm for `long`
# with the run "reference" that mpirun made of it on one host.
prepare() {
    rows 4000 20 >"$work/small.svm"
    classes 3000 20 20 >"$work/classes.svm"
    on login mpirun -n 4 crescendo train classes.svm "${long[@]}" --output reference --quiet ||
        fail "the reference run fails"
}

# Options of a training of three thousand steps that ends at the same objective on any number of ranks. It takes a second
# or two; on hosts that `slow` has slowed down it takes more than a minute, with the processors idle.
long=(--step fixed --step-size 0.5 --tolerance 0 --max-iterations 3000)

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

# classes COUNT FEATURES CLASSES: the same with as many labels, which overlap.
classes() {
    awk -v rows="$1" -v features="$2" -v classes="$3" 'BEGIN {
        srand(7)
        for (i = 0; i < rows; i++) {
            line = ""
            score = 0
            for (j = 1; j <= features; j++) {
                x = 2 * rand() - 1
                score += x * (j % 5 - 2)
                line = line sprintf(" %d:%.4f", j, x)
            }
            class = int((score + 2 * rand() + 6) * classes / 14)
            print (class < 0 ? 0 : class < classes ? class : classes - 1) line
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
    local name=$1 launcher=$2 options=() id
    shift 2
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    cp "$cluster/shared/jobs/train.sbatch" "$name.sbatch"
    [ "$launcher" = auto ] || sed -i "s/crescendo launch train/crescendo launch --launcher $launcher train/" "$name.sbatch"
    id=$(on login sbatch --parsable --partition="$partition" --job-name="$name" --output="$name.log" "${options[@]}" \
        "$name.sbatch" "$@")
    started "$id"
    echo "$id"
}

# Jobs that are cancelled when the test is over.
started() { echo "$1" >>jobs-started; }

state() { on login squeue -h -t all -j "$1" -o %T 2>/dev/null; }
over() { [[ ! $(state "$1") =~ PENDING|RUNNING|COMPLETING|SUSPENDED|REQUEUE|CONFIGURING ]]; }

# Waits for the end of a job, for at most SECONDS.
ended() {
    wait_for "$2" over "$1" || fail "job $1 does not end within $2 s: $(state "$1")"
}

# together COMMAND …: each of the commands, which are functions with their arguments in one word, beside the others.
together() {
    local command running=() failures=0
    for command in "$@"; do
        (eval "$command") &
        running+=($!)
    done
    for command in "${running[@]}"; do wait "$command" || failures=$((failures + 1)); done
    [ $failures = 0 ] || fail "$failures of $# failed"
}

# The run in FOLDER has finished, with as many ranks as said.
finished() {
    [ -e "$1/result.json" ] || fail "$1 has no result"
    [ "$(value "$1/result.json" ranks)" = "$2" ] || fail "$1: $(value "$1/result.json" ranks) ranks, not $2"
}

same_objective() {
    agree "$(value "$1/result.json" objective)" "$(value "$2/result.json" objective)" ||
        fail "$1 and $2 end at other objectives: $(value "$1/result.json" objective), $(value "$2/result.json" objective)"
}

# What `long` runs are asked about while they go on.

attempt() { value "$1/status.json" attempt 2>/dev/null || echo 0; }
# The last iteration of the metrics. Its line may be half written.
iteration() { tail -n 2 "$1/metrics.jsonl" 2>/dev/null | sed -nE 's/.*"iteration":([0-9]+).*/\1/p' | tail -n 1; }
has_reached() { [ "$(iteration "$1")" -ge "$2" ]; }
has_checkpoint() { [ -n "$(ls "$1"/checkpoints 2>/dev/null)" ] && has_reached "$1" 50; }
is_back() { [ "$(attempt "$1")" -gt "$2" ] && has_reached "$1" "$3"; }

# Waits until the run has something to lose and something to go on from.
underway() { wait_for 60 has_checkpoint "$1" || fail "$1 does not get under way: $(cat "$1/status.json" 2>&1)"; }

# mark FOLDER: the run is about to be hit. back FOLDER SECONDS: waits until a later attempt is where the run was then, and
# says how long that took.
mark() {
    marked_attempt=$(attempt "$1")
    marked_iteration=$(iteration "$1")
    marked_time=$EPOCHREALTIME
}
back() {
    wait_for "$2" is_back "$1" "$marked_attempt" "$marked_iteration" ||
        fail "$1 does not go on within $2 s: $(cat "$1/status.json")"
    awk -v name="$1" -v from="$marked_time" -v to="$EPOCHREALTIME" 'BEGIN { printf "%s: %.1f s lost\n", name, to - from }'
}

# The run in FOLDER has come to the reference's end, on RANKS ranks, and its metrics have every iteration once.
whole() {
    unbroken "$1" "$2"
    same_objective "$cluster/shared/reference" "$1"
}

# The same of a run with other options than the reference's.
unbroken() {
    finished "$1" "$2"
    [ "$(value "$1/status.json" state)" = finished ] || fail "$1: $(cat "$1/status.json")"
    awk '{
        last = first = ""
        if (match($0, /"iteration":[0-9]+/)) last = substr($0, RSTART + 12, RLENGTH - 12) + 0
        first = match($0, /"firstIteration":[0-9]+/) ? substr($0, RSTART + 17, RLENGTH - 17) + 0 : last
        if (first != before + 1 || last < first) { print "line " NR ": from " first " to " last " after " before; exit 1 }
        before = last
    }
    END { if (before != 3000) { print "the last iteration is " before; exit 1 } }' "$1/metrics.jsonl" ||
        fail "$1/metrics.jsonl does not have every iteration once"
}
