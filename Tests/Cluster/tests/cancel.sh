# What a user means by the forms of scancel.

# case_of NAME LAUNCHER OUTCOME SCANCEL-ARGUMENTS…: a job of two hosts is under way and gets what scancel sends, with JOB in
# place of its number and STEP in that of its ranks' step. OUTCOME is `ends`: the job is over and the run stays interrupted, at its first attempt; `dies`: the
# same, but the run may have had no time to say so; `returns`: the job goes back into the queue and the run goes on; or
# `restarts`: the ranks start again in the same job.
case_of() {
    local name=$1 launcher=$2 outcome=$3 id step=
    shift 3
    id=$(job "$name" "$launcher" --nodes=2 --ntasks-per-node=1 -- ../classes.svm "${long[@]}" --checkpoint-every 1 \
        --output "$name" --quiet)
    wait_for 150 has_checkpoint "$name" || fail "$name does not get under way"
    if [[ " $* " == *" STEP "* ]]; then
        wait_for 20 step_of "$id" || fail "$name has no step of ranks: $(on login squeue -s -j "$id") $(cat "$name.log")"
        step=$(step_of "$id")
    fi
    set -- "${@//JOB/$id}"
    on login scancel "${@//STEP/$step}"
    case $outcome in
        ends | dies)
            ended "$id" 40
            [ "$(attempt "$name")" = 1 ] || fail "$name: started again"
            ! grep -qE "starting them again|back into the queue" "$name.log" || fail "$name: wanted to go on: $(cat "$name.log")"
            [ $outcome = dies ] || [ "$(value "$name/status.json" state)" = interrupted ] ||
                fail "$name: $(cat "$name/status.json")"
            ;;
        returns | restarts)
            wait_for 90 is_back "$name" 1 1 || fail "$name does not go on"
            [ $outcome = restarts ] || grep -q "the job goes back into the queue" "$name.log" || fail "$name: not requeued"
            [ "$(value "$name/status.json" state)" = running ] || fail "$name: $(cat "$name/status.json")"
            on login scancel "$id"
            ended "$id" 40
            ;;
    esac
    echo "$name"
}

# The step of a job's ranks.
step_of() { on login squeue -h -s -j "$1" -o "%i %j" | sed -n 's/ crescendo$//p' | grep .; }

# Steps and job are cancelled, and asked to end, in every form that scancel has.
test_scancel() {
    slow "${hosts[@]}"
    together \
        "case_of plain auto ends JOB" \
        "case_of full auto ends --full JOB" \
        "case_of int auto ends --signal=INT JOB" \
        "case_of term auto ends --signal=TERM JOB" \
        "case_of step-term auto ends --signal=TERM STEP" \
        "case_of usr1 auto returns --signal=USR1 JOB"
    together \
        "case_of kill auto ends --signal=KILL JOB" \
        "case_of step auto restarts STEP" \
        "case_of batch auto dies --batch JOB" \
        "case_of batch-int auto ends --batch --signal=INT JOB" \
        "case_of batch-term auto ends --batch --signal=TERM JOB" \
        "case_of batch-usr1 auto returns --batch --signal=USR1 JOB"
}

# The same where mpirun starts the ranks: of its daemons the steps consist, and those end the ranks after a second or so.
test_scancel_mpirun() {
    slow "${hosts[@]}"
    together \
        "case_of plain mpirun dies JOB" \
        "case_of int mpirun ends --signal=INT JOB" \
        "case_of term mpirun ends --signal=TERM JOB" \
        "case_of usr1 mpirun returns --signal=USR1 JOB" \
        "case_of batch-term mpirun ends --batch --signal=TERM JOB" \
        "case_of full-term mpirun dies --full --signal=TERM JOB" \
        "case_of full-term-srun srun dies --full --signal=TERM JOB"
}
