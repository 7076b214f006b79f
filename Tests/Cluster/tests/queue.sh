# What a queue does to a job: it comes back and goes on, and ends where the undisturbed run does.

queued() {
    local name=$1
    shift
    slow "${hosts[@]}"
    job "$name" auto --nodes=2 --ntasks-per-node=2 "$@" -- ../classes.svm "${long[@]}" --checkpoint-every 1 --output "$name" --quiet
}

test_requeued() {
    local id
    id=$(queued run)
    underway run
    mark run
    on login scontrol requeue "$id"
    fast "${hosts[@]}"
    back run 60
    ended "$id" 60
    whole run 4
}

test_preempted() {
    local id urgent
    id=$(queued run --nodelist="${hosts[0]},${hosts[1]}" --exclusive)
    underway run
    mark run
    urgent=$(on login sbatch --parsable --partition=urgent --nodelist="${hosts[0]}" --exclusive --output=urgent.log \
        --wrap "sleep 2")
    started "$urgent"
    fast "${hosts[@]}"
    back run 90
    ended "$urgent" 30
    ended "$id" 60
    whole run 4
}

# A job of one minute's turns, which Slurm warns before the end of each: as much as a minute early, so perhaps at once.
test_time_limit() {
    local id
    id=$(queued run --time=1 --signal=B:USR1@30)
    wait_for 90 grep -q "the job goes back into the queue" run.log || fail "the job does not go back into the queue"
    mark run
    fast "${hosts[@]}"
    back run 60
    ended "$id" 60
    whole run 4
}

# A rank that neither works nor dies: nobody but the ranks themselves can find out. They name it, end the job, and the run
# goes on.
test_stalled() {
    local id
    slow "${hosts[@]}"
    id=$(job run auto --nodes=2 --ntasks-per-node=2 -- ../classes.svm "${long[@]}" --checkpoint-every 1 --stall-timeout 8 \
        --output run --quiet)
    underway run
    mark run
    on "${hosts[1]}" bash -c 'kill -STOP $(pgrep -n -f "[c]rescendo train")'
    fast "${hosts[@]}"
    back run 60
    ended "$id" 60
    grep -qE "ranks wait since .* for rank [23] on ${hosts[1]}, which gives no sign" run.log || fail "the rank is not named"
    whole run 4
}
