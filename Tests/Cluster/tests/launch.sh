# Starting on one, two and four hosts, and what tells about them.

# Four ranks by srun and by mpirun on 1, 2 and 4 nodes reach the objective of four ranks that mpirun starts on one host.
test_launchers() {
    local nodes launcher name last
    on login mpirun -n 4 crescendo train ../small.svm --output one-host --quiet
    for nodes in 1 2 4; do
        for launcher in srun mpirun; do
            name=$launcher-$nodes
            last=$(job $name $launcher --nodes=$nodes --ntasks-per-node=$((4 / nodes)) --exclusive -- \
                ../small.svm --output $name --quiet)
        done
    done
    ended "$last" 120
    for name in {srun,mpirun}-{1,2,4}; do
        wait_for 60 test -e $name/result.json || fail "$name does not end"
        finished $name 4
        same_objective one-host $name
    done
}

# Wrong options and data that are not there end a job at once: trying again would not help.
test_hopeless() {
    local one two
    one=$(job options auto -- ../small.svm --tolerence 1)
    two=$(job data auto -- nowhere.svm)
    ended "$one" 20
    ended "$two" 20
    grep -q "Did you mean '--tolerance'" options.log || fail "the wrong option is not named"
    grep -q "nowhere.svm: cannot open" data.log || fail "the missing file is not named"
    [ "$(grep -c 'crescendo launch: srun' data.log)" = 1 ] || fail "it was tried again"
}

test_submit() {
    on login crescendo submit --now --name small --nodes 2 --ranks-per-node 2 --time 10m train ../small.svm --quiet >shown
    started "$(sed -n 's/^Submitted batch job //p' shown)"
    wait_for 40 compgen -G "runs/small-*/result.json" || fail "no result"
    finished runs/small-* 4
}

# What users put into names reaches Slurm and the program as it is.
test_submit_names() {
    local id data=$'-a\nb \'c\' "d" $e.svm'
    cp -- ../small.svm "$data"
    on login crescendo submit --now --name small.1 --time 10 --sbatch="--comment=it's \"a\" \\ b # c" \
        --sbatch="-J two words" train --quiet --output run -- "$data" >shown
    id=$(sed -n 's/^Submitted batch job //p' shown)
    started "$id"
    ended "$id" 40
    finished run 1
    on login scontrol show job "$id" >job
    grep -qF "Comment=it's \"a\" \\ b # c" job || fail "the comment has become $(grep Comment job)"
    grep -qF "JobName=two words" job || fail "the name has become $(grep JobName job)"
    grep -q "TimeLimit=00:10:00" job || fail "$(grep TimeLimit job)"
    ! grep -q $'^b ' shown || fail "the file's name has reached the terminal as it is"
}

# The shell of `srun --pty` is no rank: what reads a run works there, and what would train alone is refused.
test_pty_shell() {
    on login crescendo train ../small.svm --output run --quiet
    cat >typed <<'END'
[ "$SLURM_PROCID" = 0 ] || exit 0
for words in "--version" "help train" "info run" "report run --output page.html" "predict --model run ../small.svm" \
    "evaluate --model run ../small.svm"; do
    timeout 30 crescendo $words >said 2>&1 </dev/null && [ -s said ] || { echo "refused: $words" && cat said; }
done
timeout 30 crescendo train ../small.svm --output alone >said 2>&1 && echo "one task of four trains alone"
grep -q "crescendo launch" said || { echo "no remedy" && cat said; }
timeout 60 crescendo launch train ../small.svm --output four --quiet >said 2>&1 || cat said
END
    on login script -qec "srun --partition=$partition --nodes=1 --ntasks=4 --mpi=pmix --pty bash typed" typescript </dev/null >/dev/null
    ! grep -qE "refused|alone|remedy" typescript || fail "$(cat typescript)"
    finished four 4
}

test_array() {
    local id value
    id=$(on login sbatch --parsable --array=1-2 --ntasks-per-node=2 jobs/array.sbatch ../small.svm --quiet)
    started "$id"
    for value in 1e-5 1e-4; do
        wait_for 40 test -e runs/search-"$id"/l2-$value/result.json || fail "no result for $value"
        finished runs/search-"$id"/l2-$value 2
    done
}

test_pilot() {
    local id
    id=$(on login sbatch --parsable --ntasks-per-node=2 jobs/pilot.sbatch ../small.svm --budget 8)
    started "$id"
    ended "$id" 60
    [ -s pilots/pilot-"$id"/pilot.html ] || fail "no page: $(tail -n 3 pilot-"$id".log)"
    # Runs of milliseconds on hosts that share cores may be told too little for a forecast; then it says so and what to do.
    if on login crescendo plan pilots/pilot-"$id" --ranks 4,64 >plan 2>refused; then
        grep -q '64' plan || fail "the plan does not have 64 ranks"
    else
        grep -q 'No forecast for .* Measure the ranks in question instead: .* --ranks 4,64' refused ||
            fail "no plan: $(cat refused)"
    fi
}

test_doctor() {
    local launcher id ids=()
    for launcher in srun mpirun; do
        ids+=("$(doctor $launcher --nodelist='n[1-4]' --nodes=4 -- --launcher $launcher doctor --json)")
    done
    # Each host has a /tmp of its own.
    ids+=("$(doctor apart --nodes=2 -- doctor --folder /tmp)")
    for id in "${ids[@]}"; do ended "$id" 90; done
    for launcher in srun mpirun; do
        grep -q '"hosts":\["n1", *"n2", *"n3", *"n4"\]' $launcher.log || fail "not four hosts"
        grep -q '"shared":true' $launcher.log || fail "the folder is not shared"
        ! grep -q 'is not set' $launcher.log || fail "settings are missing"
        grep -q '"error":true' $launcher.log && fail "doctor finds errors"
    done
    grep -q "ERROR.*/tmp on n[1-4] is not the one of rank 0" apart.log || fail "the host is not named"
    [ "$(state "$id")" = FAILED ] || fail "doctor takes different folders for one"
}

doctor() {
    local name=$1 id options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    id=$(on login sbatch --parsable --ntasks-per-node=1 "${options[@]}" --output="$name.log" --wrap "crescendo launch $*")
    started "$id"
    echo "$id"
}
