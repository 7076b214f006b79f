# Starting on one, two and four hosts, and what tells about them.

# Four ranks by srun and by mpirun on 1, 2 and 4 nodes reach the objective of four ranks that mpirun starts on one host.
test_launchers() {
    local nodes launcher name last
    on login mpirun -n 4 crescendo train ../small.svm --output reference --quiet
    for nodes in 1 2 4; do
        for launcher in srun mpirun; do
            name=$launcher-$nodes
            last=$(job $name $launcher --nodes=$nodes --ntasks-per-node=$((4 / nodes)) --exclusive -- \
                ../small.svm --output $name --quiet)
        done
    done
    ended "$last" 120
    for name in {srun,mpirun}-{1,2,4}; do
        wait_for 60 test -e $name/result.json
        finished $name 4
        same_objective reference $name
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
    on login crescendo submit --now --name small --nodes 2 --ranks-per-node 2 --time 10m train ../small.svm --quiet >said
    wait_for 40 test -e runs/small-*/result.json
    finished runs/small-* 4
}

test_array() {
    local id value
    id=$(on login sbatch --parsable --array=1-2 --ntasks-per-node=2 jobs/array.sbatch ../small.svm --quiet)
    for value in 1e-5 1e-4; do
        wait_for 40 test -e runs/search-"$id"/l2-$value/result.json
        finished runs/search-"$id"/l2-$value 2
    done
}

test_doctor() {
    local launcher
    for launcher in srun mpirun; do
        on login sbatch --wait --nodes=4 --ntasks-per-node=1 --output=$launcher.json \
            --wrap "crescendo launch --launcher $launcher doctor --json" >/dev/null || fail "doctor finds errors: $(cat $launcher.json)"
        grep -q '"hosts":\["n1", *"n2", *"n3", *"n4"\]' $launcher.json || fail "not four hosts"
        grep -q '"shared":true' $launcher.json || fail "the folder is not shared"
        ! grep -q 'is not set' $launcher.json || fail "settings are missing"
    done
    # Each host has a /tmp of its own.
    ! on login sbatch --wait --nodes=2 --ntasks-per-node=1 --output=apart.log --wrap "crescendo launch doctor --folder /tmp" >/dev/null ||
        fail "doctor takes different folders for one"
    grep -q "ERROR.*/tmp on n2 is not the one of rank 0" apart.log || fail "the host is not named"
}
