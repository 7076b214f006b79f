# Arrays, whose last task has the array's own number, and jobs of several components.

# array OPTIONS…: three tasks of two hosts each on slow hosts, with the runs that `task N` names.
array() {
    local id
    slow "${hosts[@]}"
    id=$(on login sbatch --parsable --partition="$partition" --array=1-3 --nodes=2 --ntasks-per-node=1 "$@" \
        jobs/array.sbatch ../classes.svm "${long[@]}" --checkpoint-every 1 --quiet)
    started "$id"
    echo "$id"
}
task() { echo "runs/search-$1/l2-1e-$((6 - $2))"; }

attempts() {
    local number
    for number in 1 2 3; do attempt "$(task "$1" $number)"; done | tr '\n' ' '
}

# kill_rank RUN: one that is not beside the script of its job, if there is one.
kill_rank() {
    local host
    for host in "${hosts[@]}"; do
        ! on "$host" bash -c "kill -9 \$(pgrep -f '^[^ ]*crescendo train .*$1 ' | tail -n 1)" 2>/dev/null || return 0
    done
    fail "no rank of $1 to kill"
}

# A rank dies in each task in turn: that task starts again, and no other. One is put back into the queue, one is cancelled,
# and the rest of the array does not notice.
test_array_faults() {
    local id number run
    id=$(array)
    for number in 1 2 3; do underway "$(task "$id" $number)"; done
    for number in 3 1 2; do
        run=$(task "$id" $number)
        mark "$run"
        kill_rank "$run"
        back "$run" 60
    done
    [ "$(attempts "$id")" = "2 2 2 " ] || fail "attempts after one fault each: $(attempts "$id")"
    on login scancel --batch --signal=USR1 "${id}_3"
    wait_for 30 grep -q "the job goes back into the queue" "search-$id-3.log" || fail "task 3 does not go back"
    on login scancel "${id}_2"
    wait_for 60 is_back "$(task "$id" 3)" 2 1 || fail "task 3 does not come back"
    [ "$(attempts "$id")" = "2 2 3 " ] || fail "attempts after one requeue: $(attempts "$id")"
    fast "${hosts[@]}"
    wait_for 60 test -e "$(task "$id" 1)/result.json" || fail "task 1 does not end"
    ended "$id" 60
    for number in 1 3; do unbroken "$(task "$id" $number)" 2; done
    [ "$(value "$(task "$id" 2)/status.json" state)" = interrupted ] || fail "task 2 was not cancelled"
    [ "$(attempts "$id")" = "2 2 3 " ] || fail "attempts at the end: $(attempts "$id")"
}

# The whole of an array is cancelled at once; nothing of it comes back.
test_array_cancelled() {
    local id number
    id=$(array)
    for number in 1 2 3; do underway "$(task "$id" $number)"; done
    on login scancel "$id"
    ended "$id" 30
    fast "${hosts[@]}"
    [ "$(attempts "$id")" = "1 1 1 " ] || fail "attempts: $(attempts "$id")"
    for number in 1 2 3; do
        [ "$(value "$(task "$id" $number)/status.json" state)" = interrupted ] || fail "task $number: not interrupted"
    done
}

# Two components, of two ranks on one host and one on each of two others: all four are one world, also after a crash.
# mpirun, which would use the first alone, is refused.
test_heterogeneous() {
    local id other parts
    parts=(--nodes=1 --ntasks-per-node=2 --nodelist="${hosts[0]}" : --partition="$partition" --nodes=2 --ntasks-per-node=1)
    slow "${hosts[@]}"
    id=$(job run auto "${parts[@]}" -- ../classes.svm "${long[@]}" --checkpoint-every 1 --output run --quiet)
    other=$(job refused mpirun "${parts[@]}" -- ../classes.svm --output refused)
    underway run
    mark run
    kill_rank run
    fast "${hosts[@]}"
    back run 60
    ended "$id" 60
    whole run 4
    [ "$(attempt run)" = 2 ] || fail "not one crash but $(attempt run) attempts"
    ended "$other" 30
    grep -q "2 components, and mpirun would start ranks on the first one only" refused.log || fail "mpirun is not refused"
    [ ! -e refused ] || fail "mpirun has started a run"
}
